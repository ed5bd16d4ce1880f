package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class HomeFolderTest {

  @Test
  void aTildeAloneOrBeforeASlashIsTheHomeFolder() {
    assertThat(HomeFolder.resolve("~", "/home/ada")).isEqualTo("/home/ada");
    assertThat(HomeFolder.resolve("~/my runs", "/home/ada")).isEqualTo("/home/ada/my runs");
    assertThat(HomeFolder.resolve("~/x", "/")).isEqualTo("/x");
  }

  @Test
  void anyOtherTildeIsALetter() {
    for (String path : new String[]{ "~user/x", "./~", "a/~/b", "x~", "", "runs" }) {
      assertThat(HomeFolder.resolve(path, "/home/ada")).isEqualTo(path);
    }
  }

  @Test
  void homeIsTheEnvironmentsAndWithoutOneTheSystems() {
    assertThat(HomeFolder.of(Map.of("HOME", "/home/ada"))).isEqualTo("/home/ada");
    assertThat(HomeFolder.of(Map.of("HOME", ""))).isEqualTo(System.getProperty("user.home"));
    assertThat(HomeFolder.of(Map.of())).isEqualTo(System.getProperty("user.home"));
  }
}
