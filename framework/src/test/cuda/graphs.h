// Kernels, streams and graphs of the emulated device.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <queue>
#include <thread>
#include <vector>

#include "fibers.h"
#include "state.h"

namespace {

struct Function {
  const emulated::Kernel* kernel;
  decltype(emulated::Module::run) run;
};

struct Library {
  void* opened = nullptr;
  const emulated::Module* table = nullptr;
  std::map<std::string, void*> functions;
  ~Library() {
    if (opened) dlclose(opened);
  }
};

Handles<Library> libraries;
Handles<Function> functions;

// A kernel's launch with its own copy of the parameters.
struct Launch {
  struct alignas(16) Value {
    unsigned char bytes[16];
  };

  void* function = nullptr;
  dim3 grid;
  dim3 block;
  std::vector<Value> values;
  std::vector<size_t> offsets;

  // All shared memory of the kernels is static.
  int set(void* handle, dim3 grid, dim3 block, unsigned shared, void** parameters, void** extra) {
    const Function* f = functions.find(handle);
    if (!f) return ERROR_INVALID_HANDLE;
    size_t threads = (size_t)block.x * block.y * block.z;
    if (!grid.x || !grid.y || !grid.z || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535 || threads < 1 ||
        threads > 1024 || block.z > 64 || shared || extra || (!parameters && f->kernel->parameters)) {
      return ERROR_INVALID_VALUE;
    }
    if (threads > (size_t)f->kernel->max_threads) return ERROR_LAUNCH_OUT_OF_RESOURCES;
    size_t slots = 0;
    offsets.clear();
    for (int i = 0; i < f->kernel->parameters; i++) {
      offsets.push_back(slots);
      slots += rounded_up(f->kernel->sizes[i], sizeof(Value)) / sizeof(Value);
    }
    values.assign(slots, Value());
    for (int i = 0; i < f->kernel->parameters; i++) {
      if (!parameters[i]) return ERROR_INVALID_VALUE;
      memcpy(&values[offsets[i]], parameters[i], f->kernel->sizes[i]);
    }
    this->function = handle;
    this->grid = grid;
    this->block = block;
    return SUCCESS;
  }

  int run() {
    const Function* f = functions.find(function);
    if (!f) return ERROR_INVALID_HANDLE;
    std::vector<void*> pointers;
    for (size_t offset : offsets) pointers.push_back(&values[offset]);
    f->run(*f->kernel, grid, block, pointers.data());
    return SUCCESS;
  }
};

struct Graph;

// A piece of work: a kernel, a graph, or anything else.
struct Node {
  uintptr_t id = 0;
  std::vector<uintptr_t> after;
  Launch launch;
  std::shared_ptr<Graph> child;
  std::function<int()> work;

  int run();
};

// A copy of a graph keeps its nodes' identities.
struct Graph {
  std::vector<Node> nodes;  // each after those that it depends on

  Node* find(uintptr_t id) {
    for (Node& node : nodes) {
      if (node.id == id) return &node;
    }
    return nullptr;
  }

  uintptr_t add(Node node) {
    node.id = last_handle += 0x10;
    nodes.push_back(std::move(node));
    return last_handle;
  }

  // Of all nodes that may run, the last comes first: a missing dependency shows.
  int run() {
    std::map<uintptr_t, size_t> index;
    std::vector<size_t> awaited(nodes.size());
    std::vector<std::vector<size_t>> next(nodes.size());
    std::priority_queue<size_t> open;
    for (size_t i = 0; i < nodes.size(); i++) {
      index[nodes[i].id] = i;
      awaited[i] = nodes[i].after.size();
      for (uintptr_t id : nodes[i].after) next[index[id]].push_back(i);
      if (!awaited[i]) open.push(i);
    }
    while (!open.empty()) {
      size_t i = open.top();
      open.pop();
      if (int error = nodes[i].run()) return error;
      for (size_t j : next[i]) {
        if (--awaited[j] == 0) open.push(j);
      }
    }
    return SUCCESS;
  }
};

int Node::run() {
  if (launch.function) return launch.run();
  if (child) return child->run();
  return work();
}

Handles<Graph> graphs;
Handles<Graph> executables;

struct Capture {
  Graph graph;
  int mode;
  std::thread::id owner;
  bool invalid = false;
};

struct Stream {
  bool blocking;  // waits for the default stream
  std::unique_ptr<Capture> capture;
  std::deque<Node> queue;  // not empty only if late
};

Handles<Stream> streams;
Stream default_stream = {true, nullptr, {}};

Stream* stream_of(const void* handle) {
  return handle ? streams.find(handle) : &default_stream;
}

void settle(Stream& stream) {
  while (!stream.queue.empty() && !failed) {
    Node node = std::move(stream.queue.front());
    stream.queue.pop_front();
    failed = node.run();
  }
  stream.queue.clear();
}

void settle_all() {
  settle(default_stream);
  for (auto& [handle, stream] : streams) settle(*stream);
}

struct Event {
  bool captured = false;
  void* stream = nullptr;
  bool recorded = false;
  bool done = false;
  std::chrono::steady_clock::time_point time = {};
};

Handles<Event> events;

// Does or captures a piece of work.
int submit(Stream& stream, Node node) {
  if (stream.capture) {
    Graph& graph = stream.capture->graph;
    if (stream.capture->invalid) return ERROR_STREAM_CAPTURE_INVALIDATED;
    if (!graph.nodes.empty()) node.after = {graph.nodes.back().id};
    graph.add(std::move(node));
    return SUCCESS;
  }
  for (auto& [handle, other] : streams) {
    if (&stream != &default_stream || !other->blocking) continue;
    settle(*other);
    if (!other->capture) continue;
    other->capture->invalid = true;
    return ERROR_STREAM_CAPTURE_IMPLICIT;
  }
  if (stream.blocking && &stream != &default_stream) settle(default_stream);
  stream.queue.push_back(std::move(node));
  if (!settings.late) settle(stream);
  return failed;
}

// What cannot be done in a capturing stream ends the capture.
int not_capturing(Stream& stream) {
  if (!stream.capture) return SUCCESS;
  stream.capture->invalid = true;
  return ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

enum CaptureMode { GLOBAL, THREAD_LOCAL, RELAXED };

// For calls that wait for all streams or change memory: a capture that is not relaxed does not allow them.
int no_capture() {
  for (auto& [handle, stream] : streams) {
    const Capture* capture = stream->capture.get();
    if (!capture || capture->mode == RELAXED) continue;
    if (capture->mode == GLOBAL || capture->owner == std::this_thread::get_id()) return not_capturing(*stream);
  }
  return SUCCESS;
}

}  // namespace
