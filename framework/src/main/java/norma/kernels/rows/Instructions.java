package norma.kernels.rows;

import java.util.List;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Fn;
import norma.machine.Assembler;
import norma.machine.Assembler.Memory;
import norma.machine.Assembler.Operand;
import norma.machine.Assembler.Vector;

/// The instructions of each function.
final class Instructions {
  static final int SIGN = 0x8000_0000;
  private static final int ONE = 0x3F80_0000;
  private static final int NAN = 0x7FC0_0000;
  /// Comparisons of vcmpps; with U they hold for NaN.
  private static final int NEQ_UQ = 0x04;
  private static final int NLT_UQ = 0x15;
  private static final int NGE_UQ = 0x19;
  private static final int GT_OQ = 0x1E;

  private final Registers registers;
  private final Assembler out;

  Instructions(Registers registers, Assembler out) {
    this.registers = registers;
    this.out = out;
  }

  /// Computes a function of values.
  ///
  /// @param u     operands
  /// @param minus whether an FMA subtracts its product
  Vector compute(Apply a, List<Expr> u, boolean minus) {
    Expr first = u.getFirst();
    Expr second = u.get(u.size() > 1 ? 1 : 0);
    return switch (a.fn()) {
      case ADD, MUL -> {
        boolean swap = !registers.inRegister(first) && registers.inRegister(second);
        yield binary(a.fn(), swap ? second : first, swap ? first : second);
      }
      case SUB, DIV -> binary(a.fn(), first, second);
      case MIN, MAX -> { // the second of the instruction where one is NaN: what is limited
        Vector limit = new Vector(registers.register(second));
        Operand x = registers.operand(first);
        Vector to = registers.target(first, second);
        if (a.fn() == Fn.MIN) {
          out.vminps(to, limit, x);
        } else {
          out.vmaxps(to, limit, x);
        }
        yield to;
      }
      case FMA -> multiplyAdd(first, second, u.getLast(), minus);
      case SQRT -> {
        Operand x = registers.operand(first);
        Vector to = registers.target(first);
        out.vsqrtps(to, x);
        yield to;
      }
      case FLUSH -> {
        Vector value = new Vector(registers.register(first));
        Vector x = new Vector(registers.register(second));
        Vector to = registers.target(second); // not the value's
        out.select(to, x, registers.operand(u.getLast()), NLT_UQ, value);
        yield to;
      }
      case SCALE, FLIP, MANTISSA -> {
        Vector x = new Vector(registers.register(first));
        Vector n = new Vector(registers.register(second));
        Vector to = registers.target(second);
        if (a.fn() == Fn.MANTISSA) {
          out.vcvtps2dq(to, n);
          out.vpslld(to, to, 23);
          out.vpsubd(to, x, to);
        } else if (a.fn() == Fn.SCALE) {
          out.vpslld(to, n, 23);
          out.vpaddd(to, to, x);
        } else {
          out.vpslld(to, n, 31);
          out.vxorps(to, to, x);
        }
        yield to;
      }
      case POSITIVE -> {
        Vector x = new Vector(registers.register(first));
        Vector value = new Vector(registers.register(second));
        Vector nan = registers.constantRegister(NAN);
        Vector to = registers.target(first);
        out.select(to, x, registers.constant(0), NGE_UQ, nan);
        out.vaddps(to, to, value);
        yield to;
      }
      case ROOTGUESS -> {
        Vector x = new Vector(registers.register(first));
        Vector bits = registers.constantRegister(Fn.ROOT_BITS);
        Vector to = registers.target(first);
        out.vpsrad(to, x, 1);
        out.vpsubd(to, bits, to);
        yield to;
      }
      default -> unary(a.fn(), first);
    };
  }

  private Vector unary(Fn fn, Expr e) {
    Vector x = new Vector(registers.register(e));
    Vector chosen = fn == Fn.STEP ? registers.constantRegister(ONE) : fn == Fn.SIGN ? signed(x) : x;
    Vector to = registers.target(e);
    switch (fn) {
      case NEG -> out.vxorps(to, x, registers.constant(SIGN));
      case ABS -> out.vandps(to, x, registers.constant(~SIGN));
      case STEP -> out.select(to, x, registers.constant(0), GT_OQ, chosen);
      case SIGN -> out.select(to, x, registers.constant(0), NEQ_UQ, chosen);
      case EXPONENT -> {
        out.vpsubd(to, x, registers.constant(Fn.SQRT_HALF));
        out.vpsrad(to, to, 23);
        out.vcvtdq2ps(to, to);
      }
      default -> throw new IllegalArgumentException("no code for " + fn);
    }
    return to;
  }

  /// 1 with the sign of a number.
  private Vector signed(Vector x) {
    Vector signed = registers.temporary();
    out.vandps(signed, x, registers.constant(SIGN));
    out.vorps(signed, signed, registers.constant(ONE));
    return signed;
  }

  private Vector binary(Fn fn, Expr first, Expr second) {
    Vector a = new Vector(registers.register(first));
    Operand b = first.equals(second) ? a : registers.operand(second);
    Vector to = registers.target(first, second);
    switch (fn) {
      case ADD -> out.vaddps(to, a, b);
      case SUB -> out.vsubps(to, a, b);
      case MUL -> out.vmulps(to, a, b);
      default -> out.vdivps(to, a, b);
    }
    return to;
  }

  /// `c + a b` or `c - a b`: one of the three gives its register to the result.
  private Vector multiplyAdd(Expr first, Expr second, Expr c, boolean minus) {
    boolean swap = !registers.inRegister(first) || (!registers.dying(first) && registers.inRegister(second));
    Expr a = swap ? second : first;
    Expr b = swap ? first : second;
    boolean sumGives = registers.dying(c) && !c.equals(a) && !c.equals(b);
    if (!sumGives && registers.dying(a)) {
      Vector x = new Vector(registers.register(b));
      Operand z = registers.operand(c);
      Vector to = registers.target(a);
      if (minus) {
        out.vfnmadd213ps(to, x, z);
      } else {
        out.vfmadd213ps(to, x, z);
      }
      return to;
    }
    Vector x = new Vector(registers.register(a));
    Vector to;
    if (sumGives) {
      to = registers.target(c);
    } else {
      Operand z = registers.operand(c);
      to = new Vector(registers.take());
      if (z instanceof Memory m) {
        out.vmovups(to, m);
      } else {
        out.vmovaps(to, (Vector) z);
      }
    }
    Operand y = a.equals(b) ? x : registers.operand(b);
    if (minus) {
      out.vfnmadd231ps(to, x, y);
    } else {
      out.vfmadd231ps(to, x, y);
    }
    return to;
  }
}
