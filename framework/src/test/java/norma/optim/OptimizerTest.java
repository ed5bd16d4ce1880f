package norma.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import norma.array.DType;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Scope;
import norma.kernels.Workbench;
import norma.optim.Optimizer.Settings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OptimizerTest {
  private static final double LR = 0.1;
  private static final Settings NO_CLIP = new Settings(0.9, 0.99, 1e-8, 0.5, 0);

  private final Workbench bench = new Workbench(DType.FLOAT64);
  private final Scope scope = Scope.root();
  private final Parameter scalar = scope.parameter("scalar", Initial.constant(2));
  private final Parameter matrix = scope.parameter("matrix", Initial.constant(3), 2, 3);
  private final Parameter vector = scope.parameter("vector", Initial.constant(4), 5);
  private final Parameter cube = scope.parameter("cube", Initial.constant(5), 2, 1, 2);
  private final ParameterBuffer weights = new ParameterBuffer(bench.backend(), scope.parameters());
  private final GradientBuffer gradients = new GradientBuffer(bench.backend(), scope.parameters());

  OptimizerTest() {
    weights.initialize(bench.backend(), 1);
  }

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void onlyTensorsOfRankTwoAndUpDecay() {
    Optimizer optimizer = new Optimizer(bench.backend(), weights, NO_CLIP);
    gradients.start();
    gradients.finish(bench.kernels()); // all zero: only decay moves a weight
    AllChunks.step(optimizer, bench.kernels(), gradients, 0, LR, 1);
    assertThat(bench.read(weights.of(matrix))).containsOnly(3 * (1 - LR * 0.5));
    assertThat(bench.read(weights.of(cube))).containsOnly(5 * (1 - LR * 0.5));
    assertThat(bench.read(weights.of(vector))).containsOnly(4);
    assertThat(bench.read(weights.of(scalar))).containsOnly(2);
  }

  @Test
  void aModelWithoutMatricesTrainsAsWell() {
    Scope small = Scope.root();
    Parameter only = small.parameter("only", Initial.constant(1), 3);
    ParameterBuffer values = new ParameterBuffer(bench.backend(), small.parameters());
    values.initialize(bench.backend(), 1);
    GradientBuffer none = new GradientBuffer(bench.backend(), small.parameters());
    none.finish(bench.kernels());
    AllChunks.step(new Optimizer(bench.backend(), values, NO_CLIP), bench.kernels(), none, 0, LR, 1);
    assertThat(bench.read(values.of(only))).containsOnly(1);
  }

  @Test
  void theGradientNormIsThatOfAllGradientsTogether() {
    gradient(scalar, 2);
    gradient(matrix, 1, 1, 1, 1, 1, -1);
    gradient(vector, 0, 0, 3, 0, 0);
    gradient(cube, 4, 0, 0, -4);
    Optimizer optimizer = new Optimizer(bench.backend(), weights, NO_CLIP);
    assertThat(AllChunks.gradientNorm(optimizer, bench.kernels(), gradients)).isCloseTo(Math.sqrt(51), within(1e-12));
  }

  @Test
  void gradientsAboveTheLimitAreScaledToItAndOthersLeftAlone() {
    gradient(vector, 3, 0, -4, 0, 0); // norm 5
    Optimizer above = new Optimizer(bench.backend(), weights, new Settings(0.9, 0.99, 1e-8, 0, 1));
    AllChunks.step(above, bench.kernels(), gradients, 5, LR, 1);
    double clip = 1 / (5 + 1e-6);
    assertThat(bench.read(above.state().getFirst().values().of(vector))).containsExactly(
        new double[]{ 0.1 * 3 * clip, 0, -0.1 * 4 * clip, 0, 0 }, within(1e-15));
    assertThat(bench.read(above.state().getLast().values().of(vector))).containsExactly(
        new double[]{ 0.01 * 9 * clip * clip, 0, 0.01 * 16 * clip * clip, 0, 0 }, within(1e-15));
    for (double limit : new double[]{ 0, 5.1, 100 }) {
      Optimizer below = new Optimizer(bench.backend(), weights, new Settings(0.9, 0.99, 1e-8, 0, limit));
      AllChunks.step(below, bench.kernels(), gradients, 5, LR, 1);
      assertThat(bench.read(below.state().getFirst().values().of(vector))).containsExactly(
          new double[]{ 0.3, 0, -0.4, 0, 0 }, within(1e-15));
    }
  }

  /// Names of a checkpoint's tensors begin with these, and memory is asked for before an optimizer is there.
  @Test
  void whatItKeepsIsNamedAndCounted() {
    List<Optimizer.State> state = new Optimizer(bench.backend(), weights, NO_CLIP).state();
    assertThat(state).extracting(Optimizer.State::name).containsExactly("first_moment", "second_moment")
        .hasSize(Optimizer.STATES);
  }

  @Test
  void theFirstStepMovesEveryWeightByTheRateAgainstItsGradient() {
    gradient(scalar, 1e-3);
    gradient(vector, 1, -1, 10, -0.1, 0);
    Optimizer optimizer = new Optimizer(bench.backend(), weights, new Settings(0.9, 0.99, 1e-8, 0, 0));
    AllChunks.step(optimizer, bench.kernels(), gradients, 1, LR, 1);
    assertThat(bench.read(weights.of(vector))).containsExactly(
        new double[]{ 3.9, 4.1, 3.9, 4.1, 4 }, within(1e-7));
    assertThat(bench.read(weights.of(scalar))[0]).isCloseTo(1.9, within(1e-5));
  }

  @Test
  void theChangeOfTheLastStepFollowsFromWhatIsThereAfterIt() {
    Optimizer optimizer = new Optimizer(bench.backend(), weights, NO_CLIP);
    for (int step = 1; step <= 3; step++) {
      gradient(scalar, 2 - step);
      gradient(matrix, 1, -2, 3, 0.5, 0, step);
      gradient(vector, step, 0, -1, 1e-3, 7);
      gradient(cube, 4, 0, -step, -4);
      double lr = LR / step;
      List<double[]> before = scope.parameters().stream().map(p -> bench.read(weights.of(p))).toList();
      AllChunks.step(optimizer, bench.kernels(), gradients, 0, lr, step);
      for (Parameter parameter : scope.parameters()) {
        double[] after = bench.read(weights.of(parameter));
        double moved = 0;
        double squares = 0;
        for (int i = 0; i < after.length; i++) {
          moved += Math.pow(after[i] - before.get(parameter.index())[i], 2);
          squares += after[i] * after[i];
        }
        Optimizer.Change change = optimizer.change(bench.backend(), parameter, lr, step);
        assertThat(change.updateSquares()).as("%s, step %d", parameter.name(), step)
            .isCloseTo(moved, within(1e-12 * moved));
        assertThat(change.weightSquares()).isCloseTo(squares, within(1e-12 * squares));
      }
    }
  }

  @Test
  void theRatioIsTheNormOfTheChangeOverTheNormOfTheWeightsAfterIt() {
    gradient(scalar, 3);
    gradient(cube, 0, 0, 0, 0);
    Optimizer optimizer = new Optimizer(bench.backend(), weights, NO_CLIP);
    AllChunks.step(optimizer, bench.kernels(), gradients, 3, 0.4, 1);
    Optimizer.Change moved = optimizer.change(bench.backend(), scalar, 0.4, 1); // from 2 to 1.6
    Optimizer.Change decayed = optimizer.change(bench.backend(), cube, 0.4, 1); // four times from 5 to 4
    assertThat(moved.ratio()).isCloseTo(0.4 / 1.6, within(1e-8));
    assertThat(decayed.ratio()).isCloseTo(1.0 / 4, within(1e-12));
    assertThat(moved.plus(decayed).ratio()).isCloseTo(Math.sqrt((0.16 + 4) / (2.56 + 64)), within(1e-8));
    assertThat(Optimizer.Change.NONE.ratio()).isNaN();
  }

  private void gradient(Parameter parameter, double... values) {
    bench.backend().write(gradients.of(parameter), values);
  }
}
