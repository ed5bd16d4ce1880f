package norma.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import norma.formula.Formula;
import norma.kernels.cuda.Compiler.Image;
import norma.kernels.cuda.Compiler.Source;
import norma.kernels.cuda.Compiler.Unit;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/// The kernels on the device.
final class Modules implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(Modules.class);

  private final Driver driver;
  private final Compiler compiler;
  private final Map<Key, Long> modules = new HashMap<>();
  private final Map<Key, Long> functions = new HashMap<>();
  private final Map<Row, PlannedFormula> formulas = new HashMap<>();
  private final Map<Formula, Integer> kept = new HashMap<>();
  private final int lane;

  private record Row(Formula formula, int width) {}

  /// Of a kernel, or of the module that it is in: two sources may have kernels of the same name.
  ///
  /// @param source null for a formula
  /// @param number the head width, or the formula's number
  /// @param kernel empty for the module
  private record Key(@Nullable Source source, int number, String kernel) {}

  /// Loads what every model needs; sources that must be compiled are compiled side by side.
  ///
  /// @param lane activations of 16 bytes
  Modules(Driver driver, Compiler compiler, int lane) {
    this.driver = driver;
    this.lane = lane;
    this.compiler = compiler;
    Map<Source, Image> images = Arrays.stream(Source.values()).filter(source -> !source.ofHeads()).parallel()
        .collect(Collectors.toConcurrentMap(source -> source, source -> compiler.image(source.unit(0))));
    images.forEach((source, image) -> modules.put(new Key(source, 0, ""), load(source.unit(0), image)));
  }

  /// The kernel of this name.
  ///
  /// @param headWidth of attention; 0 for the others
  long kernel(Source source, int headWidth, String name) {
    return function(new Key(source, headWidth, name), () -> source.unit(headWidth));
  }

  /// One of a formula's kernels.
  long kernel(PlannedFormula planned, String name) {
    return function(new Key(null, planned.number(), name),
        () -> new Unit("formula.cu", FormulaSource.of(planned), 0));
  }

  /// A formula's kernels for rows of one width, planned once.
  PlannedFormula formula(Formula formula, int width) {
    return formulas.computeIfAbsent(new Row(formula, width),
        _ -> PlannedFormula.of(formula, width, lane, formulas.size()));
  }

  /// Values of a row that a formula keeps.
  int kept(Formula formula) {
    return kept.computeIfAbsent(formula, Formula::statistics);
  }

  private long function(Key key, Supplier<Unit> unit) {
    return functions.computeIfAbsent(key,
        _ -> driver.function(modules.computeIfAbsent(new Key(key.source, key.number, ""), _ -> {
          Unit made = unit.get();
          return load(made, compiler.image(made));
        }), key.kernel));
  }

  /// An image that was kept and that the driver does not take any more is made again.
  private long load(Unit unit, Image image) {
    if (image.kept()) {
      try {
        return load(image);
      } catch (CudaException e) {
        LOG.info("kernels of {} are compiled again: {}", unit.file(), e.getMessage());
      }
    }
    Image made = image.kept() ? compiler.compile(unit) : image;
    long module = load(made);
    compiler.keep(unit, made);
    return module;
  }

  private long load(Image image) {
    byte[] bytes = image.bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(bytes.length, 64);
      MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
      return driver.made("cuModuleLoadData", copy);
    }
  }

  @Override
  public void close() {
    modules.values().forEach(module -> driver.call("cuModuleUnload", module));
  }
}
