package norma.kernels.cpu;

import java.util.function.Supplier;
import norma.kernels.cpu.TileCode.Kind;
import norma.kernels.rows.RowPrograms;
import norma.machine.Code;
import norma.machine.Cpu;
import norma.machine.Executable;
import norma.machine.InstructionSet;
import norma.machine.RefusedException;
import org.jspecify.annotations.Nullable;

/// Which products run here, and why: machine code for the best vectors of the CPU, or plain Java where it cannot run. The system property
/// [#PROPERTY] asks for one of `avx512`, `avx2` and `plain`, for comparisons; all have the same bits.
public final class ProductEngine {
  /// Name of the system property.
  public static final String PROPERTY = "norma.products";

  private final Supplier<Tiles> tiles;
  private final @Nullable Tiles bf16;
  private final RowPrograms formulas;
  private final String description;

  private ProductEngine(Supplier<Tiles> tiles, @Nullable Tiles bf16, RowPrograms formulas,
      String description) {
    this.formulas = formulas;
    this.tiles = tiles;
    this.bf16 = bf16;
    this.description = description;
  }

  private static @Nullable ProductEngine chosen;

  /// That of this process.
  ///
  /// @throws IllegalArgumentException if the property asks for what is not there
  public static synchronized ProductEngine here() {
    ProductEngine here = chosen;
    if (here == null) {
      here = choose(System.getProperty(PROPERTY, ""), Executable::of);
      chosen = here;
    }
    return here;
  }

  /// @param asked what the property says
  /// @param maker of machine code
  public static ProductEngine choose(String asked, Code.Maker maker) {
    if (asked.equals("plain")) {
      return plain("asked for by -D" + PROPERTY);
    }
    try {
      Cpu cpu = Cpu.here(maker);
      InstructionSet set = switch (asked) {
        case "" -> cpu.avx512() ? InstructionSet.AVX512 : cpu.avx2() ? InstructionSet.AVX2 : null;
        case "avx2" -> cpu.avx2() ? InstructionSet.AVX2 : null;
        case "avx512" -> cpu.avx512() ? InstructionSet.AVX512 : null;
        default -> throw new IllegalArgumentException(
            "-D" + PROPERTY + " is " + asked + ", expected avx512, avx2 or plain");
      };
      if (set != null) {
        MachineTiles machine = new MachineTiles(set, Kind.FLOAT32, maker);
        Tiles bf16 = set == InstructionSet.AVX512 && cpu.bf16() ? new MachineTiles(set, Kind.BFLOAT16, maker) : null;
        return new ProductEngine(() -> machine, bf16, new RowPrograms(set, maker), machine.description());
      }
      if (asked.isEmpty()) {
        return plain("this CPU has no AVX2 with FMA");
      }
      throw new IllegalArgumentException("-D" + PROPERTY + " is " + asked + ", which this CPU has not: " + cpu);
    } catch (RefusedException e) {
      return plain(e.reason());
    }
  }

  private static ProductEngine plain(String why) {
    return new ProductEngine(PlainTiles::new, null, new RowPrograms(), new PlainTiles().description() + ": " + why);
  }

  /// Tiles for one worker thread.
  Tiles tiles() {
    return tiles.get();
  }

  /// The same for bfloat16.
  ///
  /// @throws IllegalStateException where there are none
  Tiles bf16() {
    if (bf16 == null) {
      throw new IllegalStateException("no products of bfloat16: " + description);
    }
    return bf16;
  }

  /// Whether products of bfloat16 run here.
  public boolean hasBf16() {
    return bf16 != null;
  }

  /// Whether products and formulas run as machine code. Plain Java is several times slower than ND4J.
  public boolean isMachineCode() {
    return formulas.isMachineCode();
  }

  /// Programs of formulas.
  RowPrograms formulas() {
    return formulas;
  }

  /// What runs, and why if it is not the best, for people.
  public String description() {
    return description;
  }
}
