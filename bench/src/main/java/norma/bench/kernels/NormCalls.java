package norma.bench.kernels;

import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// The norms' part of [Calls]. No biases, as in the models that are compared.
final class NormCalls {
  private static final double EPS = 1e-5;
  private static final double ALPHA = 0.5;
  private static final double BETA = 4;

  private NormCalls() {}

  static Call layerNorm(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array mean = f.empty(s.rows());
    Array rstd = f.empty(s.rows());
    Kernels kernels = f.kernels();
    return a.forward(() -> kernels.layerNorm(a.x, a.weight, null, EPS, a.y, mean, rstd));
  }

  static Call layerNormBackward(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array mean = f.normal(s.rows());
    Array rstd = f.positive(s.rows());
    Kernels kernels = f.kernels();
    return a.backward(() -> kernels.layerNormBackward(a.y, a.x, a.weight, mean, rstd, a.dx, a.dweight, null));
  }

  static Call rmsNorm(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array rstd = f.empty(s.rows());
    Kernels kernels = f.kernels();
    return a.forward(() -> kernels.rmsNorm(a.x, a.weight, null, EPS, a.y, rstd));
  }

  static Call rmsNormBackward(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array rstd = f.positive(s.rows());
    Kernels kernels = f.kernels();
    return a.backward(() -> kernels.rmsNormBackward(a.y, a.x, a.weight, rstd, a.dx, a.dweight, null));
  }

  static Call dyt(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array alpha = f.scalar(ALPHA);
    Kernels kernels = f.kernels();
    return a.forward(() -> kernels.dyt(a.x, alpha, a.weight, null, a.y));
  }

  static Call dytBackward(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array alpha = f.scalar(ALPHA);
    Grad dalpha = f.grad();
    Kernels kernels = f.kernels();
    return a.backward(() -> kernels.dytBackward(a.y, a.x, alpha, a.weight, a.dx, dalpha, a.dweight, null));
  }

  static Call dyisru(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array beta = f.scalar(BETA);
    Kernels kernels = f.kernels();
    return a.forward(() -> kernels.dyisru(a.x, beta, true, 1, a.weight, null, a.y));
  }

  static Call dyisruBackward(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array beta = f.scalar(BETA);
    Grad dbeta = f.grad();
    Kernels kernels = f.kernels();
    return a.backward(() -> kernels.dyisruBackward(a.y, a.x, beta, true, 1, a.weight, a.dx, dbeta, a.dweight, null));
  }

  static Call derf(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array alpha = f.scalar(ALPHA);
    Array shift = f.scalar(0);
    Kernels kernels = f.kernels();
    return a.forward(() -> kernels.derf(a.x, alpha, shift, a.weight, null, a.y));
  }

  static Call derfBackward(Fixture f, Size s) {
    Arrays a = new Arrays(f, s);
    Array alpha = f.scalar(ALPHA);
    Array shift = f.scalar(0);
    Grad dalpha = f.grad();
    Grad dshift = f.grad();
    Kernels kernels = f.kernels();
    return a.backward(
        () -> kernels.derfBackward(a.y, a.x, alpha, shift, a.weight, a.dx, dalpha, dshift, a.dweight, null));
  }

  /// What every norm reads and writes; `y` is the output, and what comes in as `dy`.
  private static final class Arrays {
    final Array x; // (R, C)
    final Array y; // (R, C)
    final Array weight; // (C)
    final Grad dx; // (R, C)
    final Grad dweight; // (C)

    Arrays(Fixture f, Size s) {
      x = f.normal(s.rows(), s.width());
      y = f.normal(s.rows(), s.width());
      weight = f.normal(s.width());
      dx = f.grad(s.rows(), s.width());
      dweight = f.grad(s.width());
    }

    Call forward(Runnable work) {
      return Call.moving(Calls.matrix(x), work, x, y);
    }

    Call backward(Runnable work) {
      return Call.moving(Calls.matrix(x), work, y, x, dx.array());
    }
  }
}
