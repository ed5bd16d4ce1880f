package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import norma.autodiff.Parameter;
import norma.kernels.DropMask;
import norma.kernels.Loops;
import norma.train.config.RunConfig;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The loss in int8 against a model of one block without norms, written out as plain loops on rounded rows.
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
  void theLossInInt8IsThatOfProductsOfRoundedRows(String backend, String precision, double tolerance) {
    RunConfig config = Runs.config(folder, "model.norm.all=none", "runtime.backend=" + backend,
        "runtime.precision=" + precision);
    try (Session session = Session.start(config, true)) {
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
      int end = Math.min(start + CONTEXT, tokens.length - 1);
      double[] logits = logits(Arrays.copyOfRange(tokens, start, end), int8);
      sum += Loops.crossEntropy(logits, Arrays.copyOfRange(tokens, start + 1, end + 1), 1).loss();
    }
    return sum / (tokens.length - 1);
  }

  private double[] logits(int[] ids, boolean int8) {
    double[] x = Loops.embedding(ids, 0, ids.length, weight("tok_emb.weight"), weight("pos_emb.weight"), WIDTH);
    double[] qkv = linear(x, WIDTH, "blocks.0.attn.qkv.weight", int8);
    double[] mixed = Loops.attention(qkv, 1, ids.length, WIDTH, HEADS, DropMask.NONE).y();
    x = sum(x, linear(mixed, WIDTH, "blocks.0.attn.proj.weight", int8));
    double[] hidden = linear(x, WIDTH, "blocks.0.mlp.fc.weight", int8);
    double[] active = Loops.pointwise(hidden, value -> value * Loops.phi(value));
    x = sum(x, linear(active, 4 * WIDTH, "blocks.0.mlp.proj.weight", int8));
    return linear(x, WIDTH, "tok_emb.weight", int8);
  }

  /// @param in width of the input
  private double[] linear(double[] x, int in, String name, boolean int8) {
    double[] w = weight(name);
    double[] bias = new double[w.length / in];
    return int8 ? Loops.linear(Loops.roundRows(x, in), Loops.roundRows(w, in), bias) : Loops.linear(x, w, bias);
  }

  private double[] weight(String name) {
    return Objects.requireNonNull(weights.get(name));
  }

  private static double[] sum(double[] a, double[] b) {
    double[] sum = new double[a.length];
    Arrays.setAll(sum, i -> a[i] + b[i]);
    return sum;
  }
}
