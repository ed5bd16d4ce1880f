package norma.kernels.cpu;

import norma.kernels.cpu.TileCode.Kind;
import norma.kernels.rows.RowPrograms;
import norma.machine.Code;
import norma.machine.Cpu;
import norma.machine.Executable;
import norma.machine.InstructionSet;
import norma.machine.RefusedException;
import org.jspecify.annotations.Nullable;

/// The machine code that runs here: for the best vectors of the CPU. The system property [#PROPERTY] asks for `avx512` or `avx2`, for
/// comparisons; both have the same bits.
public final class ProductEngine {
  /// Name of the system property.
  public static final String PROPERTY = "norma.products";

  private static @Nullable ProductEngine chosen;

  private final Tiles tiles;
  private final @Nullable Tiles bf16;
  private final RowPrograms formulas;

  /// @param tiles    for all workers
  /// @param bf16     the same for bfloat16, or null where there are none
  /// @param formulas programs of formulas
  ProductEngine(Tiles tiles, @Nullable Tiles bf16, RowPrograms formulas) {
    this.tiles = tiles;
    this.bf16 = bf16;
    this.formulas = formulas;
  }

  /// That of this process.
  ///
  /// @throws RefusedException         where no machine code can run
  /// @throws IllegalArgumentException if the property asks for what is not there
  public static synchronized ProductEngine here() throws RefusedException {
    ProductEngine here = chosen;
    if (here == null) {
      here = choose(System.getProperty(PROPERTY, ""), Executable::of);
      chosen = here;
    }
    return here;
  }

  /// @param asked what the property says
  /// @param maker of machine code
  /// @throws RefusedException         where no machine code can run
  /// @throws IllegalArgumentException if the property asks for what is not there
  public static ProductEngine choose(String asked, Code.Maker maker) throws RefusedException {
    Cpu cpu = Cpu.here();
    InstructionSet set = switch (asked) {
      case "" -> cpu.avx512() ? InstructionSet.AVX512 : cpu.avx2() ? InstructionSet.AVX2 : null;
      case "avx2" -> cpu.avx2() ? InstructionSet.AVX2 : null;
      case "avx512" -> cpu.avx512() ? InstructionSet.AVX512 : null;
      default -> throw new IllegalArgumentException("-D" + PROPERTY + " is " + asked + ", expected avx512 or avx2");
    };
    if (set == null && asked.isEmpty()) {
      throw new RefusedException("this CPU has no AVX2 with FMA");
    }
    if (set == null) {
      throw new IllegalArgumentException("-D" + PROPERTY + " is " + asked + ", which this CPU has not: " + cpu);
    }
    return new ProductEngine(new MachineTiles(set, Kind.FLOAT32, maker),
        set == InstructionSet.AVX512 && cpu.bf16() ? new MachineTiles(set, Kind.BFLOAT16, maker) : null,
        new RowPrograms(set, maker));
  }

  Tiles tiles() {
    return tiles;
  }

  /// Tiles for bfloat16.
  ///
  /// @throws IllegalStateException where there are none
  Tiles bf16() {
    if (bf16 == null) {
      throw new IllegalStateException("no products of bfloat16: " + description());
    }
    return bf16;
  }

  /// Whether products of bfloat16 run here.
  public boolean hasBf16() {
    return bf16 != null;
  }

  RowPrograms formulas() {
    return formulas;
  }

  /// What runs, for people.
  public String description() {
    return tiles.description();
  }
}
