package norma.train.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import norma.formula.Curve.Squash;
import norma.nn.Learnable;
import norma.nn.Norm;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.run.Evaluation;
import norma.train.run.Session;
import norma.train.run.SlotRecording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectionTest {
  @TempDir
  Path temp;

  private static Inspection inspection(List<SlotRecording> recordings) {
    return Inspection.of(recordings, FormulaFit.PUBLISHED);
  }

  private static FormulaFit dyt(Inspection.Slot slot) {
    return slot.fits().getFirst().fit();
  }

  private Session session(String... settings) throws IOException {
    Path text = Files.writeString(temp.resolve("text.txt"), "the quick brown fox jumps over the lazy dog. ".repeat(40));
    List<Assignment> all = new java.util.ArrayList<>(Assignment.parse(List.of("data.corpus='" + text + "'",
        "model.layers=1", "model.heads=2", "model.width=32", "model.context=16", "model.embedding_scale=learnable")));
    all.addAll(Assignment.parse(List.of(settings)));
    RunConfig config = new ConfigReader(NormTypes.all()).read("test", "", all);
    return Session.start(config, true);
  }

  @Test
  void everySlotIsRecordedWithoutItsWeightAndBias() throws IOException {
    try (Session session = session("model.norm.all=layernorm", "model.bias=true")) {
      double[] weights = session.backend().read(session.weights().flat());
      for (int i = 0; i < weights.length; i++) {
        weights[i] = weights[i] == 1 ? 3 : weights[i] == 0 ? 0.5 : weights[i]; // weights of norms start at 1, biases at 0
      }
      session.backend().write(session.weights().flat(), weights);
      session.backend().weightsChanged();
      List<SlotRecording> recordings = SlotRecording.of(session, 3);
      assertThat(recordings).extracting(SlotRecording::slot).containsExactly("blocks.0.attn.pre", "blocks.0.mlp.pre",
          "final");
      for (SlotRecording recording : recordings) {
        assertThat(recording.x()).hasSize(3 * 16 * 32).hasSameSizeAs(recording.preAffine());
        double[] token = Arrays.copyOf(recording.preAffine(), 32); // mean 0, mean square 1
        assertThat(Arrays.stream(token).average().orElseThrow()).isCloseTo(0, within(1e-5));
        assertThat(Arrays.stream(token).map(v -> v * v).average().orElseThrow()).isCloseTo(1, within(1e-3));
      }
    }
  }

  @Test
  void aDytSlotIsItsOwnFit() throws IOException {
    try (Session session = session("model.norm.all={type: dyt, alpha: 0.8}")) {
      Inspection inspection = inspection(SlotRecording.of(session, 4));
      assertThat(inspection.slots()).hasSize(3).allSatisfy(slot -> {
        assertThat(slot.slope()).isCloseTo(0.8, within(1e-6));
        assertThat(slot.learned()).containsOnlyKeys("alpha");
        assertThat(dyt(slot).numbers().get("alpha")).isCloseTo(0.8, within(1e-4));
        assertThat(slot.fits().get(0).rest()).isLessThan(1e-5);
        assertThat(slot.fits().get(1).rest()).isGreaterThan(slot.fits().get(0).rest());
      });
    }
  }

  /// Of 1,000 standard normal numbers and a slope of 2: |2 x| > 2 is 31.7 %, |2 x| < 1 is 38.3 %.
  @Test
  void sharesAndOutliersAreThoseOfTheInput() {
    SplittableRandom random = new SplittableRandom(5);
    double[] x = random.doubles(100_000).map(u -> random.nextGaussian()).toArray();
    double[] y = Arrays.stream(x).map(v -> Math.tanh(2 * v) + (Math.abs(v) > 2.576 ? 0.1 : 0)).toArray();
    Inspection.Slot slot = inspection(List.of(new SlotRecording("slot", "dyt", 50, x, y,
        new Norm.State(Map.of("alpha", 2.0), new Squash(2, 0, 2)),
        NormTypes.start(NormSpec.of("dyt"), "slot", 50, false).orElseThrow()))).slots().getFirst();
    assertThat(slot.std()).isCloseTo(1, within(0.03));
    assertThat(slot.saturation()).isCloseTo(0.317, within(0.02));
    assertThat(slot.linear()).isCloseTo(0.383, within(0.02));
    assertThat(slot.fits().getFirst().outliers()).as("0.1 is added to the largest 1 %").isCloseTo(0.1, within(0.02));
    assertThat(slot.fits().getFirst().rest()).isLessThan(0.01);
  }

  /// With the fitted function in place, a slot gives what the fit said it would.
  @Test
  void aTransplantedSlotComputesTheFit() throws IOException {
    try (Session trained = session("model.norm.all=rmsnorm", "model.bias=true")) {
      Inspection inspection = inspection(SlotRecording.of(trained, 4));
      Inspection.Slot first = inspection.slots().getFirst();
      for (Inspection.Fit fit : first.fits()) {
        try (Session changed = new Transplant(trained, 0).with(Map.of(first.name(), fit.fit()))) {
          SlotRecording slot = SlotRecording.of(changed, 1).getFirst();
          assertThat(slot.type()).isEqualTo(fit.fit().name());
          double[] fitted = fit.fit().at(slot.x());
          for (int i = 0; i < slot.x().length; i++) { // before the weight, which has taken the scale over
            assertThat(slot.preAffine()[i] * fit.fit().scale()).isCloseTo(fitted[i], within(1e-4));
          }
        }
      }
    }
  }

  @Test
  void transplantsAreReportedSlotBySlotAndTogether() throws IOException {
    try (Session trained = session("model.norm.all=layernorm", "model.norm.final=dyt")) {
      List<Transplant.Outcome> outcomes = new Transplant(trained, 3).all(
          inspection(SlotRecording.of(trained, 4)));
      assertThat(outcomes).extracting(Transplant.Outcome::slot).containsExactly("none", "blocks.0.attn.pre",
          "blocks.0.mlp.pre", "all slots", "blocks.0.attn.pre", "blocks.0.mlp.pre", "all slots");
      assertThat(outcomes.getFirst().before()).isEqualTo(new Evaluation(trained).validationLoss());
      assertThat(outcomes).allMatch(o -> o.after() < o.before(), "fine-tuning of a fresh model helps");
      assertThat(Transplant.lines(outcomes, 3)).hasSize(8);
    }
  }

  /// Two numbers of its own, one of them positive, one per block; a slot whose weight is no factor keeps its output as it is.
  @Test
  void anyFormulaIsInspectedWithItsOwnNumbersAndFitted() throws IOException {
    String formula = "weight * tanh(a * x + shift) / depth";
    Map<String, Object> numbers = new LinkedHashMap<>();
    numbers.put("a", new Learnable(0.7, false, false, true, false));
    numbers.put("shift", Learnable.from(0.25));
    NormSpec spec = new NormSpec(formula, numbers);
    try (
        Session session = session("model.norm.all={y: '" + formula + "', a: {start: 0.7, positive: true}, shift: 0.25}",
            "model.norm.attn.branch={y: 'tanh(weight * x * 0.5)'}")) {
      Inspection inspection = Inspection.of(SlotRecording.of(session, 2), List.of(spec, NormSpec.of("derf")));
      assertThat(inspection.slots()).hasSize(4);
      Inspection.Slot branch = inspection.slots().get(1);
      assertThat(branch.learned()).isEmpty();
      assertThat(branch.y()[5]).isCloseTo(Math.tanh(branch.x()[5] / 2), within(1e-6));
      for (Inspection.Slot slot : List.of(inspection.slots().get(0), inspection.slots().get(3))) {
        FormulaFit own = slot.fits().getFirst().fit();
        assertThat(slot.learned()).containsOnlyKeys("a", "shift");
        assertThat(own.numbers().get("a")).isCloseTo(0.7, within(1e-4));
        assertThat(own.numbers().get("shift")).isCloseTo(0.25, within(1e-4));
        assertThat(own.maxResidual()).isLessThan(1e-5);
        assertThat(slot.slope()).isCloseTo(0.7, within(1e-6));
      }
      assertThat(inspection.lines()).hasSize(5);
      assertThat(inspection.lines().getFirst()).contains(formula, "derf", "learned");
      assertThat(inspection.lines().get(1)).contains("a 0.7000, shift 0.2500");
    }
  }

  /// A number of the trained slot that is called as one of the fitted function's is not taken for it.
  @Test
  void anyNormWithAWeightIsTransplantedIntoAndFromFormulas() throws IOException {
    NormSpec target = new NormSpec("weight * x / (1 + abs(alpha * x))", Map.of("alpha", Learnable.from(1)));
    try (Session trained = session("model.norm.all={y: 'weight * x / (rms(x, 1e-3) + alpha)', alpha: 0.5}",
        "model.norm.final={y: 'x / rms(x, 1e-5)'}", "model.norm.attn.post={y: 'tanh(weight) * x / rms(x, 1e-5)'}",
        "model.norm.embedding=gatednorm")) {
      Inspection inspection = Inspection.of(SlotRecording.of(trained, 2), List.of(target));
      assertThat(inspection.slots()).extracting(Transplant::normalizes).containsExactly(false, true, false, true, true);
      for (Inspection.Slot old : List.of(inspection.slots().get(1), inspection.slots().getLast())) {
        FormulaFit fit = old.fits().getFirst().fit();
        try (Session changed = new Transplant(trained, 0).with(Map.of(old.name(), fit))) {
          SlotRecording slot = SlotRecording.of(changed, 1).stream().filter(s -> s.slot().equals(old.name()))
              .findFirst()
              .orElseThrow();
          assertThat(slot.type()).isEqualTo(target.type());
          assertThat(slot.state().scalars().get("alpha")).isCloseTo(fit.numbers().get("alpha"), within(1e-5));
          double[] weight = changed.backend().read(changed.weights().of(changed.model().parameters().stream()
              .filter(p -> p.name().equals(old.name() + ".weight")).findFirst().orElseThrow()));
          assertThat(weight).containsOnly((float) fit.scale());
        }
      }
    }
  }

  @Test
  void whatCannotTakeABiasOverIsSaidToBeSo() throws IOException {
    NormSpec target = NormSpec.of("weight * tanh(x)");
    Transplant.check(target);
    try (Session trained = session("model.norm.all=layernorm", "model.bias=true")) {
      Inspection inspection = Inspection.of(SlotRecording.of(trained, 1), List.of(target));
      assertThatThrownBy(() -> new Transplant(trained, 0).all(inspection)).isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "\"weight * tanh(x)\" cannot take the bias of blocks.0.attn.pre over; expected weight * f(x) + bias");
    }
    assertThatThrownBy(() -> Transplant.check(NormSpec.of("tanh(weight * x)")))
        .hasMessageContaining("cannot take a trained slot's weight over");
  }

  @Test
  void thePageHasAFigureForEverySlot() throws IOException {
    try (Session session = session("model.norm.all=rmsnorm", "model.norm.final=none")) {
      Path page = temp.resolve("page.html");
      inspection(SlotRecording.of(session, 2)).write(temp, page);
      assertThat(page).content().contains("blocks.0.attn.pre", "blocks.0.mlp.pre", "pre-affine output")
          .doesNotContain("{{", "final ");
    }
  }
}
