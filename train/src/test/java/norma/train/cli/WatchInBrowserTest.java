package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import norma.train.files.Tree;
import norma.train.report.RunFixture;
import norma.train.watch.WatchServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What somebody sees and clicks who watches runs. Pictures of it lie in `target/browser`.
class WatchInBrowserTest {
  private static final Path PICTURES = Path.of(System.getProperty("norma.home"), "train/target/browser");

  @TempDir
  private Path folder;

  @Test
  void runsAreOpenedFollowedChangedAndSaved() throws Exception {
    Optional<Path> chromium = Browser.installed();
    assumeTrue(chromium.isPresent(), "no chromium, chromium-browser or google-chrome on the PATH: no click is tried");
    Path first = run("first");
    run("second");
    WatchedWork work = new WatchedWork(List.of(folder.resolve("runs")));
    for (int i = 0; i < 5; i++) { // a page that takes long to make is made seldom
      work.page(List.of(first.toString()), "");
    }
    try (
        WatchServer server = new WatchServer(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), work);
        Browser browser = new Browser(chromium.get(), folder)) {
      for (int width : new int[]{ 1280, 390 }) {
        overviewLeadsToARun(browser, server.url(), width);
        if (width == 1280) {
          aNewLineShows(browser, first);
        }
        togglesChangeTheCurves(browser, width);
        saves(browser, width);
        darkIsDark(browser, width);
        severalRunsAreCompared(browser, server.url(), width);
      }
      assertThat(browser.errors()).isEmpty();
    }
  }

  private Path run(String name) throws Exception {
    Path run = folder.resolve("runs").resolve(name);
    RunFixture.full(run);
    return run;
  }

  private static void overviewLeadsToARun(Browser browser, String url, int width) throws Exception {
    browser.open(url, width);
    assertThat(browser.value("document.querySelectorAll('table a').length").asInt()).isEqualTo(2);
    fits(browser, width + "-overview");
    browser.click("[...document.querySelectorAll('table a')].find(a => a.textContent.includes('first'))");
    browser.until(
        "document.querySelector('h1')?.textContent.startsWith('first') && document.querySelector('#loss .tools')");
    browser.pointAtNothing();
    fits(browser, width + "-run");
  }

  /// Nothing reaches out of the window at the side.
  private static void fits(Browser browser, String picture) throws Exception {
    browser.picture(PICTURES.resolve(picture + ".png"));
    assertThat(browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth").asInt())
        .as(picture).isZero();
  }

  private static void aNewLineShows(Browser browser, Path run) throws Exception {
    browser.value("window.sameDocument = true");
    Files.writeString(run.resolve("metrics.jsonl"),
        """
            {"event":"step","step":2500,"tokens":1920000,"loss":1.5,"lr":1e-4,"grad_norm":0.5,"step_ms":12.5,"tokens_per_s":61440,"elapsed_s":31.9}
            """,
        StandardOpenOption.APPEND);
    browser.until("JSON.parse(document.getElementById('data').textContent).flat().some(s => s.x.at(-1) === 2500)"
        + " && window.sameDocument");
    assertThat(browser.value("document.getElementById('live').textContent").asString()).isEqualTo("live");
  }

  private static String chart(int width) {
    return "document.querySelector('#loss svg." + (width < 600 ? "narrow" : "wide") + "')";
  }

  private static String button(int width, String name) {
    return "[..." + chart(width) + ".parentNode.querySelectorAll('.tools" + (width < 600 ? ".narrow" : ".wide")
        + " button')].find(b => b.textContent === '" + name + "')";
  }

  private static void togglesChangeTheCurves(Browser browser, int width) throws Exception {
    String drawn = "[..." + chart(width)
        + ".querySelectorAll('[data-curve] path')].map(p => p.getAttribute('d')).join()";
    String before = browser.value(drawn).asString();
    for (String toggle : List.of("log", "smooth")) {
      browser.click(button(width, toggle));
      assertThat(browser.value(drawn).asString()).as(toggle).isNotEqualTo(before);
      assertThat(browser.value(button(width, toggle) + ".getAttribute('aria-pressed')").asString()).isEqualTo("true");
      fits(browser, width + "-" + toggle);
      browser.click(button(width, toggle));
      assertThat(browser.value(drawn).asString()).as(toggle + " off").isEqualTo(before);
    }
  }

  private void saves(Browser browser, int width) throws Exception {
    for (String kind : List.of("svg", "png", "csv")) {
      browser.click(button(width, kind.toUpperCase(Locale.ROOT)));
      Path file = Files.move(saved("." + kind), PICTURES.resolve(width + "-saved." + kind),
          StandardCopyOption.REPLACE_EXISTING);
      switch (kind) {
        case "svg" -> assertThat(file).content().startsWith("<svg").contains("<path", "stroke:rgb").endsWith("</svg>");
        case "png" -> assertThat(ImageIO.read(file.toFile()).getWidth()).isGreaterThan(500);
        default -> assertThat(Files.readAllLines(file)).hasSizeGreaterThan(200)
            .anyMatch(line -> line.startsWith("1000,")).first().asString().startsWith("step,");
      }
    }
  }

  /// What the browser has downloaded, once it is whole.
  private Path saved(String end) throws Exception {
    for (int i = 0; i < 2000; i++) {
      Optional<Path> file = Tree.list(folder).stream().filter(path -> path.toString().endsWith(end)).findFirst();
      if (file.isPresent()) {
        return file.get();
      }
      Thread.sleep(50);
    }
    throw new AssertionError("nothing was saved as " + end);
  }

  private static void darkIsDark(Browser browser, int width) throws Exception {
    for (String scheme : List.of("dark", "light")) {
      browser.call("Emulation.setEmulatedMedia",
          Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
      String brightness = "(name => getComputedStyle(document.body)[name].match(/[0-9.]+/g).slice(0, 3)"
          + ".reduce((a, b) => a + Number(b), 0) / 765)";
      double page = browser.value(brightness + "('backgroundColor')").asDouble();
      double text = browser.value(brightness + "('color')").asDouble();
      assertThat(scheme.equals("dark") ? text - page : page - text).as(scheme + " page " + page + ", text " + text)
          .isGreaterThan(0.6);
      browser.picture(PICTURES.resolve(width + "-" + scheme + ".png"));
    }
  }

  private static void severalRunsAreCompared(Browser browser, String url, int width) throws Exception {
    browser.open(url, width);
    for (int i = 0; i < 2; i++) {
      browser.click("document.querySelectorAll('input[type=checkbox]')[" + i + "]");
    }
    browser.click("document.querySelector('form button')");
    browser.until("document.title.endsWith('comparison') && document.querySelectorAll('.tools').length > 0");
    browser.pointAtNothing();
    fits(browser, width + "-comparison");
  }
}
