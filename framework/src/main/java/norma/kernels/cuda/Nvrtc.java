package norma.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// CUDA's run-time compiler.
final class Nvrtc {
  private static final int INVALID_OPTION = 5; // nvrtcResult
  private static final int MESSAGE_LINES = 3;

  private final Library library;

  /// @param driver newest CUDA that the driver serves
  /// @throws CudaException if it is not installed
  Nvrtc(int driver) {
    library = Library.ofToolkit("run-time compiler", "nvrtc", driver, "libnvrtc-builtins.so");
  }

  /// The one that is installed; if none is, who asks for it is told so.
  static Supplier<Nvrtc> find(int driver) {
    try {
      Nvrtc found = new Nvrtc(driver);
      return () -> found;
    } catch (CudaException e) {
      return () -> {
        throw e;
      };
    }
  }

  /// Machine code of a source.
  ///
  /// @param headers by the name that it includes them by
  /// @throws CudaException with the first errors
  byte[] compile(String name, String source, Map<String, String> headers, List<String> options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      check(library.call("nvrtcCreateProgram", out, arena.allocateFrom(source), arena.allocateFrom(name),
          headers.size(), texts(arena, List.copyOf(headers.values())), texts(arena, List.copyOf(headers.keySet()))),
          name, "");
      long program = out.get(ValueLayout.JAVA_LONG, 0);
      int result = library.call("nvrtcCompileProgram", program, options.size(), texts(arena, options));
      check(result, name, result == 0 ? "" : log(program, arena));
      byte[] image = bytes("nvrtcGetCUBINSize", "nvrtcGetCUBIN", program, arena);
      check(library.call("nvrtcDestroyProgram", arena.allocateFrom(ValueLayout.JAVA_LONG, program)), name, "");
      return image;
    }
  }

  private String log(long program, Arena arena) {
    String log = new String(bytes("nvrtcGetProgramLogSize", "nvrtcGetProgramLog", program, arena),
        StandardCharsets.UTF_8);
    return log.lines().filter(line -> line.contains("error")).limit(MESSAGE_LINES)
        .collect(Collectors.joining("; ", ": ", ""));
  }

  private byte[] bytes(String size, String content, long program, Arena arena) {
    MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
    check(library.call(size, program, out), size, "");
    MemorySegment bytes = arena.allocate(out.get(ValueLayout.JAVA_LONG, 0));
    check(library.call(content, program, bytes), content, "");
    return bytes.toArray(ValueLayout.JAVA_BYTE);
  }

  private static MemorySegment texts(Arena arena, List<String> texts) {
    MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, texts.size());
    for (int i = 0; i < texts.size(); i++) {
      pointers.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(texts.get(i)));
    }
    return pointers;
  }

  private static void check(int result, String what, String log) {
    if (result != 0) {
      throw new CudaException("the GPU's kernels cannot be compiled: NVRTC refused " + what + " with error " + result
          + (result == INVALID_OPTION
              ? ", an option: this CUDA does not know this GPU; a newer one knows newer GPUs, an older one older ones"
              : "")
          + log);
    }
  }
}
