package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import norma.train.files.Tree;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The launcher's class cache makes starts quicker and may be anything else: missing, broken, of another build. Among the first tests:
/// others wait for the cache that this one has made, since that costs more than a training.
class StartTest {
  private static final Path CACHES = Launcher.HOME.resolve("target");

  @TempDir
  private Path folder;
  private static Path cache = Path.of("");
  private static Launcher first = new Launcher(-1, "", "");

  @BeforeAll
  static void startWithoutACache(@TempDir Path folder) throws Exception {
    Files.createDirectories(CACHES); // the launcher's own build makes it, Maven alone does not
    for (Path old : caches()) {
      Files.delete(old);
    }
    first = version(Launcher.HOME, folder, Map.of());
    cache = caches().getFirst();
  }

  private static List<Path> caches() throws IOException {
    return Tree.list(CACHES).stream().filter(file -> file.toString().endsWith(".aot")).toList();
  }

  @Test
  void aMissingCacheIsMadeInSilence() {
    LauncherTest.assertVersion(first);
    assertThat(cache).isNotEmptyFile();
  }

  /// In an installation of its own, with the same build in it: tests beside this one start with the real one's cache.
  @Test
  void aBrokenCacheIsIgnoredInSilence() throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    for (String part : List.of("framework", "models", "train", "configs")) {
      Files.createSymbolicLink(home.resolve(part), Launcher.HOME.resolve(part));
    }
    for (String file : List.of("norma", "pom.xml")) { // a link would be newer than the build
      Files.copy(Launcher.HOME.resolve(file), home.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    Path broken = Files.createDirectory(home.resolve("target")).resolve(cache.getFileName());
    Files.writeString(classPath(broken),
        Files.readString(classPath(cache)).replace(Launcher.HOME.toString(), home.toString()));
    Files.writeString(broken, "not a class cache");
    LauncherTest.assertVersion(version(home, folder, Map.of()));
    byte[] half = new byte[1 << 20];
    try (var in = Files.newInputStream(cache)) {
      assertThat(in.readNBytes(half, 0, half.length)).isEqualTo(half.length);
    }
    Files.write(broken, half);
    LauncherTest.assertVersion(version(home, folder, Map.of()));
    assertThat(broken).hasBinaryContent(half);
  }

  /// Beside a cache: what it was made for.
  private static Path classPath(Path cache) {
    return cache.resolveSibling(cache.getFileName().toString().replaceFirst("aot$", "classpath"));
  }

  @Test
  void aNormOfTheUsersOwnStartsWithTheCacheToo() throws Exception {
    Launcher started = version(Launcher.HOME, folder,
        Map.of("NORMA_CLASSPATH", folder.toString(), "JDK_JAVA_OPTIONS", "-Xlog:class+load:file=classes.log"));
    assertThat(started.out()).startsWith("norma 0.1.0 (");
    assertThat(folder.resolve("classes.log")).content().contains(" norma.train.cli.Main source: shared objects file");
  }

  private static Launcher version(Path home, Path folder, Map<String, String> environment) throws Exception {
    return Launcher.run(home, folder, environment, List.of("--version"));
  }

  /// Neither help nor an error of usage or configuration needs ND4J.
  @Test
  void nd4jIsLoadedOnlyToCompute() throws Exception {
    Launcher help = new Launcher(-1, "", "");
    for (List<String> arguments : List.of(List.of("--help"), List.of("train", "model.width=-1"),
        List.of("compare", "x", "y"))) {
      Launcher started = Launcher.run(Launcher.HOME, folder,
          Map.of("JDK_JAVA_OPTIONS", "-Xlog:class+load:file=classes.log"),
          arguments);
      help = arguments.equals(List.of("--help")) ? started : help;
      assertThat(started.err()).as(arguments.toString()).doesNotContain("Exception");
      assertThat(Files.readString(folder.resolve("classes.log"))).as(arguments.toString())
          .contains(" norma.train.cli.Main ").doesNotContain(" org.nd4j.", " org.bytedeco.");
    }
    assertThat(help.code()).isZero();
    assertThat(help.out()).contains("train", "eval", "sample", "compare", "report", "doctor", "Exit codes");
  }

  @Test
  void doctorSaysWhatIsUsed() throws Exception {
    Launcher doctor = Launcher.run(folder, "doctor");
    assertThat(doctor.code()).isZero();
    assertThat(doctor.err()).isEmpty();
    assertThat(doctor.out()).contains("JDK ", "start    from the class cache ", "CPU ", "vectors  AVX",
        "backend  machine code, AVX", "GFLOP/s",
        "GB/s", "norms ", "native   ", "threads  runtime.threads: auto is ", "busy  ", "clock  ",
        "swap  ",
        "flags    the launcher's, and none that slows a run", "advice ");
    assertThat(doctor.out()).doesNotContain("\u001B");
  }
}
