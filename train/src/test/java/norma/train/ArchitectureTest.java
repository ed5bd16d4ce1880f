package norma.train;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The dependencies that are allowed, in all modules: the class path of this one has the others.
class ArchitectureTest {
  /// The package that may call foreign functions of a GPU's driver.
  private static final String CUDA_PACKAGE = "norma.kernels.cuda";
  /// The package that makes machine code and calls it, and the functions of the system that map it.
  private static final String MACHINE_PACKAGE = "norma.machine";

  /// Layers from the bottom to the top; each sees those before it, and none beside it.
  private static final List<List<String>> LAYERS = List.of(List.of("array", "formula", "machine", "random"),
      List.of("kernels"),
      List.of("ops"),
      List.of("autodiff"), List.of("nn", "optim", "weights"), List.of("models"), List.of("train"));

  /// The lower rooms of `train`; each sees those before it, and nothing else of `train`. All others may see them.
  private static final List<List<String>> ROOMS = List.of(List.of("files"), List.of("metrics", "config"),
      List.of("data"), List.of("run"), List.of("cluster"));

  private static final JavaClasses CLASSES = production();

  /// The production classes on the class path. What they use of libraries is known by its name, which the rules ask for: reading those
  /// classes too took twenty seconds (2026-11-29).
  private static JavaClasses production() {
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    return new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
        .withImportOption(location -> !location.contains("-tests.jar")) // another module's, once packaged
        .importPackages("norma");
  }

  /// `array <- kernels <- ops <- autodiff <- nn, optim, weights <- models <- train`.
  @Test
  void dependenciesPointDownwards() {
    var rule = layeredArchitecture().consideringOnlyDependenciesInAnyPackage("norma..").withOptionalLayers(true);
    for (String layer : LAYERS.stream().flatMap(List::stream).toList()) {
      rule = rule.layer(layer).definedBy("norma." + layer + "..");
    }
    for (int i = 0; i < LAYERS.size() - 1; i++) {
      String[] above = LAYERS.subList(i + 1, LAYERS.size()).stream().flatMap(List::stream).toArray(String[]::new);
      for (String layer : LAYERS.get(i)) {
        rule = rule.whereLayer(layer).mayOnlyBeAccessedByLayers(above);
      }
    }
    rule.whereLayer("train").mayNotBeAccessedByAnyLayer().check(CLASSES);
  }

  /// `files <- metrics, config <- data <- run <- cluster <- all others`: a run writes no report and knows no command and no study, nor does a job
  /// of a cluster.
  @Test
  void roomsSeeThoseBelow() {
    List<String> below = new ArrayList<>();
    for (List<String> floor : ROOMS) {
      for (String room : floor) {
        requireSees(room, below);
      }
      below.addAll(floor);
    }
  }

  /// The kernels' interface knows no implementation, and these do not know each other; only `cpu` has a part that is a room of its own.
  @Test
  void kernelsKnowNoOtherRoom() {
    noClasses().that().resideInAPackage("norma.kernels").should().dependOnClassesThat()
        .resideInAPackage("norma.kernels.*").check(CLASSES);
    slices().matching("norma.kernels.(*)").should().notDependOnEachOther()
        .ignoreDependency(resideInAPackage("norma.kernels.cpu"), resideInAPackage("norma.kernels.rows"))
        .check(CLASSES);
  }

  /// Foreign functions are called in two packages, of which one alone makes memory executable: what is outside of Java's own checks lies
  /// in few places.
  @Test
  void foreignFunctionsAreCalledInTwoPackages() {
    noClasses().that().resideOutsideOfPackages(CUDA_PACKAGE, MACHINE_PACKAGE).should()
        .dependOnClassesThat().belongToAnyOf(Linker.class, SymbolLookup.class).allowEmptyShould(true).check(CLASSES);
  }

  /// Fused kernels call nothing of ND4J: those of the CPU work on its memory, those of a GPU do without.
  @Test
  void fusedKernelsUseNoNd4j() {
    noClasses().that().resideInAnyPackage("norma.kernels.rows", "norma.kernels.cpu", CUDA_PACKAGE, MACHINE_PACKAGE)
        .should().dependOnClassesThat().resideInAnyPackage("org.nd4j..", "org.bytedeco..").allowEmptyShould(true)
        .check(CLASSES);
  }

  /// The autodiff is ours.
  @Test
  void noOtherAutodiffIsUsed() {
    noClasses().should().dependOnClassesThat().resideInAnyPackage("org.nd4j.autodiff..", "org.deeplearning4j..")
        .check(CLASSES);
  }

  /// Results for people are the command line's business; diagnostics go to Log4j.
  @Test
  void onlyTheCommandLinePrints() {
    noClasses().that().resideOutsideOfPackage("norma.train.cli..").should()
        .accessField(System.class, "out").orShould().accessField(System.class, "err").orShould()
        .callMethod(Throwable.class, "printStackTrace").check(CLASSES);
  }

  /// Tables, charts and pages know events and files; a run, a study or a profile hands them what they show.
  @Test
  void reportsTouchNoRun() {
    requireSees("report", List.of("metrics", "files"));
  }

  /// A room of `train` sees these others, and none else of `train`.
  private static void requireSees(String room, List<String> others) {
    String[] allowed = Stream.concat(Stream.of(room), others.stream()).map(name -> "norma.train." + name)
        .toArray(String[]::new);
    noClasses().that().resideInAPackage("norma.train." + room).should().dependOnClassesThat(
        resideInAPackage("norma.train..").and(not(resideInAnyPackage(allowed)))).check(CLASSES);
  }

  /// A study trains, an inspection looks at what was trained; neither knows the other.
  @Test
  void studiesAndInspectionsStandApart() {
    noClasses().that().resideInAPackage("norma.train.study..").should().dependOnClassesThat()
        .resideInAPackage("norma.train.inspect..").check(CLASSES);
    noClasses().that().resideInAPackage("norma.train.inspect..").should().dependOnClassesThat()
        .resideInAPackage("norma.train.study..").check(CLASSES);
  }

  /// One logging library.
  @Test
  void javaUtilLoggingIsNotUsed() {
    noClasses().should().dependOnClassesThat().resideInAPackage("java.util.logging..").check(CLASSES);
  }

  /// Records are looked into where a key of the configuration and where a line of `metrics.jsonl` is defined, and nowhere else.
  @Test
  void recordsAreReflectedInTwoPlaces() {
    noClasses().that().haveNameNotMatching("norma\\.train\\.(config\\.ConfigKey|metrics\\.).*").should()
        .dependOnClassesThat().belongToAnyOf(RecordComponent.class).check(CLASSES);
  }

  /// Where each thing is allowed it is done: a rule that no longer sees it would hold for ever.
  @Test
  void theRulesSeeWhatTheyForbid() {
    List<ArchRule> broken = List.of(
        noClasses().should().dependOnClassesThat().resideInAPackage("org.nd4j.."),
        noClasses().should().dependOnClassesThat().belongToAnyOf(Linker.class),
        noClasses().should().accessField(System.class, "out"),
        noClasses().should().callMethod(Throwable.class, "printStackTrace"),
        noClasses().that().resideInAPackage("norma.train..").should().dependOnClassesThat()
            .resideInAPackage("norma.models.."));
    assertThat(broken).allMatch(rule -> rule.evaluate(CLASSES).hasViolation());
  }
}
