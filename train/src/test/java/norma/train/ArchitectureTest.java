package norma.train;

import norma.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  @Test
  void theWholeHouseKeepsItsRules() {
    HouseRules.checkAll();
  }
}
