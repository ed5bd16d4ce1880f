package norma.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.array.DType;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.formula.Curve.Squash;
import norma.kernels.Workbench;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormTypesTest {
  private static final int WIDTH = 100;

  @Test
  void thePublishedTypesAreFoundByNameEachWithItsSource() {
    assertThat(NormTypes.builtIn()).isNotEmpty().extracting(FormulaType::source).allMatch(s -> s.contains("arXiv:"));
    assertThat(NormTypes.all()).extracting(NormType::name).isSorted().contains("layernorm", "none", "gatednorm")
        .containsAll(NormTypes.builtIn().stream().map(FormulaType::name).toList());
  }

  @Test
  void anUnknownTypeIsRefusedWithTheSlotAndTheKnownNames() {
    assertThatThrownBy(() -> create(NormSpec.of("batchnorm"), false)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("batchnorm").hasMessageContaining("slot").hasMessageContaining("layernorm");
  }

  @Test
  void aSettingThatATypeDoesNotHaveIsRefusedWithThoseThatItHas() {
    assertThatThrownBy(() -> create(new NormSpec("dyt", Map.of("beta", 4.0)), false))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("dyt").hasMessageContaining("beta")
        .hasMessageContaining("alpha");
  }

  /// A second type of an old name, seen through a class loader with one service file more.
  @Test
  void twoTypesOfOneNameAreRefused(@TempDir Path folder) throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(NormType.class.getName()), Impostor.class.getName() + "\n");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[]{ folder.toUri().toURL() }, before)) {
      thread.setContextClassLoader(loader);
      assertThatThrownBy(NormTypes::all).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'dyt'")
          .hasMessageContaining(Impostor.class.getName()).hasMessageContaining(FormulaType.class.getName());
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /// Another `dyt`.
  public static final class Impostor implements NormType {
    @Override
    public String name() {
      return "dyt";
    }

    @Override
    public List<Setting> settings() {
      return List.of();
    }

    @Override
    public Norm create(Scope scope, int width, NormSettings settings) {
      return (tape, x) -> x;
    }
  }

  @ParameterizedTest
  @CsvSource({ "layernorm, false, 'weight'", "layernorm, true, 'weight bias'", "rmsnorm, false, 'weight'",
      "dyt, false, 'weight alpha'", "dyt, true, 'weight alpha bias'", "dyisru, false, 'weight beta'",
      "derf, true, 'weight alpha shift bias'", "none, true, ''", "hardtanh, true, 'weight alpha bias'",
      "seednorm, true, 'weight alpha beta bias'", "bhyt, false, 'weight'", "rmsnorm_plain, true, ''" })
  void aTypeDeclaresItsParametersUnderItsSlot(String type, boolean bias, String names) {
    Scope root = Scope.root();
    NormTypes.create(NormSpec.of(type), root.child("slot"), WIDTH, bias);
    List<String> expected = names.isEmpty()
        ? List.of()
        : java.util.Arrays.stream(names.split(" ", -1)).map(name -> "slot." + name).toList();
    assertThat(root.parameters()).extracting(Parameter::name).containsExactlyElementsOf(expected);
    assertThat(root.parameters()).allMatch(parameter -> !parameter.decays());
  }

  @Test
  void aFormulaOfItsOwnDeclaresItsParametersWithTheirStartsAndDecay() {
    Scope root = Scope.root();
    NormSpec spec = new NormSpec("weight * a * tanh(alpha * x) * c / sqrt(depth) + bias",
        Map.of("alpha", new Learnable(0.5, false, false, true, false), "a", new Learnable(2, true, false, false, true),
            "c",
            new Learnable(3, false, true, false, false), "bias", true));
    Norm norm = NormTypes.create(spec, root.child("blocks.3.attn.pre"), 2, false);
    assertThat(root.parameters()).extracting(p -> p.name() + p.dims() + p.decays())
        .containsExactlyInAnyOrder("blocks.3.attn.pre.weight[2]false", "blocks.3.attn.pre.a[2]true",
            "blocks.3.attn.pre.alpha[]false", "blocks.3.attn.pre.bias[2]false");
    assertThat(norm.state(parameter -> parameter.initial().mean()).scalars().get("alpha")).isCloseTo(0.5,
        within(1e-12));
    double[] y = forward(norm, root, new double[]{ 1, -2 });
    assertThat(y[0]).as("2 * 3 / sqrt(4) * tanh(x / 2)").isCloseTo(3 * Math.tanh(0.5), within(1e-12));
  }

  /// What a slot says of its bias holds whatever `model.bias` says.
  @Test
  void aFormulasBiasHasItsOwnStart() {
    Learnable bias = new Learnable(0.1, false, false, false, true);
    Scope root = create(new NormSpec("weight * x + bias", Map.of("bias", bias)), false);
    assertThat(root.parameters()).filteredOn(p -> p.name().endsWith("bias")).singleElement()
        .matches(Parameter::decays).extracting(p -> p.initial().mean()).isEqualTo(0.1);
    assertThat(create(new NormSpec("weight * x + bias", Map.of("bias", new Learnable(0.1, false, true, false, false))),
        true).parameters()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({ "alpha, 0, alpha is positive and starts at 0.0; expected more than 0",
      "alpha, -1, alpha is positive and starts at -1.0; expected more than 0", "weight, 1, weight cannot be positive" })
  void aPositiveParameterStartsAboveZeroAndIsNoVector(String name, double start, String message) {
    Map<String, Object> settings = new HashMap<>(Map.of("alpha", Learnable.from(1)));
    settings.put(name, new Learnable(start, false, false, true, false));
    NormSpec spec = new NormSpec("weight * tanh(alpha * x)", settings);
    assertThatThrownBy(() -> create(spec, false)).hasMessageContaining(message);
  }

  @Test
  void theSlotsBiasWinsOverTheModels() {
    assertThat(create(new NormSpec("dyt", Map.of("bias", true)), false).parameters()).hasSize(3);
    assertThat(create(new NormSpec("dyt", Map.of("bias", false)), true).parameters()).hasSize(2);
  }

  @Test
  void dyisruStartsWithDytsSlopeAtZeroUnlessItsBetaIsGiven() {
    assertThat(beta(Map.of())).isCloseTo(4, within(1e-12));
    assertThat(beta(Map.of("parametrization", "direct"))).isCloseTo(4, within(1e-12));
    assertThat(beta(Map.of("scale_sqrt_width", true))).isCloseTo(4.0 * WIDTH, within(1e-9));
    assertThat(beta(Map.of("scale_sqrt_width", true, "beta", 4.0))).isCloseTo(4, within(1e-12));
    assertThat(beta(Map.of("beta", 1e-3))).isCloseTo(1e-3, within(1e-15));
    assertThat(squash(NormSpec.of("dyisru")).slope()).isCloseTo(squash(NormSpec.of("dyt")).slope(), within(1e-12));
  }

  /// Published or computed by NumPy: y at x = 0.2 and 4.
  @ParameterizedTest
  @CsvSource({ "dyt, 0.099667995, 0.964027580", "dyisru, 0.099503719, 0.894427191", "derf, 0.112462916, 0.995322265",
      "none, 0.2, 4", "hardtanh, 0.1, 1", "atan, 0.099668652, 1.107148718", "isru, 0.099503719, 0.894427191",
      "sigmoid, 0.099667995, 0.964027580", "softsign, 0.090909091, 0.666666667",
      "rmsnorm, 0.099468429, 1.989368589", "rmsnorm_plain, 0.099468429, 1.989368589",
      "rmsnorm_depth, 0.099468429, 1.989368589", "l1norm, 0.142856122, 2.857122449",
      "seednorm, 0.099468540, 1.989370804", "bhyt, 0.019891062, 0.378128165" })
  void aNewLayerComputesItsTypesDefaultFormula(String type, double small, double large) {
    double[] y = forward(type, new double[]{ -3, -1, -0.1, 0, 0.2, 1.5, 4 });
    assertThat(y[4]).isCloseTo(small, within(1e-9));
    assertThat(y[6]).isCloseTo(large, within(1e-9));
  }

  @Test
  void layernormHasMeanZeroAndVarianceOne() {
    double[] y = forward("layernorm", new double[]{ -3, -1, -0.1, 0, 0.2, 1.5, 4 });
    assertThat(java.util.Arrays.stream(y).sum()).isCloseTo(0, within(1e-12));
    assertThat(java.util.Arrays.stream(y).map(v -> v * v).sum()).isCloseTo(7, within(1e-4));
  }

  @Test
  void theDepthOfANormIsItsBlocks() {
    double[] x = { 3, -3 };
    Scope third = Scope.root().child("blocks.2.mlp.pre");
    assertThat(forward(NormTypes.create(NormSpec.of("rmsnorm_depth"), third, 2, false), third, x)[0])
        .isCloseTo(1 / Math.sqrt(3), within(1e-6));
  }

  @Test
  void aGateMultipliesItsNormAndHasMatricesThatDecay() {
    Scope slot = Scope.root().child("slot");
    Norm norm = NormTypes.create(new NormSpec("gatednorm", Map.of("rank", 3, "bias", true)), slot, 4, false);
    assertThat(slot.parameters()).extracting(p -> p.name() + p.dims() + p.decays()).containsExactly(
        "slot.weight[4]false", "slot.bias[4]false", "slot.down.weight[3, 4]true", "slot.up.weight[4, 3]true");
    double[] x = { 3, -1, 0.5, 2 };
    double[] y = forward(norm, slot, x);
    double rms = Math.sqrt((9 + 1 + 0.25 + 4) / 4);
    for (int i = 0; i < 4; i++) {
      assertThat(y[i]).as("half of RMSNorm at the start").isCloseTo(x[i] / rms / 2, within(0.01 * Math.abs(x[i])))
          .isNotCloseTo(x[i] / rms / 2, within(1e-9));
    }
  }

  @Test
  void aFormulaWithoutABiasHasNoSuchSetting() {
    assertThatThrownBy(() -> create(new NormSpec("rmsnorm_plain", Map.of("bias", true)), false))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("has no setting 'bias': it has [eps]");
  }

  private static double[] forward(String type, double[] x) {
    Scope scope = Scope.root();
    return forward(NormTypes.create(NormSpec.of(type), scope, x.length, false), scope, x);
  }

  private static double[] forward(Norm norm, Scope scope, double[] x) {
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      ParameterBuffer values = new ParameterBuffer(bench.backend(), scope.parameters());
      values.initialize(bench.backend(), 1);
      try (Tape tape = new Tape(bench.kernels(), values, null, Pass.EVALUATION, null)) {
        return bench.read(norm.forward(tape, tape.constant(bench.array(x, 1, x.length))).value());
      }
    }
  }

  private static double beta(Map<String, Object> settings) {
    return Objects.requireNonNull(start(new NormSpec("dyisru", settings)).scalars().get("beta"));
  }

  private static Squash squash(NormSpec spec) {
    return Objects.requireNonNull(start(spec).squash());
  }

  /// The state of a slot whose scalars have their starting values.
  private static Norm.State start(NormSpec spec) {
    return NormTypes.create(spec, Scope.root(), WIDTH, false).state(parameter -> parameter.initial().mean());
  }

  private static Scope create(NormSpec spec, boolean bias) {
    Scope scope = Scope.root().child("slot");
    NormTypes.create(spec, scope, WIDTH, bias);
    return scope;
  }
}
