package norma.kernels.rows;

import java.util.Collections;
import norma.formula.Formula;
import norma.fuzz.FormulaText;
import norma.fuzz.Input;
import norma.kernels.rows.RowPrograms.Wanted;
import norma.machine.Code;
import norma.machine.InstructionSet;

/// Machine code of a formula, made and not called.
public final class FormulaCodeFuzz {
  private static final int MOST_BYTES = 1 << 20;
  private static final int WIDTH = 24;

  private FormulaCodeFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    InstructionSet set = data.length % 2 == 0 ? InstructionSet.AVX2 : InstructionSet.AVX512;
    FormulaText.read(data, formula -> make(formula, set));
  }

  private static void make(Formula formula, InstructionSet set) {
    RowPrograms programs = new RowPrograms(set, (_, code) -> {
      Input.require(code.length <= MOST_BYTES, "a formula's code has " + code.length + " bytes: " + formula.text());
      return FormulaCodeFuzz::none;
    });
    programs.forward(formula, WIDTH);
    int count = formula.inputs().size() + formula.parameters().size();
    programs.backward(formula, WIDTH,
        new Wanted(Collections.nCopies(count, true), Collections.nCopies(count, false)));
  }

  /// Stands for [Code], which nobody calls here.
  private static long none(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
    throw new AssertionError("called");
  }
}
