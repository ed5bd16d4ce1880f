package norma.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import norma.array.DType;
import norma.autodiff.ParameterBuffer;
import norma.bench.FrozenInputs.Batch;
import norma.kernels.Backend;
import norma.kernels.nd4j.Nd4jBackend;
import norma.models.Gpt;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/// Loss and gradients of one model with the weights and tokens of [FrozenInputs].
///
/// @param loss      mean cross-entropy in nats
/// @param gradients by parameter
record Numbers(double loss, Map<String, double[]> gradients) {
  private static final int NEIGHBOURS = 8;
  static final Batch BATCH = new Batch(1, ParityCase.BATCH, ParityCase.CONTEXT, ParityCase.VOCABULARY);

  /// PyTorch's.
  static Numbers torch(ParityCase model, DType dtype) {
    return torch(model, dtype, 0);
  }

  /// How far PyTorch's own gradients in float32 are from those in float64, relative to the largest element: the worst of
  /// several models close by, because one scalar's error may be small by luck.
  static Map<String, Double> torchFloat32Errors(ParityCase model) {
    Map<String, Double> errors = new LinkedHashMap<>();
    for (int i = 0; i < NEIGHBOURS; i++) {
      Numbers exact = torch(model, DType.FLOAT64, i);
      Numbers single = torch(model, DType.FLOAT32, i);
      exact.gradients.keySet().forEach(name -> errors.merge(name, single.difference(name, exact), Math::max));
    }
    return errors;
  }

  private static Numbers torch(ParityCase model, DType dtype, int neighbour) {
    try (Backend backend = new Nd4jBackend(dtype, true); PointerScope scope = new PointerScope()) {
      TorchGpt torch = torch(model, backend, neighbour);
      Tensor loss = torch.loss(BATCH.tensor(0), BATCH.tensor(1));
      loss.backward();
      Map<String, double[]> gradients = new LinkedHashMap<>();
      torch.parameters().keySet().forEach(name -> gradients.put(name, torch.gradient(name)));
      return new Numbers(loss.item_double(), gradients);
    }
  }

  /// PyTorch's model, with the backend's element type.
  static TorchGpt torch(ParityCase model, Backend backend, int neighbour) {
    ParameterBuffer weights = weights(new Gpt(model.config(), ParityCase.VOCABULARY), backend, neighbour);
    return new TorchGpt(model.config(), backend.dtype(), weights.parameters(), p -> backend.read(weights.of(p)));
  }

  /// Largest difference of two elements of a parameter's gradient, relative to its largest element.
  double difference(String parameter, Numbers expected) {
    double[] a = gradient(parameter);
    double[] b = expected.gradient(parameter);
    if (a.length != b.length) {
      throw new IllegalArgumentException(parameter + " has " + a.length + " and " + b.length + " elements");
    }
    double[] difference = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      difference[i] = a[i] - b[i];
    }
    return largest(difference) / largest(b);
  }

  /// The gradient of one parameter.
  double[] gradient(String parameter) {
    double[] gradient = gradients.get(parameter);
    if (gradient == null) {
      throw new IllegalArgumentException("no gradient of '" + parameter + "' among " + gradients.keySet());
    }
    return gradient;
  }

  /// The sum of g_i cos(1 + 2.3 i): it changes when elements change places.
  static double along(double[] numbers) {
    double along = 0;
    for (int i = 0; i < numbers.length; i++) {
      along += numbers[i] * StrictMath.cos(1 + 2.3 * i);
    }
    return along;
  }

  /// The largest magnitude.
  static double largest(double[] numbers) {
    double largest = 0;
    for (double number : numbers) {
      largest = Math.max(largest, Math.abs(number)); // NaN stays NaN
    }
    return largest;
  }

  static ParameterBuffer weights(Gpt gpt, Backend backend, int neighbour) {
    ParameterBuffer values = new ParameterBuffer(backend, gpt.parameters());
    FrozenInputs.writeWeights(backend, values, neighbour);
    return values;
  }
}
