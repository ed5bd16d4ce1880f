package norma;

import com.tngtech.archunit.core.domain.JavaClasses;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses CLASSES = HouseRules.production();

  @Test
  void dependenciesPointDownwards() {
    HouseRules.dependenciesPointDownwards().check(CLASSES);
  }

  @Test
  void theVectorApiIsUsedInOnePackage() {
    HouseRules.theVectorApiIsUsedInOnePackage().check(CLASSES);
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
  void javaUtilLoggingIsNotUsed() {
    HouseRules.noJavaUtilLogging().check(CLASSES);
  }
}
