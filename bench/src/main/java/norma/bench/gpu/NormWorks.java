package norma.bench.gpu;

import java.util.LinkedHashMap;
import java.util.Map;
import norma.array.Array;
import norma.bench.gpu.Works.Maker;
import norma.bench.gpu.Works.Size;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Every normalization forward, forward with the residual addition before it, and backward with the sums for its parameters.
final class NormWorks {
  private static final double EPS = 1e-5;
  private static final double ALPHA = 0.5;
  private static final double BETA = 4;

  private NormWorks() {}

  /// A normalization with its arrays: forward gives x to y, backward y's gradient to x's.
  private interface Norm {
    Runnable forward(Kernels kernels, Array x, Array weight, Array y);

    Runnable backward(Kernels kernels, Array dy, Array x, Array weight, Grad dx, Grad dweight);
  }

  static Map<String, Maker> all() {
    Map<String, Maker> works = new LinkedHashMap<>();
    norms().forEach((name, norm) -> {
      works.put(name, (o, s) -> forward(norm.of(o, s), o, s));
      works.put(name + " after residual", (o, s) -> afterResidual(norm.of(o, s), o, s));
      works.put(name + " backward", (o, s) -> backward(norm.of(o, s), o, s));
    });
    return works;
  }

  private interface NormMaker {
    Norm of(Operands operands, Size size);
  }

  private static Map<String, NormMaker> norms() {
    Map<String, NormMaker> norms = new LinkedHashMap<>();
    norms.put("layernorm", (o, s) -> new LayerNorm(o.constant(0, s.rows()), o.constant(1, s.rows())));
    norms.put("rmsnorm", (o, s) -> new RmsNorm(o.constant(1, s.rows())));
    norms.put("dyt", (o, s) -> new Dyt(o.constant(ALPHA), o.weightGradient()));
    norms.put("dyisru", (o, s) -> new Dyisru(o.constant(BETA), o.weightGradient()));
    norms.put("derf", (o, s) -> new Derf(o.constant(ALPHA), o.constant(0), o.weightGradient(), o.weightGradient()));
    return norms;
  }

  private static Work forward(Norm norm, Operands o, Size s) {
    Array x = o.activations(s.rows(), s.width());
    Array y = o.activations(s.rows(), s.width());
    return Work.moving(norm.forward(o.kernels(), x, o.weights(s.width()), y), x, y);
  }

  private static Work afterResidual(Norm norm, Operands o, Size s) {
    Array x = o.activations(s.rows(), s.width());
    Array branch = o.activations(s.rows(), s.width());
    Array sum = o.activations(s.rows(), s.width());
    Array y = o.activations(s.rows(), s.width());
    Runnable forward = norm.forward(o.kernels(), sum, o.weights(s.width()), y);
    return Work.moving(() -> {
      o.kernels().add(x, branch, sum);
      forward.run();
    }, x, branch, sum, y);
  }

  private static Work backward(Norm norm, Operands o, Size s) {
    Array dy = o.activations(s.rows(), s.width());
    Array x = o.activations(s.rows(), s.width());
    Grad dx = o.gradient(s.rows(), s.width());
    Grad dweight = o.weightGradient(s.width());
    return Work.moving(norm.backward(o.kernels(), dy, x, o.weights(s.width()), dx, dweight), dy, x, dx.array());
  }

  private record LayerNorm(Array mean, Array rstd) implements Norm {
    @Override
    public Runnable forward(Kernels kernels, Array x, Array weight, Array y) {
      return () -> kernels.layerNorm(x, weight, null, EPS, y, mean, rstd);
    }

    @Override
    public Runnable backward(Kernels kernels, Array dy, Array x, Array weight, Grad dx, Grad dweight) {
      return () -> kernels.layerNormBackward(dy, x, weight, mean, rstd, dx, dweight, null);
    }
  }

  private record RmsNorm(Array rstd) implements Norm {
    @Override
    public Runnable forward(Kernels kernels, Array x, Array weight, Array y) {
      return () -> kernels.rmsNorm(x, weight, null, EPS, y, rstd);
    }

    @Override
    public Runnable backward(Kernels kernels, Array dy, Array x, Array weight, Grad dx, Grad dweight) {
      return () -> kernels.rmsNormBackward(dy, x, weight, rstd, dx, dweight, null);
    }
  }

  private record Dyt(Array alpha, Grad dalpha) implements Norm {
    @Override
    public Runnable forward(Kernels kernels, Array x, Array weight, Array y) {
      return () -> kernels.dyt(x, alpha, weight, null, y);
    }

    @Override
    public Runnable backward(Kernels kernels, Array dy, Array x, Array weight, Grad dx, Grad dweight) {
      return () -> kernels.dytBackward(dy, x, alpha, weight, dx, dalpha, dweight, null);
    }
  }

  private record Dyisru(Array beta, Grad dbeta) implements Norm {
    @Override
    public Runnable forward(Kernels kernels, Array x, Array weight, Array y) {
      return () -> kernels.dyisru(x, beta, true, 1, weight, null, y);
    }

    @Override
    public Runnable backward(Kernels kernels, Array dy, Array x, Array weight, Grad dx, Grad dweight) {
      return () -> kernels.dyisruBackward(dy, x, beta, true, 1, weight, dx, dbeta, dweight, null);
    }
  }

  private record Derf(Array alpha, Array shift, Grad dalpha, Grad dshift) implements Norm {
    @Override
    public Runnable forward(Kernels kernels, Array x, Array weight, Array y) {
      return () -> kernels.derf(x, alpha, shift, weight, null, y);
    }

    @Override
    public Runnable backward(Kernels kernels, Array dy, Array x, Array weight, Grad dx, Grad dweight) {
      return () -> kernels.derfBackward(dy, x, alpha, shift, weight, dx, dalpha, dshift, dweight, null);
    }
  }
}
