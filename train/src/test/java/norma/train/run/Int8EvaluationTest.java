package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import norma.autodiff.Parameter;
import norma.train.config.RunConfig;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The loss in int8 against a model of one block without norms, written out as plain loops with integers.
class Int8EvaluationTest {
  private static final int HEADS = 2;
  private static final int WIDTH = 16;
  private static final int CONTEXT = 12;
  /// Initial weights are so small that every prediction is about uniform.
  private static final double LARGER = 30;

  @TempDir
  Path folder;

  private final Map<String, double[]> weights = new TreeMap<>();

  /// In float32 a number near the middle of two steps may go to the other.
  @ParameterizedTest
  @CsvSource({ "nd4j, fp64, 1e-9", "nd4j, fp32, 1e-4", "auto, fp32, 1e-4" })
  void theLossInInt8IsThatOfPlainIntegerProducts(String backend, String precision, double tolerance) {
    RunConfig config = Runs.config(folder, "model.norm.all=none", "runtime.backend=" + backend,
        "runtime.precision=" + precision);
    try (Session session = Session.start(config, Path.of(""), true)) {
      for (Parameter parameter : session.weights().parameters()) {
        double[] values = session.backend().read(session.weights().of(parameter));
        Arrays.setAll(values, i -> (float) (LARGER * values[i]));
        session.backend().write(session.weights().of(parameter), values);
        weights.put(parameter.name(), values);
      }
      int[] tokens = session.split().validation();
      Evaluation evaluation = new Evaluation(session);
      assertThat(evaluation.validationLoss()).isCloseTo(loss(tokens, false), within(1e-4));
      assertThat(evaluation.int8ValidationLoss()).isCloseTo(loss(tokens, true), within(tolerance));
      assertThat(loss(tokens, true)).as("the rounding matters").isNotCloseTo(loss(tokens, false), within(1e-3));
    }
  }

  private double loss(int[] tokens, boolean int8) {
    double sum = 0;
    for (int start = 0; start + 1 < tokens.length; start += CONTEXT) {
      int length = Math.min(CONTEXT, tokens.length - 1 - start);
      double[][] logits = logits(Arrays.copyOfRange(tokens, start, start + length), int8);
      for (int t = 0; t < length; t++) {
        sum += Math.log(Arrays.stream(logits[t]).map(Math::exp).sum()) - logits[t][tokens[start + t + 1]];
      }
    }
    return sum / (tokens.length - 1);
  }

  private double[][] logits(int[] ids, boolean int8) {
    double[][] x = new double[ids.length][WIDTH];
    for (int t = 0; t < ids.length; t++) {
      for (int c = 0; c < WIDTH; c++) {
        x[t][c] = weight("tok_emb.weight")[ids[t] * WIDTH + c] + weight("pos_emb.weight")[t * WIDTH + c];
      }
    }
    x = sum(x, linear(attention(linear(x, "blocks.0.attn.qkv.weight", int8)), "blocks.0.attn.proj.weight", int8));
    double[][] hidden = linear(x, "blocks.0.mlp.fc.weight", int8);
    NormalDistribution normal = NormalDistribution.of(0, 1);
    for (double[] row : hidden) {
      Arrays.setAll(row, i -> row[i] * normal.cumulativeProbability(row[i]));
    }
    x = sum(x, linear(hidden, "blocks.0.mlp.proj.weight", int8));
    return linear(x, "tok_emb.weight", int8);
  }

  private double[][] linear(double[][] x, String name, boolean int8) {
    double[] w = weight(name);
    int in = x[0].length;
    double[][] y = new double[x.length][w.length / in];
    for (int t = 0; t < x.length; t++) {
      for (int out = 0; out < y[t].length; out++) {
        double[] row = Arrays.copyOfRange(w, out * in, (out + 1) * in);
        y[t][out] = int8 ? integerProduct(x[t], row) : product(x[t], row);
      }
    }
    return y;
  }

  private double[] weight(String name) {
    return Objects.requireNonNull(weights.get(name));
  }

  private static double product(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double integerProduct(double[] a, double[] b) {
    double scaleA = Arrays.stream(a).map(Math::abs).max().orElseThrow() / 127;
    double scaleB = Arrays.stream(b).map(Math::abs).max().orElseThrow() / 127;
    int sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (byte) Math.rint(a[i] / scaleA) * (byte) Math.rint(b[i] / scaleB);
    }
    return scaleA * scaleB * sum;
  }

  private static double[][] attention(double[][] qkv) {
    int width = WIDTH / HEADS;
    double[][] y = new double[qkv.length][WIDTH];
    for (int head = 0; head < HEADS; head++) {
      int at = head * width;
      for (int t = 0; t < qkv.length; t++) {
        double[] weight = new double[t + 1];
        for (int s = 0; s <= t; s++) {
          weight[s] = Math.exp(product(Arrays.copyOfRange(qkv[t], at, at + width),
              Arrays.copyOfRange(qkv[s], WIDTH + at, WIDTH + at + width)) / Math.sqrt(width));
        }
        double total = Arrays.stream(weight).sum();
        for (int s = 0; s <= t; s++) {
          for (int c = at; c < at + width; c++) {
            y[t][c] += weight[s] / total * qkv[s][2 * WIDTH + c];
          }
        }
      }
    }
    return y;
  }

  private static double[][] sum(double[][] a, double[][] b) {
    double[][] sum = new double[a.length][];
    Arrays.setAll(sum, t -> {
      double[] row = a[t].clone();
      Arrays.setAll(row, c -> row[c] + b[t][c]);
      return row;
    });
    return sum;
  }
}
