package norma.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import norma.kernels.cuda.Compiler.Image;
import norma.kernels.cuda.Compiler.Source;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// The kernels on the device.
final class Modules implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(Modules.class);

  private final Driver driver;
  private final Compiler compiler;
  private final Map<String, Long> modules = new HashMap<>(); // by source and head width
  private final Map<String, Long> functions = new HashMap<>(); // by kernel and head width

  /// Loads what every model needs; sources that must be compiled are compiled side by side.
  Modules(Driver driver, Compiler compiler) {
    this.driver = driver;
    this.compiler = compiler;
    Map<Source, Image> images = Arrays.stream(Source.values()).filter(source -> !source.ofHeads()).parallel()
        .collect(Collectors.toConcurrentMap(source -> source, source -> compiler.image(source, 0)));
    images.forEach((source, image) -> modules.put(key(source, 0), load(source, 0, image)));
  }

  private static String key(Source source, int headWidth) {
    return source.name() + headWidth;
  }

  /// The kernel of this name.
  long kernel(Source source, String name) {
    Long known = functions.get(name);
    return known != null ? known : find(source, 0, name, name);
  }

  /// The kernel of this name for heads of this width.
  long kernel(Source source, int headWidth, String name) {
    String key = name + headWidth;
    Long known = functions.get(key);
    return known != null ? known : find(source, headWidth, name, key);
  }

  private long find(Source source, int headWidth, String name, String key) {
    long module = modules.computeIfAbsent(key(source, headWidth),
        _ -> load(source, headWidth, compiler.image(source, headWidth)));
    long function = driver.function(module, name);
    functions.put(key, function);
    return function;
  }

  /// An image that was kept and that the driver does not take any more is made again.
  private long load(Source source, int headWidth, Image image) {
    if (image.kept()) {
      try {
        return load(image);
      } catch (CudaException e) {
        LOG.info("kernels of {} are compiled again: {}", source.file(), e.getMessage());
      }
    }
    Image made = image.kept() ? compiler.compile(source, headWidth) : image;
    long module = load(made);
    compiler.keep(source, headWidth, made);
    return module;
  }

  private long load(Image image) {
    byte[] bytes = image.bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(bytes.length, 64);
      MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
      return driver.module(copy);
    }
  }

  @Override
  public void close() {
    modules.values().forEach(driver::unload);
  }
}
