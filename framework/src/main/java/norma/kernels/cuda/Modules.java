package norma.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The kernels on the device, by name.
final class Modules implements AutoCloseable {
  private final Driver driver;
  private final List<Long> modules = new ArrayList<>();
  private final Map<String, Long> functions = new HashMap<>();

  /// Loads the machine code of all sources, and compiles what is not kept.
  Modules(Driver driver, Compiler compiler, boolean bf16) {
    this.driver = driver;
    List<String> sources = new ArrayList<>(Compiler.SOURCES);
    if (bf16) {
      sources.add(Compiler.TENSOR_CORES);
    }
    try (Arena arena = Arena.ofConfined()) {
      for (String source : sources) {
        byte[] image = compiler.image(source);
        MemorySegment copy = arena.allocate(image.length, 64);
        MemorySegment.copy(image, 0, copy, ValueLayout.JAVA_BYTE, 0, image.length);
        modules.add(driver.module(copy));
      }
    }
  }

  /// The kernel of this name.
  long kernel(String name) {
    Long known = functions.get(name);
    if (known != null) {
      return known;
    }
    for (long module : modules) {
      long function = driver.function(module, name);
      if (function != 0) {
        functions.put(name, function);
        return function;
      }
    }
    throw new IllegalArgumentException("no kernel " + name);
  }

  @Override
  public void close() {
    modules.forEach(driver::unload);
  }
}
