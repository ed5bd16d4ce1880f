package norma.train;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Linker;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses CLASSES = HouseRules.production();

  @Test
  void dependenciesPointDownwards() {
    HouseRules.dependenciesPointDownwards().check(CLASSES);
  }

  @Test
  void roomsSeeThoseBelow() {
    HouseRules.roomsSeeThoseBelow().forEach(rule -> rule.check(CLASSES));
  }

  @Test
  void kernelsKnowNoOtherRoom() {
    HouseRules.kernelsKnowNoOtherRoom().check(CLASSES);
  }

  @Test
  void foreignFunctionsAreCalledInTwoPackages() {
    HouseRules.foreignFunctionsAreCalledInTwoPackages().check(CLASSES);
  }

  @Test
  void fusedKernelsUseNoNd4j() {
    HouseRules.fusedKernelsUseNoNd4j().check(CLASSES);
  }

  @Test
  void noOtherAutodiffIsUsed() {
    HouseRules.noOtherAutodiff().check(CLASSES);
  }

  @Test
  void onlyTheCommandLinePrints() {
    HouseRules.onlyTheCommandLinePrints().check(CLASSES);
  }

  @Test
  void reportsTouchNoRun() {
    HouseRules.reportsTouchNoRun().check(CLASSES);
  }

  @Test
  void studiesAndInspectionsStandApart() {
    HouseRules.studiesAndInspectionsStandApart().forEach(rule -> rule.check(CLASSES));
  }

  @Test
  void javaUtilLoggingIsNotUsed() {
    HouseRules.noJavaUtilLogging().check(CLASSES);
  }

  @Test
  void recordsAreReflectedInTwoPlaces() {
    HouseRules.recordsAreReflectedInTwoPlaces().check(CLASSES);
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
