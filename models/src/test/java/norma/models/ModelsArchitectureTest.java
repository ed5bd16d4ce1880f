package norma.models;

import norma.HouseRules;
import org.junit.jupiter.api.Test;

class ModelsArchitectureTest {

  @Test
  void frameworkAndModelsKeepTheHouseRules() {
    HouseRules.checkAll();
  }
}
