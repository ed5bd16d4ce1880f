// The driver's functions for streams, events, kernels and graphs.
#pragma once
#include "compiler.h"
#include "graphs.h"
#include "interface.h"

// --- streams and events ---------------------------------------------------------------------------------------------

extern "C" int cuStreamCreate(void** stream, unsigned flags) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (!stream || flags > 1) return ERROR_INVALID_VALUE;
  *stream = streams.add(std::make_unique<Stream>());
  stream_of(*stream)->blocking = flags == 0;
  return SUCCESS;
}

extern "C" int cuStreamDestroy_v2(void* handle) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (Stream* stream = streams.find(handle)) settle(*stream);
  return streams.remove(handle) ? SUCCESS : ERROR_INVALID_HANDLE;
}

extern "C" int cuStreamSynchronize(void* handle) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Stream* stream = stream_of(handle);
  if (!stream) return ERROR_INVALID_HANDLE;
  if (int error = not_capturing(*stream)) return error;
  if (handle) {
    settle(*stream);
  } else {
    settle_all();
  }
  return failed;
}

extern "C" int cuStreamBeginCapture_v2(void* handle, int mode) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Stream* stream = stream_of(handle);
  if (!stream) return ERROR_INVALID_HANDLE;
  if (mode < GLOBAL || mode > RELAXED) return ERROR_INVALID_VALUE;
  if (!handle) return ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (stream->capture) return ERROR_ILLEGAL_STATE;
  stream->capture = std::make_unique<Capture>(Capture{{}, mode, std::this_thread::get_id()});
  return SUCCESS;
}

extern "C" int cuStreamEndCapture(void* handle, void** graph) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Stream* stream = stream_of(handle);
  if (!stream) return ERROR_INVALID_HANDLE;
  if (!graph) return ERROR_INVALID_VALUE;
  if (!stream->capture) return ERROR_ILLEGAL_STATE;
  if (stream->capture->mode != RELAXED && stream->capture->owner != std::this_thread::get_id()) {
    return ERROR_STREAM_CAPTURE_WRONG_THREAD;
  }
  std::unique_ptr<Capture> capture = std::move(stream->capture);
  *graph = nullptr;
  if (capture->invalid) return ERROR_STREAM_CAPTURE_INVALIDATED;
  *graph = graphs.add(std::make_unique<Graph>(std::move(capture->graph)));
  return SUCCESS;
}

extern "C" int cuEventCreate(void** event, unsigned flags) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (!event || flags) return ERROR_INVALID_VALUE;
  *event = events.add(std::make_unique<Event>());
  return SUCCESS;
}

extern "C" int cuEventDestroy_v2(void* handle) {
  Call call(__func__);
  if (int error = context_state()) return error;
  return events.remove(handle) ? SUCCESS : ERROR_INVALID_HANDLE;
}

extern "C" int cuEventRecord(void* handle, void* stream_handle) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Event* event = events.find(handle);
  Stream* stream = stream_of(stream_handle);
  if (!event || !stream) return ERROR_INVALID_HANDLE;
  if (stream->capture && stream->capture->invalid) return ERROR_STREAM_CAPTURE_INVALIDATED;
  *event = {stream->capture != nullptr, stream_handle, true};
  if (event->captured) return SUCCESS;
  Node node;
  node.work = [=] {
    if (Event* live = events.find(handle)) live->done = true, live->time = std::chrono::steady_clock::now();
    return SUCCESS;
  };
  return submit(*stream, node);
}

extern "C" int cuEventSynchronize(void* handle) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Event* event = events.find(handle);
  if (!event) return ERROR_INVALID_HANDLE;
  if (event->captured) return ERROR_CAPTURED_EVENT;
  Stream* stream = event->recorded ? stream_of(event->stream) : nullptr;
  if (stream) settle(*stream);
  return failed;
}

extern "C" int cuEventElapsedTime(float* millis, void* from_handle, void* to_handle) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Event* from = events.find(from_handle);
  Event* to = events.find(to_handle);
  if (!millis) return ERROR_INVALID_VALUE;
  if (!from || !to || !from->recorded || !to->recorded) return ERROR_INVALID_HANDLE;
  if (from->captured || to->captured) return ERROR_CAPTURED_EVENT;
  if (!from->done || !to->done) return ERROR_NOT_READY;
  *millis = std::chrono::duration<float, std::milli>(to->time - from->time).count();
  return SUCCESS;
}

// --- modules and kernels --------------------------------------------------------------------------------------------

extern "C" int cuModuleLoadData(void** module, const void* image) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (!module || !image) return ERROR_INVALID_VALUE;
  if (int error = no_capture()) return error;
  auto library = std::make_unique<Library>();
  if (int error = open_image(image, (int)settings.capability, *library)) return error;
  *module = libraries.add(std::move(library));
  return SUCCESS;
}

extern "C" int cuModuleUnload(void* module) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Library* library = libraries.find(module);
  if (!library) return ERROR_INVALID_HANDLE;
  if (int error = no_capture()) return error;
  settle_all();
  for (auto& [name, function] : library->functions) functions.remove(function);
  libraries.remove(module);
  return SUCCESS;
}

extern "C" int cuModuleGetFunction(void** function, void* module, const char* name) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Library* library = libraries.find(module);
  if (!library) return ERROR_INVALID_HANDLE;
  if (!function || !name) return ERROR_INVALID_VALUE;
  for (int i = 0; i < library->table->count; i++) {
    const emulated::Kernel& kernel = library->table->kernels[i];
    if (strcmp(kernel.name, name)) continue;
    void*& handle = library->functions[name];
    if (!handle) handle = functions.add(std::make_unique<Function>(Function{&kernel, library->table->run}));
    *function = handle;
    return SUCCESS;
  }
  return ERROR_NOT_FOUND;
}

extern "C" int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                              unsigned block_y, unsigned block_z, unsigned shared, void* stream_handle,
                              void** parameters, void** extra) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Stream* stream = stream_of(stream_handle);
  if (!stream) return ERROR_INVALID_HANDLE;
  Node node;
  dim3 grid(grid_x, grid_y, grid_z);
  dim3 block(block_x, block_y, block_z);
  if (int error = node.launch.set(function, grid, block, shared, parameters, extra)) return error;
  return submit(*stream, std::move(node));
}

// --- graphs ---------------------------------------------------------------------------------------------------------

static int put(const KernelNodeParams& node, Launch& launch) {
  if (node.kernel) return ERROR_NOT_SUPPORTED;
  dim3 grid(node.grid_x, node.grid_y, node.grid_z);
  dim3 block(node.block_x, node.block_y, node.block_z);
  return launch.set(node.function, grid, block, node.shared, node.parameters, node.extra);
}

extern "C" int cuGraphCreate(void** graph, unsigned flags) {
  Call call(__func__);
  if (int error = driver_state()) return error;
  if (!graph || flags) return ERROR_INVALID_VALUE;
  *graph = graphs.add(std::make_unique<Graph>());
  return SUCCESS;
}

extern "C" int cuGraphDestroy(void* graph) {
  Call call(__func__);
  if (int error = driver_state()) return error;
  return graphs.remove(graph) ? SUCCESS : ERROR_INVALID_VALUE;
}

static int add_node(void** handle, void* graph_handle, void* const* after, size_t count, Node node) {
  Graph* graph = graphs.find(graph_handle);
  if (!graph || !handle || (count && !after)) return ERROR_INVALID_VALUE;
  for (size_t i = 0; i < count; i++) {
    if (!graph->find((uintptr_t)after[i])) return ERROR_INVALID_VALUE;
    for (uintptr_t other : node.after) {
      if (other == (uintptr_t)after[i]) return ERROR_INVALID_VALUE;
    }
    node.after.push_back((uintptr_t)after[i]);
  }
  *handle = (void*)graph->add(std::move(node));
  return SUCCESS;
}

extern "C" int cuGraphAddKernelNode_v2(void** handle, void* graph, void* const* after, size_t count,
                                       const KernelNodeParams* params) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (!params) return ERROR_INVALID_VALUE;
  Node node;
  if (int error = put(*params, node.launch)) return error;
  return add_node(handle, graph, after, count, std::move(node));
}

extern "C" int cuGraphAddChildGraphNode(void** handle, void* graph, void* const* after, size_t count, void* child) {
  Call call(__func__);
  if (int error = driver_state()) return error;
  const Graph* copied = graphs.find(child);
  if (!copied || child == graph) return ERROR_INVALID_VALUE;
  Node node;
  node.child = std::make_shared<Graph>(*copied);
  return add_node(handle, graph, after, count, std::move(node));
}

extern "C" int cuGraphInstantiateWithFlags(void** executable, void* graph_handle, unsigned long long flags) {
  Call call(__func__);
  if (int error = context_state()) return error;
  const Graph* graph = graphs.find(graph_handle);
  if (!executable || !graph || flags & ~1ull) return ERROR_INVALID_VALUE;
  *executable = executables.add(std::make_unique<Graph>(*graph));
  return SUCCESS;
}

extern "C" int cuGraphExecKernelNodeSetParams_v2(void* executable, void* handle, const KernelNodeParams* params) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Graph* graph = executables.find(executable);
  if (!graph) return ERROR_INVALID_HANDLE;
  Node* node = graph->find((uintptr_t)handle);
  bool in_its_graph = false;
  for (auto& [other_handle, other] : graphs) in_its_graph |= other->find((uintptr_t)handle) != nullptr;
  if (!params || !node || !node->launch.function || !in_its_graph) return ERROR_INVALID_VALUE;
  Launch launch;
  if (int error = put(*params, launch)) return error;
  node->launch = std::move(launch);
  return SUCCESS;
}

extern "C" int cuGraphLaunch(void* executable, void* stream_handle) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Graph* graph = executables.find(executable);
  Stream* stream = stream_of(stream_handle);
  if (!graph || !stream) return ERROR_INVALID_HANDLE;
  Node node;
  bool at_once = !settings.late && !stream->capture;  // then it needs no copy
  node.child = at_once ? std::shared_ptr<Graph>(std::shared_ptr<Graph>(), graph) : std::make_shared<Graph>(*graph);
  return submit(*stream, std::move(node));
}

extern "C" int cuGraphExecDestroy(void* executable) {
  Call call(__func__);
  if (int error = driver_state()) return error;
  return executables.remove(executable) ? SUCCESS : ERROR_INVALID_VALUE;
}
