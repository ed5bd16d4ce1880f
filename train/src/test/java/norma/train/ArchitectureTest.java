package norma.train;

import com.tngtech.archunit.core.domain.JavaClasses;
import norma.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  @Test
  void theWholeHouseKeepsItsRules() {
    JavaClasses classes = HouseRules.production();
    HouseRules.dependenciesPointDownwards().check(classes);
    HouseRules.theVectorApiIsUsedInOnePackage().check(classes);
    HouseRules.noOtherAutodiff().check(classes);
    HouseRules.onlyTheCommandLinePrints().check(classes);
    HouseRules.noJavaUtilLogging().check(classes);
  }
}
