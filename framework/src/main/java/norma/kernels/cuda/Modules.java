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

/// The kernels on the device.
final class Modules implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(Modules.class);

  private final Driver driver;
  private final Compiler compiler;
  private final Map<String, Long> modules = new HashMap<>(); // by source and head width
  private final Map<String, Long> functions = new HashMap<>(); // by kernel and head width
  private final Map<Row, PlannedFormula> formulas = new HashMap<>();
  private final Map<Formula, Integer> kept = new HashMap<>();
  private final int lane;

  private record Row(Formula formula, int width) {}

  /// Loads what every model needs; sources that must be compiled are compiled side by side.
  ///
  /// @param lane activations of 16 bytes
  Modules(Driver driver, Compiler compiler, int lane) {
    this.driver = driver;
    this.lane = lane;
    this.compiler = compiler;
    Map<Source, Image> images = Arrays.stream(Source.values()).filter(source -> !source.ofHeads()).parallel()
        .collect(Collectors.toConcurrentMap(source -> source, source -> compiler.image(source.unit(0))));
    images.forEach((source, image) -> modules.put(key(source, 0), load(source.unit(0), image)));
  }

  private static String key(Source source, int headWidth) {
    return source.name() + headWidth;
  }

  /// The kernel of this name.
  ///
  /// @param headWidth of attention; 0 for the others
  long kernel(Source source, int headWidth, String name) {
    String key = headWidth == 0 ? name : name + headWidth;
    Long known = functions.get(key);
    return known != null
        ? known
        : function(key(source, headWidth), () -> source.unit(headWidth), name, key);
  }

  /// One of a formula's kernels.
  long kernel(PlannedFormula planned, String name) {
    String module = "formula " + planned.number() + " ";
    Long known = functions.get(module + name);
    return known != null
        ? known
        : function(module, () -> new Unit("formula.cu", FormulaSource.of(planned), 0), name,
            module + name);
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

  private long function(String module, Supplier<Unit> unit, String name, String key) {
    Long loaded = modules.get(module);
    if (loaded == null) {
      Unit made = unit.get();
      loaded = load(made, compiler.image(made));
      modules.put(module, loaded);
    }
    long function = driver.function(loaded, name);
    functions.put(key, function);
    return function;
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
