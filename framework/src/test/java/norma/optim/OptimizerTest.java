package norma.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.array.DType;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Scope;
import norma.kernels.Workbench;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class OptimizerTest {
  private static final double LR = 0.1;
  private static final double DECAY = 0.5;
  private static final Optimizer.Settings SETTINGS = new Optimizer.Settings(0.9, 0.99, 1e-8, 0.95, 0);

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
    Optimizer optimizer = adamW(DECAY, 0);
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
    GradientBuffer ones = new GradientBuffer(bench.backend(), small.parameters());
    bench.backend().write(ones.of(only), new double[]{ 1, 1, 1 });
    AllChunks.step(AllChunks.optimizer(bench.backend(), values, Rule.Type.ADAMW, DECAY, 0), bench.kernels(), ones, 0,
        LR, 1);
    assertThat(bench.read(values.of(only))).containsOnly(new double[]{ 1 - LR }, within(1e-7));
  }

  @Test
  void theGradientNormIsThatOfAllGradientsTogether() {
    gradient(scalar, 2);
    gradient(matrix, 1, 1, 1, 1, 1, -1);
    gradient(vector, 0, 0, 3, 0, 0);
    gradient(cube, 4, 0, 0, -4);
    Optimizer optimizer = adamW(DECAY, 0);
    assertThat(AllChunks.gradientNorm(optimizer, bench.kernels(), gradients)).isCloseTo(Math.sqrt(51), within(1e-12));
  }

  @Test
  void gradientsAboveTheLimitAreScaledToItAndOthersLeftAlone() {
    gradient(vector, 3, 0, -4, 0, 0); // norm 5
    Optimizer above = adamW(0, 1);
    AllChunks.step(above, bench.kernels(), gradients, 5, LR, 1);
    double clip = 1 / (5 + 1e-6);
    assertThat(bench.read(above.state().getFirst().values().of(vector))).containsExactly(
        new double[]{ 0.1 * 3 * clip, 0, -0.1 * 4 * clip, 0, 0 }, within(1e-15));
    assertThat(bench.read(above.state().getLast().values().of(vector))).containsExactly(
        new double[]{ 0.01 * 9 * clip * clip, 0, 0.01 * 16 * clip * clip, 0, 0 }, within(1e-15));
    for (double limit : new double[]{ 0, 5.1, 100 }) {
      Optimizer below = adamW(0, limit);
      AllChunks.step(below, bench.kernels(), gradients, 5, LR, 1);
      assertThat(bench.read(below.state().getFirst().values().of(vector))).containsExactly(
          new double[]{ 0.3, 0, -0.4, 0, 0 }, within(1e-15));
    }
  }

  /// Names of a checkpoint's tensors begin with these, and memory is asked for before an optimizer is there.
  @Test
  void whatItKeepsIsNamedAndOnlyOfTheParametersThatNeedIt() {
    assertThat(adamW(DECAY, 0).state()).extracting(Optimizer.State::name)
        .containsExactlyElementsOf(Rule.Type.ADAMW.states());
    Optimizer mixed = new Optimizer(bench.backend(), weights, SETTINGS,
        parameter -> new Rule(parameter.decays() ? Rule.Type.SGD : Rule.Type.ADAMW, 1, 0));
    assertThat(mixed.state()).extracting(kept -> kept.name() + kept.values().parameters().stream()
        .map(Parameter::name).toList()).containsExactly("first_moment[scalar, vector]", "second_moment[scalar, vector]",
            "momentum[matrix, cube]");
  }

  /// Neighbours with one rule are updated together; these four parameters are four runs, each with states at its own places.
  @Test
  void everyParameterFollowsItsOwnRule() {
    Map<String, Rule> rules = Map.of("matrix", new Rule(Rule.Type.SGD, 1, 0.5), "cube", new Rule(Rule.Type.ADAMW, 3, 0),
        "scalar", new Rule(Rule.Type.ADAMW, 1, 0.5), "vector", new Rule(Rule.Type.SGD, 2, 0));
    Optimizer mixed = new Optimizer(bench.backend(), weights, SETTINGS,
        p -> Objects.requireNonNull(rules.get(p.name())));
    assertThat(mixed.pieces()).isEqualTo(4);
    double m = 0;
    double matrixWeight = 3;
    double vectorMomentum = 0;
    double vectorWeight = 4;
    for (int step = 1; step <= 3; step++) {
      gradient(scalar, 1);
      gradient(matrix, 7, 7, 7, 7, 7, 7);
      gradient(vector, 2, 2, 2, 2, 2);
      gradient(cube, -1, -1, -1, -1);
      AllChunks.step(mixed, bench.kernels(), gradients, 0, LR, step);
      m = 0.95 * m + 7 + 0.5 * matrixWeight;
      matrixWeight -= LR * m;
      vectorMomentum = 0.95 * vectorMomentum + 2;
      vectorWeight -= 2 * LR * vectorMomentum;
    }
    assertThat(bench.read(weights.of(matrix))).containsOnly(new double[]{ matrixWeight }, within(1e-12));
    assertThat(bench.read(weights.of(vector))).containsOnly(new double[]{ vectorWeight }, within(1e-12));
    assertThat(bench.read(weights.of(cube))).containsOnly(new double[]{ 5 + 3 * 3 * LR }, within(1e-7));
    double keep = 1 - LR * 0.5;
    assertThat(bench.read(weights.of(scalar))[0])
        .isCloseTo(keep * (keep * (keep * 2 - LR) - LR) - LR, within(1e-7));
  }

  @Test
  void theFirstStepMovesEveryWeightByTheRateAgainstItsGradient() {
    gradient(scalar, 1e-3);
    gradient(vector, 1, -1, 10, -0.1, 0);
    Optimizer optimizer = adamW(0, 0);
    AllChunks.step(optimizer, bench.kernels(), gradients, 1, LR, 1);
    assertThat(bench.read(weights.of(vector))).containsExactly(
        new double[]{ 3.9, 4.1, 3.9, 4.1, 4 }, within(1e-7));
    assertThat(bench.read(weights.of(scalar))[0]).isCloseTo(1.9, within(1e-5));
  }

  /// Of a diagonal matrix the iteration is the polynomial of each singular value: 3 and 4 are 0.6 and 0.8 of the norm.
  @ParameterizedTest
  @CsvSource({ "2, 3", "3, 2", "2, 2" })
  void muonBringsSingularValuesNearOne(int rows, int columns) {
    Scope scope = Scope.root();
    Parameter matrix = scope.parameter("matrix", Initial.constant(0), rows, columns);
    ParameterBuffer values = new ParameterBuffer(bench.backend(), scope.parameters());
    GradientBuffer gradient = new GradientBuffer(bench.backend(), scope.parameters());
    double[] diagonal = new double[rows * columns];
    diagonal[0] = 3;
    diagonal[columns + 1] = -4;
    bench.backend().write(gradient.of(matrix), diagonal);
    Optimizer muon = AllChunks.optimizer(bench.backend(), values, Rule.Type.MUON, 0, 0);
    AllChunks.step(muon, bench.kernels(), gradient, 5, LR, 1);
    double scale = LR * 0.2 * Math.sqrt(Math.max(rows, columns));
    diagonal[0] = -scale * fiveTimes(0.6);
    diagonal[columns + 1] = scale * fiveTimes(0.8);
    assertThat(bench.read(values.of(matrix))).containsExactly(diagonal, within(1e-14));
    assertThat(fiveTimes(0.6)).isBetween(0.65, 1.25);
  }

  private static double fiveTimes(double singularValue) {
    double s = singularValue;
    for (int i = 0; i < 5; i++) {
      s = 3.4445 * s - 4.7750 * s * s * s + 2.0315 * s * s * s * s * s;
    }
    return s;
  }

  @ParameterizedTest
  @EnumSource
  void theChangeOfTheLastStepFollowsFromWhatIsThereAfterIt(Rule.Type type) {
    Optimizer optimizer = AllChunks.optimizer(bench.backend(), weights, type, DECAY, 0);
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
        Optimizer.Change change = optimizer.change(bench.backend(), gradients, parameter, lr, step);
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
    Optimizer optimizer = adamW(DECAY, 0);
    AllChunks.step(optimizer, bench.kernels(), gradients, 3, 0.4, 1);
    Optimizer.Change moved = optimizer.change(bench.backend(), gradients, scalar, 0.4, 1); // from 2 to 1.6
    Optimizer.Change decayed = optimizer.change(bench.backend(), gradients, cube, 0.4, 1); // four times from 5 to 4
    assertThat(moved.ratio()).isCloseTo(0.4 / 1.6, within(1e-8));
    assertThat(decayed.ratio()).isCloseTo(1.0 / 4, within(1e-12));
    assertThat(moved.plus(decayed).ratio()).isCloseTo(Math.sqrt((0.16 + 4) / (2.56 + 64)), within(1e-8));
    assertThat(Optimizer.Change.NONE.ratio()).isNaN();
  }

  private Optimizer adamW(double weightDecay, double clipNorm) {
    return AllChunks.optimizer(bench.backend(), weights, Rule.Type.ADAMW, weightDecay, clipNorm);
  }

  private void gradient(Parameter parameter, double... values) {
    bench.backend().write(gradients.of(parameter), values);
  }
}
