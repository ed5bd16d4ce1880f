package norma.bench.gpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import norma.weights.Safetensors.Tensor;

/// How far a run is from another, relative to the other: of single numbers the largest difference, of a tensor the root of the
/// differences' squares by the root of the elements' squares. Scalars of one kind (all `alpha` of a model) count as one tensor:
/// the gradient of one alone is a sum over all tokens whose terms may nearly cancel, and then has less than four digits in any
/// float32 arithmetic.
///
/// @param loss         over all steps
/// @param gradientNorm over all steps
/// @param gradient     over all tensors
/// @param weights      over all tensors; nothing if the run has not made all steps
/// @param worst        name of the tensor that is farthest off
record Difference(double loss, double gradientNorm, double gradient, OptionalDouble weights, String worst) {

  static Difference of(SmallRun run, SmallRun reference) {
    boolean whole = run.losses().size() == reference.losses().size();
    Farthest gradient = farthest(run.gradients(), reference.gradients());
    Farthest weights = whole ? farthest(run.weights(), reference.weights()) : new Farthest(0, "");
    return new Difference(largest(run.losses(), reference.losses()),
        largest(run.gradientNorms(), reference.gradientNorms()), gradient.value,
        whole ? OptionalDouble.of(weights.value) : OptionalDouble.empty(),
        Double.compare(weights.value, gradient.value) > 0 ? weights.name : "gradient of " + gradient.name);
  }

  /// The largest of all; not a number if one of them is none.
  double largest() {
    return Math.max(Math.max(loss, gradientNorm), Math.max(gradient, weights.orElse(0)));
  }

  private record Farthest(double value, String name) {}

  private static double largest(List<Double> values, List<Double> references) {
    double largest = 0;
    for (int i = 0; i < values.size(); i++) {
      largest = Math.max(largest, Math.abs(values.get(i) / references.get(i) - 1));
    }
    return largest;
  }

  private static Farthest farthest(Map<String, Tensor> tensors, Map<String, Tensor> references) {
    if (!tensors.keySet().equals(references.keySet())) {
      throw new IllegalStateException("the reference has other parameters: make the bundle again");
    }
    Map<String, Sums> all = new LinkedHashMap<>();
    tensors
        .forEach((name, tensor) -> all.computeIfAbsent(tensor.data().length == 1 ? kind(name) : name, of -> new Sums())
            .add(tensor.data(), Objects.requireNonNull(references.get(name)).data()));
    Farthest farthest = new Farthest(0, "none");
    for (Map.Entry<String, Sums> sums : all.entrySet()) {
      double difference = sums.getValue().relative();
      if (Double.isNaN(difference)) {
        return new Farthest(difference, sums.getKey());
      }
      if (difference > farthest.value) {
        farthest = new Farthest(difference, sums.getKey());
      }
    }
    return farthest;
  }

  private static String kind(String name) {
    return "all ." + name.substring(name.lastIndexOf('.') + 1);
  }

  /// Squares of differences, and of what they are relative to.
  private static final class Sums {
    private double differences;
    private double references;

    void add(float[] values, float[] expected) {
      for (int i = 0; i < values.length; i++) {
        differences += ((double) values[i] - expected[i]) * ((double) values[i] - expected[i]);
        references += (double) expected[i] * expected[i];
      }
    }

    double relative() {
      return differences == 0 ? 0 : Math.sqrt(differences / references);
    }
  }
}
