package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The launcher's class cache makes starts quicker and may be anything else: missing, broken, of another build. The installation is one of
/// its own, with the same build in it: tests beside this one start with the real one's cache.
class ClassCacheTest {
  @TempDir
  private static Path home;
  @TempDir
  private Path folder;
  private static Launcher first = new Launcher(-1, "", "");
  private static Path cache = Path.of("");

  @BeforeAll
  static void install() throws Exception {
    for (String part : List.of("framework", "models", "train", "configs")) {
      Files.createSymbolicLink(home.resolve(part), Launcher.HOME.resolve(part));
    }
    for (String file : List.of("norma", "pom.xml")) { // a link would be newer than the build
      Files.copy(Launcher.HOME.resolve(file), home.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    Files.createDirectory(home.resolve("target"));
    first = version(home, Map.of());
    try (Stream<Path> files = Files.list(home.resolve("target"))) {
      cache = files.filter(file -> file.toString().endsWith(".aot")).max(Comparator.comparing(Path::toString))
          .orElseThrow();
    }
  }

  @Test
  void aMissingCacheIsMadeInSilence() {
    assertVersion(first);
    assertThat(cache).isNotEmptyFile();
  }

  @Test
  void aBrokenCacheIsIgnoredInSilence() throws Exception {
    Path kept = Files.move(cache, folder.resolve("kept"));
    try {
      Files.writeString(cache, "not a class cache");
      assertVersion(version(folder, Map.of()));
      byte[] half = new byte[1 << 20];
      try (var in = Files.newInputStream(kept)) {
        assertThat(in.readNBytes(half, 0, half.length)).isEqualTo(half.length);
      }
      Files.write(cache, half);
      assertVersion(version(folder, Map.of()));
    } finally {
      Files.move(kept, cache, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Test
  void aNormOfTheUsersOwnStartsWithTheCacheToo() throws Exception {
    assertVersion(version(folder, Map.of("NORMA_CLASSPATH", folder.toString())));
  }

  private static Launcher version(Path folder, Map<String, String> environment) throws Exception {
    return Launcher.run(home, folder, environment, List.of("--version"));
  }

  private static void assertVersion(Launcher version) {
    assertThat(version.err()).isEmpty();
    assertThat(version.code()).isZero();
    assertThat(version.out()).startsWith("norma 0.1.0 (");
  }

  /// Neither help nor an error of usage or configuration needs ND4J.
  @Test
  void nd4jIsLoadedOnlyToCompute() throws Exception {
    for (List<String> arguments : List.of(List.of("--help"), List.of("--version"), List.of("train", "--help"),
        List.of("train", "model.width=-1"), List.of("train", "no-such-file.yaml"), List.of("compare", "x", "y"))) {
      Launcher started = Launcher.run(home, folder, Map.of("JDK_JAVA_OPTIONS", "-Xlog:class+load:file=classes.log"),
          arguments);
      assertThat(started.err().replaceFirst("NOTE: Picked up JDK_JAVA_OPTIONS.*\\R", "")).as(arguments.toString())
          .doesNotContain("Exception");
      assertThat(Files.readString(folder.resolve("classes.log"))).as(arguments.toString())
          .contains(" norma.train.cli.Main ").doesNotContain(" org.nd4j.", " org.bytedeco.");
    }
  }
}
