// NVRTC of the emulator: g++ compiles a file of kernels to a shared object, which stands for the cubin.
#pragma once
#include <elf.h>
#include <limits.h>
#include <sys/wait.h>

#include <filesystem>
#include <set>
#include <vector>

#include "graphs.h"

namespace {

enum Nvrtc : int {
  NVRTC_SUCCESS = 0,
  NVRTC_INVALID_INPUT = 3,
  NVRTC_INVALID_PROGRAM = 4,
  NVRTC_INVALID_OPTION = 5,
  NVRTC_COMPILATION = 6,
};

struct Program {
  std::string name;
  std::string source;
  std::map<std::string, std::string> headers;
  std::string log;
  std::string image;
};

Handles<Program> programs;

// Where device.h and fibers.h are: beside the library, or beside this file.
std::filesystem::path headers() {
  std::filesystem::path beside = library_folder();
  return std::filesystem::exists(beside / "device.h") ? beside : std::filesystem::path(__FILE__).parent_path();
}

// --- the text of a file of kernels ----------------------------------------------------------------------------------

bool in_word(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

size_t find_word(const std::string& text, const std::string& word, size_t from) {
  for (size_t at = text.find(word, from); at != std::string::npos; at = text.find(word, at + 1)) {
    bool starts = at == 0 || !in_word(text[at - 1]);
    if (starts && !in_word(text[at + word.size()])) return at;
  }
  return std::string::npos;
}

// Behind the parenthesis that closes the one at `from`.
size_t behind_parentheses(const std::string& text, size_t from) {
  int depth = 0;
  for (size_t at = from; at < text.size(); at++) {
    if (text[at] == '(') depth++;
    if (text[at] == ')' && --depth == 0) return at + 1;
  }
  return text.size();
}

std::string trimmed(const std::string& text) {
  size_t from = text.find_first_not_of(" \t\n");
  return from == std::string::npos ? "" : text.substr(from, text.find_last_not_of(" \t\n") + 1 - from);
}

// Takes CUDA's words out of a preprocessed file, and appends the table of its kernels.
class Kernels {
  std::string text;
  std::map<std::string, std::string> entries;  // of the table, by the kernel's name

  void erase(size_t from, size_t to) {
    for (size_t at = from; at < to; at++) {
      if (text[at] != '\n') text[at] = ' ';
    }
  }

  // From behind __global__ to the parameters: "void __launch_bounds__(256) name(".
  void read_kernel(size_t at) {
    std::string bound = "emulated::MAX_THREADS";
    std::string word;
    for (; at < text.size(); at++) {
      if (in_word(text[at])) {
        if (!in_word(text[at - 1])) word.clear();
        word += text[at];
      } else if (text[at] == '(' && word != "__launch_bounds__") {
        break;
      } else if (text[at] == '(') {
        size_t end = behind_parentheses(text, at);
        bound = text.substr(at + 1, end - at - 2);
        bound = bound.substr(0, bound.find(','));
        at = end - 1;
      }
    }
    // The type tells the kernel from a template of its name.
    std::string parameters = text.substr(at, behind_parentheses(text, at) - at);
    entries[word] = "emulated::describe(\"" + word + "\", (void (*)" + parameters + ")" + word + ", " + bound + ")";
  }

 public:
  explicit Kernels(std::string preprocessed) : text(std::move(preprocessed)) {
    const std::string GLOBAL = "__global__", BOUNDS = "__launch_bounds__", SHARED = "__shared__";
    for (size_t at = 0; (at = find_word(text, GLOBAL, at)) != std::string::npos; at += GLOBAL.size()) {
      std::string before = trimmed(text.substr(at < 40 ? 0 : at - 40, std::min<size_t>(at, 40)));
      bool c_name = before.size() > 10 && before.substr(before.size() - 10) == "extern \"C\"";
      if (c_name) read_kernel(at + GLOBAL.size());
      erase(at, at + GLOBAL.size());
    }
    for (size_t at = 0; (at = find_word(text, BOUNDS, at)) != std::string::npos;) {
      erase(at, behind_parentheses(text, at));
    }
    for (size_t at = 0; (at = find_word(text, SHARED, at)) != std::string::npos;) {
      text.replace(at, SHARED.size(), "thread_local");
    }
  }

  std::string with_table(int architecture) const {
    std::ostringstream all;
    all << text << "\n# 1 \"table of kernels\"\nstatic const emulated::Kernel emulated_kernels[] = {\n";
    for (auto& [name, entry] : entries) all << "  " << entry << ",\n";
    all << "  {}\n};\nextern \"C\" __attribute__((visibility(\"default\"))) const emulated::Module emulated_module_2 = "
        << "{emulated_kernels, " << entries.size() << ", " << architecture << ", emulated::run};\n";
    return all.str();
  }
};

// --- running g++ ----------------------------------------------------------------------------------------------------

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// A new folder that goes with this object.
struct Folder {
  std::filesystem::path path;

  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "emulator-XXXXXX").string();
    if (!mkdtemp(name.data())) abort();
    path = name;
  }

  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

std::string shell_word(const std::string& word) {
  std::string all = "'";
  for (char c : word) all += c == '\'' ? "'\\''" : std::string(1, c);
  return all + "'";
}

// What NVRTC and the tensor cores would refuse, "" if nothing.
std::string unsupported(const std::string& text) {
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    number++;
    std::string word = trimmed(line);
    if (word.substr(0, 8) != "#include" || word.find('<') == std::string::npos) continue;
    return "(" + std::to_string(number) + "): catastrophic error: cannot open source file " + word.substr(8) + "\n";
  }
  return "";
}

int compile(Program& program, const std::vector<std::string>& definitions, int architecture) {
  Folder folder;
  std::string problem = unsupported(program.source);
  std::string where = program.name;
  write_file(folder.path / program.name, program.source);
  for (auto& [name, text] : program.headers) {
    if (problem.empty()) problem = unsupported(text), where = name;
    bool replaced = name == "hardware.cuh";
    write_file(folder.path / name, replaced ? "#pragma once\n" : text);
  }
  if (!problem.empty()) {
    program.log = where + problem;
    return NVRTC_COMPILATION;
  }
  std::string in_folder = "cd " + shell_word(folder.path) + " && ";
  std::string command = in_folder + "g++ -E -x c++ -std=c++17 -U_FORTIFY_SOURCE -DEMULATED_KEEP -D__CUDACC_RTC__ -I. " +
                        "-D__CUDA_ARCH__=" + std::to_string(architecture * 10);
  for (const std::string& definition : definitions) command += " " + shell_word(definition);
  command += " -include " + shell_word(headers() / "device.h") + " " + shell_word(program.name);
  command += " -o kernels.ii 2> log";
  bool done = system(command.c_str()) == 0;
  if (done) {
    write_file(folder.path / "kernels.ii", Kernels(read_file(folder.path / "kernels.ii")).with_table(architecture));
    command = in_folder + "g++ -x c++ -fpreprocessed -std=c++17 -Og -w -fPIC -shared -fvisibility=hidden " +
              "-fno-exceptions -fno-rtti -fno-extern-tls-init kernels.ii -o kernels.so 2> log";
    done = system(command.c_str()) == 0;
  }
  program.log = read_file(folder.path / "log");
  program.image = done ? read_file(folder.path / "kernels.so") : "";
  return done ? NVRTC_SUCCESS : NVRTC_COMPILATION;
}

// --- images ---------------------------------------------------------------------------------------------------------

// An image's size is where its section headers end, which the linker puts last.
size_t image_bytes(const void* image) {
  const ElfW(Ehdr)& header = *(const ElfW(Ehdr)*)image;
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_type != ET_DYN) return 0;
  return header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
}

int open_image(const void* image, int capability, Library& library) {
  size_t bytes = image_bytes(image);
  if (!bytes) return ERROR_INVALID_IMAGE;
  Folder folder;
  std::filesystem::path path = folder.path / "kernels.so";
  write_file(path, std::string((const char*)image, bytes));
  void* opened = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!opened) return ERROR_INVALID_IMAGE;
  library.opened = opened;
  library.table = (const emulated::Module*)dlsym(opened, "emulated_module_2");
  if (!library.table) return ERROR_INVALID_IMAGE;
  // Machine code runs on its own major version, from its minor version on.
  int architecture = library.table->architecture;
  return architecture / 10 == capability / 10 && architecture <= capability ? SUCCESS : ERROR_NO_BINARY_FOR_GPU;
}

}  // namespace

// --- the interface --------------------------------------------------------------------------------------------------

extern "C" int nvrtcCreateProgram(void** handle, const char* source, const char* name, int header_count,
                                  const char* const* headers, const char* const* names) {
  Call call(__func__);
  if (!handle || !source || header_count < 0 || (header_count && (!headers || !names))) return NVRTC_INVALID_INPUT;
  Program program;
  program.name = name ? std::filesystem::path(name).filename().string() : "default_program";
  program.source = source;
  for (int i = 0; i < header_count; i++) program.headers[names[i]] = headers[i];
  *handle = programs.add(std::make_unique<Program>(std::move(program)));
  return NVRTC_SUCCESS;
}

extern "C" int nvrtcDestroyProgram(void** handle) {
  Call call(__func__);
  if (!handle || !programs.remove(*handle)) return NVRTC_INVALID_PROGRAM;
  *handle = nullptr;
  return NVRTC_SUCCESS;
}

extern "C" int nvrtcCompileProgram(void* handle, int count, const char* const* options) {
  Program* program;
  {
    Call call(__func__);
    program = programs.find(handle);
    if (!program) return NVRTC_INVALID_PROGRAM;
    if (count < 0 || (count && !options)) return NVRTC_INVALID_INPUT;
  }
  static const std::set<int> architectures = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};
  static const std::set<std::string> harmless = {"--std=c++17", "-std=c++17", "--fmad=true", "-lineinfo",
                                                 "--generate-line-info", "--prec-div=false", "--prec-sqrt=false"};
  int architecture = 75;
  std::vector<std::string> definitions;
  for (int i = 0; i < count; i++) {
    std::string option = options[i];
    std::string value = option.substr(option.find('=') + 1);
    bool names_architecture = option == "--gpu-architecture=" + value || option == "-arch=" + value;
    if (option.substr(0, 2) == "-D") {
      definitions.push_back(option);
    } else if (names_architecture && value.substr(0, 3) == "sm_" && architectures.count(atoi(value.c_str() + 3))) {
      architecture = atoi(value.c_str() + 3);
    } else if (!harmless.count(option)) {
      program->log = "nvrtc: error: unrecognized option " + option + " found\n";
      return NVRTC_INVALID_OPTION;
    }
  }
  return compile(*program, definitions, architecture);
}

static int text_size(void* handle, size_t* bytes, const std::string Program::*part, size_t more) {
  Program* program = programs.find(handle);
  if (!program) return NVRTC_INVALID_PROGRAM;
  if (!bytes) return NVRTC_INVALID_INPUT;
  *bytes = (program->*part).size() + more;
  return NVRTC_SUCCESS;
}

static int text_copy(void* handle, char* to, const std::string Program::*part, size_t more) {
  Program* program = programs.find(handle);
  if (!program) return NVRTC_INVALID_PROGRAM;
  if (!to) return NVRTC_INVALID_INPUT;
  memcpy(to, (program->*part).c_str(), (program->*part).size() + more);
  return NVRTC_SUCCESS;
}

extern "C" int nvrtcGetProgramLogSize(void* handle, size_t* bytes) {
  Call call(__func__);
  return text_size(handle, bytes, &Program::log, 1);
}

extern "C" int nvrtcGetProgramLog(void* handle, char* log) {
  Call call(__func__);
  return text_copy(handle, log, &Program::log, 1);
}

extern "C" int nvrtcGetCUBINSize(void* handle, size_t* bytes) {
  Call call(__func__);
  return text_size(handle, bytes, &Program::image, 0);
}

extern "C" int nvrtcGetCUBIN(void* handle, char* image) {
  Call call(__func__);
  return text_copy(handle, image, &Program::image, 0);
}
