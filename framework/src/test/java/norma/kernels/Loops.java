package norma.kernels;

import org.apache.commons.math3.special.Erf;

/// The kernels' formulas as plain loops in double: what the definition is compared with. Rows and columns are counted by
/// the arguments' lengths; all matrices are row-major.
public final class Loops {
  private Loops() {}

  /// A function of one channel's input.
  public interface Pointwise {
    double at(double x);
  }

  public static double[] pointwise(double[] x, Pointwise f) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = f.at(x[i]);
    }
    return y;
  }

  /// `weight f + bias` over rows of weight's length.
  static double[] affine(double[] f, double[] weight, double[] bias) {
    double[] y = new double[f.length];
    for (int i = 0; i < f.length; i++) {
      int c = i % weight.length;
      y[i] = weight[c] * f[i] + bias[c];
    }
    return y;
  }

  /// Rows in int8: `s rint(x / s)`, `s = max|x| / 127`.
  public static double[] roundRows(double[] x, int width) {
    double[] scales = absmax(x, width);
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double scale = scales[i / width] / 127;
      y[i] = scale == 0 ? 0 : scale * Math.rint(x[i] / scale);
    }
    return y;
  }

  /// x with every element that float32 might round to the other neighbour in int8 moved away from the middle.
  static double[] awayFromHalves(double[] x, int width) {
    double[] scales = absmax(x, width);
    double[] y = x.clone();
    for (int i = 0; i < x.length; i++) {
      double steps = Math.abs(x[i]) / scales[i / width] * 127;
      if (Math.abs(steps - Math.floor(steps) - 0.5) < 1e-3) {
        y[i] -= 0.1 * x[i] / steps;
      }
    }
    return y;
  }

  private static double[] absmax(double[] x, int width) {
    double[] most = new double[x.length / width];
    for (int i = 0; i < x.length; i++) {
      most[i / width] = Math.max(most[i / width], Math.abs(x[i]));
    }
    return most;
  }

  static double[] means(double[] x, int width) {
    double[] means = new double[x.length / width];
    for (int i = 0; i < x.length; i++) {
      means[i / width] += x[i] / width;
    }
    return means;
  }

  /// x minus the mean of its row.
  static double[] centred(double[] x, int width) {
    double[] means = means(x, width);
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] - means[i / width];
    }
    return y;
  }

  /// `1/sqrt(mean(x^2) + eps)` of each row.
  static double[] rstd(double[] x, int width, double eps) {
    return pointwise(means(pointwise(x, v -> v * v), width), m -> 1 / Math.sqrt(m + eps));
  }

  /// x times its row's factor.
  static double[] scaleRows(double[] x, double[] factors) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] * factors[i / (x.length / factors.length)];
    }
    return y;
  }

  public static double phi(double x) { // standard normal distribution function
    return 0.5 * Erf.erfc(-x * Math.sqrt(0.5));
  }

  static double geluSlope(double x) {
    return phi(x) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  }

  static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  /// `x W^T + b`: x (R, K), w (N, K), b (N).
  public static double[] linear(double[] x, double[] w, double[] b) {
    int outer = b.length;
    int inner = w.length / outer;
    double[] y = new double[x.length / inner * outer];
    for (int i = 0; i < y.length; i++) {
      y[i] = b[i % outer];
      for (int k = 0; k < inner; k++) {
        y[i] += x[i / outer * inner + k] * w[i % outer * inner + k];
      }
    }
    return y;
  }

  public static double[] embedding(int[] ids, int first, int time, double[] tok, double[] pos, int width) {
    double[] y = new double[ids.length * width];
    for (int i = 0; i < y.length; i++) {
      int row = i / width;
      y[i] = tok[ids[row] * width + i % width] + pos[(first + row % time) * width + i % width];
    }
    return y;
  }

  /// x (B, T, H D) with pairs of channels of all heads but the last turned: in polar coordinates the angle grows
  /// from that of the first position on.
  static double[] rotate(double[] x, int first, int time, int heads, int headWidth) {
    double[] y = x.clone();
    for (int row = 0; row < x.length / (heads * headWidth); row++) {
      for (int h = 0; h < heads - 1; h++) {
        for (int i = 0; i < headWidth / 2; i++) {
          int a = (row * heads + h) * headWidth + i;
          int b = a + headWidth / 2;
          double turn = (first + row % time) / Math.pow(10000, 2.0 * i / headWidth);
          double angle = Math.atan2(x[b], x[a]) + turn;
          y[a] = Math.hypot(x[a], x[b]) * Math.cos(angle);
          y[b] = Math.hypot(x[a], x[b]) * Math.sin(angle);
        }
      }
    }
    return y;
  }

  /// qkv (R, (H + 2K) D) as (R, 3 H D): each head with its own copy of the keys and values that it shares.
  static double[] withKeysOfEachHead(double[] qkv, int headWidth, int heads, int kvHeads) {
    int from = (heads + 2 * kvHeads) * headWidth;
    int to = 3 * heads * headWidth;
    double[] each = new double[qkv.length / from * to];
    for (int i = 0; i < each.length; i++) {
      int part = i % to / (heads * headWidth);
      int head = i % to / headWidth % heads;
      int shared = part == 0 ? head : heads + (part - 1) * kvHeads + head * kvHeads / heads;
      each[i] = qkv[i / to * from + shared * headWidth + i % headWidth];
    }
    return each;
  }

  /// Attention's output (B, T, C) and log-sum-exp (B, H, T).
  public record Attended(double[] y, double[] lse) {}

  public static Attended attention(double[] qkv, int batch, int time, int width, int heads, DropMask drop) {
    int headWidth = width / heads;
    double[] y = new double[batch * time * width];
    double[] lse = new double[batch * heads * time];
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int t = 0; t < time; t++) {
          double[] weights = weights(qkv, b * time, t, h * headWidth, headWidth, width);
          int row = (b * heads + h) * time + t;
          lse[row] = weights[t + 1];
          for (int s = 0; s <= t; s++) {
            double weight = weights[s] * drop.factor((long) row * time + s);
            for (int d = 0; d < headWidth; d++) {
              int c = h * headWidth + d;
              y[(b * time + t) * width + c] += weight * qkv[(b * time + s) * 3 * width + 2 * width + c];
            }
          }
        }
      }
    }
    return new Attended(y, lse);
  }

  /// Softmax over positions 0 to t of one head, and its log-sum-exp behind it.
  private static double[] weights(double[] qkv, int firstRow, int t, int firstChannel, int headWidth, int width) {
    double[] weights = new double[t + 2];
    double max = Double.NEGATIVE_INFINITY;
    for (int s = 0; s <= t; s++) {
      for (int d = 0; d < headWidth; d++) {
        weights[s] += qkv[(firstRow + t) * 3 * width + firstChannel + d]
            * qkv[(firstRow + s) * 3 * width + width + firstChannel + d] / Math.sqrt(headWidth);
      }
      max = Math.max(max, weights[s]);
    }
    double sum = 0;
    for (int s = 0; s <= t; s++) {
      sum += Math.exp(weights[s] - max);
    }
    weights[t + 1] = max + Math.log(sum);
    for (int s = 0; s <= t; s++) {
      weights[s] = Math.exp(weights[s] - weights[t + 1]);
    }
    return weights;
  }

  /// The loss, and its gradient for the logits.
  public record Entropy(double loss, double[] dlogits) {}

  public static Entropy crossEntropy(double[] logits, int[] targets, double scale) {
    int vocabulary = logits.length / targets.length;
    double loss = 0;
    double[] dlogits = new double[logits.length];
    for (int r = 0; r < targets.length; r++) {
      double max = Double.NEGATIVE_INFINITY;
      for (int v = 0; v < vocabulary; v++) {
        max = Math.max(max, logits[r * vocabulary + v]);
      }
      double sum = 0;
      for (int v = 0; v < vocabulary; v++) {
        sum += Math.exp(logits[r * vocabulary + v] - max);
      }
      for (int v = 0; v < vocabulary; v++) {
        double probability = Math.exp(logits[r * vocabulary + v] - max) / sum;
        dlogits[r * vocabulary + v] = scale * (probability - (v == targets[r] ? 1 : 0));
      }
      loss += scale * (max + Math.log(sum) - logits[r * vocabulary + targets[r]]);
    }
    return new Entropy(loss, dlogits);
  }
}
