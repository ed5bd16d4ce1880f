package norma.train.study;

import static norma.train.report.Markup.all;
import static norma.train.report.Markup.sections;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import norma.train.cli.Outcome;
import norma.train.files.ProcessLock;
import norma.train.run.RunException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyReportTest {
  /// A text that is read at once.
  private static final String BASE = "base: {data: {corpus: \"builtin:macbeth\"}}\n";

  private static final String TYPES = BASE + """
      baseline: layernorm
      variants:
        layernorm: {}
        dyt: {model.norm.all: dyt}
        bad: {model.norm.all: dyisru}
      seeds: 3
      """;

  @TempDir
  Path temp;

  private StudyFolder study(String yaml) throws IOException {
    Path file = Files.writeString(temp.resolve("x.yaml"), yaml);
    return StudyFixture.of(file, temp.resolve("study"), 200);
  }

  private static String report(StudyFolder folder) throws IOException {
    StudyReport.write(folder, "norma study x");
    return Files.readString(folder.path().resolve("report.html"));
  }

  private static String section(String html, String id) {
    return all(html, "<section id=\"" + id + "\">.*?</section>").getFirst();
  }

  @Test
  void aFinishedStudyHasEverySection() throws IOException {
    StudyFolder folder = study(TYPES);
    String html = report(folder);
    assertThat(sections(html)).containsExactly("results", "differences", "curves", "slots",
        "probes", "outputs", "layers", "runs", "configs", "reproduce");
    assertThat(html).contains("<svg", "norma study x", "difference of the best validation loss")
        .doesNotContain("{{", "<!--", "NaN", "Infinity", "src=", "https://");
    assertThat(folder.path().resolve("results.csv")).content().startsWith("study,variant,").hasLineCount(10);
    assertThat(folder.path().resolve("summary.md")).content().contains(
        "| variant | best val loss | difference, 95 % interval | p (Holm) | verdict |", "| baseline |", "## Speed",
        "; `norma study x`.");
  }

  @Test
  void pairsOfDifferentMachinesAreLeftOut() throws IOException {
    StudyFolder folder = study(TYPES);
    Study.Variant dyt = folder.study().variants().get(1);
    Study.Cell cell = folder.study().cell(dyt, dyt.candidates().getFirst(), 2);
    Files.writeString(cell(folder, cell),
        Files.readString(cell(folder, cell)).replace("\"cpu\" : \"one\"", "\"cpu\" : \"another\""));
    StudySummary summary = StudySummary.of(new StudyFolder(folder.study(), folder.path()));
    assertThat(summary.rows().get(1).best().pairs()).isEqualTo(2);
    assertThat(summary.rows().get(1).foreign()).containsExactly(2L);
    assertThat(SummaryText.remarks(summary)).anyMatch(remark -> remark.contains("seeds [2] are left out"));
  }

  @Test
  void aStudyThatHasOnlyBegunHasAPageToo() throws IOException {
    Path file = Files.writeString(temp.resolve("x.yaml"), TYPES);
    String html = report(new StudyFolder(StudyReader.read(file, List.of()), temp.resolve("study")));
    assertThat(sections(html)).containsExactly("results", "runs", "configs", "reproduce");
    assertThat(html).contains("Not finished: 0 of 9 runs").doesNotContain("{{", "<!--", "NaN");
  }

  @Test
  void oneVariantHasItsLossesOverTheSeedsAndNothingToCompare() throws IOException {
    StudyFolder folder = study(BASE + "variants: {alone: {}}\nseeds: 3\n");
    String html = report(folder);
    assertThat(sections(html)).containsExactly("results", "curves", "slots", "outputs",
        "layers", "runs", "configs", "reproduce");
    assertThat(section(html, "results")).contains("95 % interval", " \u00b1 ")
        .doesNotContain("verdict", "ifference", "baseline", "More numbers");
    String summary = Files.readString(folder.path().resolve("summary.md"));
    assertThat(summary)
        .startsWith("# x\n\n1 variant, 3 seeds.\n\n| variant | best val loss | 95 % interval | final | runs |")
        .containsPattern("\n\\| alone \\| \\d\\.\\d{4} \u00b1 \\d\\.\\d{4} \\| \\[\\d\\.\\d{4}, \\d\\.\\d{4}] ")
        .contains("; steps of 768 characters: 2,000; ").doesNotContain("verdict", "ifference", "More numbers");
  }

  @Test
  void runsWhoseFoldersWereClearedAwayKeepTheirResults() throws IOException {
    StudyFolder folder = study(TYPES);
    assertThat(section(report(folder), "results")).contains("not reached");
    for (Path metrics : files(folder.path().resolve("runs"), "metrics.jsonl")) {
      Files.delete(metrics);
    }
    String html = report(new StudyFolder(folder.study(), folder.path()));
    assertThat(sections(html)).containsExactly("results", "differences", "runs", "configs",
        "reproduce");
    assertThat(section(html, "results")).as("nobody knows any more").doesNotContain("not reached", "NaN", "Infinity");
  }

  /// What an earlier form of the study has left is none of its results.
  @Test
  void theListCountsTheRunsOfTheStudyAsItIsNow() throws IOException {
    Path path = study(TYPES).path();
    Path changed = Files.writeString(temp.resolve("x.yaml"),
        TYPES.replace("dyt: {model.norm.all: dyt}", "dyt: {model.norm.all: derf}"));
    StudyFile.write(new StudyFolder(StudyReader.read(changed, List.of()), path), "norma study x");
    assertThat(Outcome.ok("ls", path.toString())).containsPattern(" unfinished .* 6/9 ");
  }

  @Test
  void aRunThatFailedIsNotAmongThoseWhoseMachineIsNamed() throws IOException {
    StudyFolder folder = study(TYPES);
    folder.fail(folder.cells().getLast(), "its text is gone");
    assertThat(SummaryText.setting(StudySummary.of(folder), "norma study x")).contains("; one; ")
        .doesNotContain(" or ;");
  }

  /// The fixture's `bad` diverges on the last seed: on one of three, on the only one.
  @Test
  void aBaselineThatDivergedIsSaidOfItsVariants() throws IOException {
    String bad = BASE + "baseline: bad\nvariants: {bad: {}, dyt: {model.norm.all: dyt}}\nseeds: ";
    StudySummary one = StudySummary.of(study(bad + "3\n"));
    assertThat(one.rows().getLast().words()).startsWith("too few seeds to tell")
        .endsWith(", of the seeds that trained");
    assertThat(SummaryText.remarks(one)).contains("dyt: the baseline diverged on 1 of 3 seeds, the variant on none "
        + "(McNemar's p of diverging unlike the baseline, uncorrected: 1.000)");
    StudySummary every = StudySummary.of(study(bad + "1\n"));
    assertThat(every.rows().getLast().words()).isEqualTo("no pairs, since the baseline diverged");
    assertThat(Headline.of(every)).isEqualTo("No pairs, since the baseline diverged: dyt. "
        + "The baseline bad does not train on 1 of 1 seed. 2 variants, 1 seed each.");
  }

  @Test
  void aSlotsNumberIsTheMeanOverTheSeedsAtTheLastProbe() throws IOException {
    StudyFolder folder = study(TYPES);
    StudySummary summary = StudySummary.of(folder);
    VariantRuns dyt = VariantRuns.of(folder, summary).get(1);
    double mean = 0;
    for (CellResult result : summary.rows().get(1).results().values()) {
      String last = Files.readAllLines(folder.path().resolve(result.folder()).resolve("metrics.jsonl")).stream()
          .filter(line -> line.startsWith("{\"event\":\"norm\",\"step\":200,")).findFirst().orElseThrow();
      mean += Double.parseDouble(all(last, "(?<=blocks.3.mlp.pre\".{1,80}in_rms\":)[\\d.]+").getFirst()) / 3;
    }
    assertThat(dyt.lastProbe(norma.train.metrics.Event.Slot::inRms).get("blocks.3.mlp.pre")).isCloseTo(mean,
        org.assertj.core.data.Offset.offset(1e-9));
    assertThat(section(report(folder), "slots")).contains(">" + SlotMaps.digits(mean) + "</td>");
  }

  /// Also those of a norm that Norma does not know.
  @Test
  void everyScalarOfANormHasACurveUnderItsOwnName() throws IOException {
    StudyFolder folder = study(TYPES);
    for (Path metrics : files(folder.path().resolve("runs"), "metrics.jsonl")) {
      Files.writeString(metrics, Files.readString(metrics).replace("\"type\":\"dyt\"",
          "\"type\":\"mine\",\"knee\":0.5,\"tail\":-3,\"squash_slope\":7"));
    }
    String probes = section(report(new StudyFolder(folder.study(), folder.path())), "probes");
    assertThat(all(probes, "(?<=<summary>)\\w+")).containsExactly("dyt", "bad");
    assertThat(probes).contains(">knee</text>", ">tail</text>", ">alpha</text>", ">beta</text>", ">slope</text>");
  }

  @Test
  void variantsThatReplaceOneSlotEachGiveAMapOfDifferences() throws IOException {
    StudyFolder folder = study(BASE + """
        baseline: layernorm
        variants:
          layernorm: {}
          dyt-attn: {model.norm.attn.pre: dyt}
          dyt-final: {model.norm.final: dyt}
          dyt-all: {model.norm.all: dyt}
          block-1: {model.norm.blocks: [{of: "1", attn.pre: dyisru}]}
          block-3: {model.norm.blocks: [{of: "3", attn.pre: dyisru}]}
        seeds: 2
        """);
    StudySummary summary = StudySummary.of(folder);
    String effects = section(report(folder), "effects");
    assertThat(all(effects, "(?<=<caption>)\\w+")).containsExactly("dyt", "dyisru");
    double attn = 1000 * summary.rows().get(1).best().mean();
    double block = 1000 * summary.rows().get(4).best().mean();
    assertThat(all(effects, ">[+\u2212][\\d.]+</td>")).as("four blocks and final; blocks 1 and 3").hasSize(7)
        .startsWith(cell(attn), cell(attn), cell(attn), cell(attn)).contains(cell(block));
    assertThat(effects).as("what changes everything is no slot's effect")
        .doesNotContain(cell(1000 * summary.rows().get(3).best().mean()));
  }

  private static String cell(double difference) {
    return ">" + String.format(java.util.Locale.ROOT, "%+.1f", difference).replace('-', '\u2212') + "</td>";
  }

  /// Runs of 25 s, as the results say; of those under way the log says 12.7 ms a step.
  @Test
  void theTimeThatIsLeftFollowsFromRunsThatEndedAndBeforeThemFromThoseUnderWay() throws IOException {
    StudyFolder whole = study(TYPES);
    Study.Cell running = whole.cells().get(8);
    Path log = files(whole.runs(running), "metrics.jsonl").getFirst();
    Files.write(log,
        Files.readAllLines(log).stream().filter(line -> line.matches(".*\"step\":([1-9]0|100),.*")).toList());
    double share = 100.0 / running.config().train().steps();
    Files.delete(cell(whole, running));
    Files.delete(cell(whole, whole.cells().get(7)));
    StudyFolder folder = new StudyFolder(whole.study(), whole.path());
    try (ProcessLock lock = folder.lock(running.id())) {
      assertThat(lock).isNotNull();
      StudyProgress later = StudyProgress.of(folder);
      assertThat(later.ended()).isEqualTo(7);
      assertThat(later.underWay()).isEqualTo(1);
      assertThat(later.share()).isEqualTo(share);
      assertThat(later.secondsLeft()).isCloseTo(25 + (1 - share) * 25, within(1e-9));
      for (Study.Cell ended : whole.cells().subList(0, 7)) {
        Files.delete(cell(whole, ended));
      }
      StudyProgress first = StudyProgress.of(new StudyFolder(whole.study(), whole.path()));
      assertThat(first.secondsLeft()).isCloseTo((9 - share) * 1.27 / share, within(1e-9));
    }
    assertThat(StudyProgress.of(new StudyFolder(whole.study(), whole.path())).secondsLeft()).isNaN();
  }

  private static Path cell(StudyFolder folder, Study.Cell cell) {
    return folder.path().resolve("cells").resolve(cell.id() + ".json");
  }

  @Test
  void aStudyThatCannotTellSaysWhyAndHowManySeedsCould() throws IOException {
    StudyFolder folder = study(TYPES + "grid: {data.train_fraction: [0.5, 1.0]}\n");
    report(folder);
    assertThat(Files.readString(folder.path().resolve("summary.md")))
        .contains(
            "he smallest p that 3 seeds can give is 2/2^3 = 0.25 (1 after Holm's correction for 4 comparisons), above 0.05 "
                + "whatever the losses are, so only more seeds can decide: 8 or more.")
        .contains("too few seeds to tell (higher on ", " seeds would show it)")
        .containsPattern(
            "dyt over 2 points of the grid: \\d of 6 pairs better; pooled .0\\.\\d{4}, 95 % interval \\[.*], "
                + "sign-flip over 3 seeds p 0\\.\\d+ \\(Holm, 2 comparisons\\): too few seeds to tell");
  }

  @Test
  void aGridOverANumberNamesItsBestValue() throws IOException {
    StudyFolder folder = study("""
        base: {data: {corpus: "builtin:macbeth"}, model: {norm: {all: dyt}}}
        baseline: dyt
        variants: {dyt: {}}
        grid: {model.norm.all.alpha: [0.3, 0.6, 1.2]}
        seeds: 3
        """);
    String grid = section(report(folder), "grid");
    assertThat(grid).contains(">dyt</th>", ">model.norm.all.alpha</td>", "<td class=\"n\">best</td>", ">0.6</td>");
    assertThat(all(grid, "<svg")).hasSize(2);
    StudySummary summary = StudySummary.of(folder);
    double first = Arrays.stream(summary.rows().getFirst().completed(CellResult::bestLoss)).average().orElseThrow();
    String headline = Headline.of(summary);
    assertThat(headline)
        .startsWith("Best model.norm.all.alpha: 0.3 (mean loss " + String.format(Locale.ROOT, "%.4f", first)
            + "), at the edge of the grid: a wider one might find a better value. Told apart from it by ")
        .endsWith(" 3 variants, 3 seeds each.");
    for (int i : new int[]{ 1, 2 }) {
      PairedDifferences toBest = new PairedDifferences(summary.rows().get(i).completed(CellResult::bestLoss),
          summary.rows().getFirst().completed(CellResult::bestLoss));
      PairedDifferences.Interval interval = toBest.studentInterval();
      String told = String.format(Locale.ROOT, "%s is %+.4f [%+.4f, %+.4f]", i == 1 ? "0.6" : "1.2", toBest.mean(),
          interval.low(), interval.high()).replace('-', '\u2212');
      boolean apart = interval.low() > 0;
      assertThat(headline.indexOf(told)).as(told).isPositive()
          .matches(at -> apart == (at < headline.indexOf("; not told apart: ")));
    }
    assertThat(Files.readString(folder.path().resolve("summary.md"))).contains(headline);
    assertThat(SummaryText.remarks(summary)).noneMatch(line -> line.contains("alpha"));
  }

  /// Writes the loss of the frequencies into the results of some runs.
  private static StudySummary withUnigram(StudyFolder folder, String runs, double loss) throws IOException {
    for (Study.Cell cell : folder.cells()) {
      if (cell.id().matches("(" + runs + ")-.*")) {
        Files.writeString(cell(folder, cell), Files.readString(cell(folder, cell))
            .replaceFirst("\"unigram_loss\" : null", "\"unigram_loss\" : " + loss));
      }
    }
    return StudySummary.of(new StudyFolder(folder.study(), folder.path()));
  }

  /// Whatever became of the baseline: losses of both lie around 2.98.
  @Test
  void aVariantThatStaysAtTheFrequenciesOfCharactersDoesNotTrain() throws IOException {
    StudyFolder folder = study(TYPES);
    for (String runs : List.of("dyt-s.", "layernorm-s.")) {
      StudySummary summary = withUnigram(folder, runs, 2.98);
      assertThat(summary.rows().get(1).words()).isEqualTo("does not train");
      assertThat(SummaryText.remarks(summary)).anyMatch(line -> line.contains("dyt (3 of 3 runs) learned only the "
          + "frequencies of the characters, which alone give a loss of 2.98: more steps, "));
    }
  }

  /// Losses are far above 1.5. More seeds would not make a comparison of it; of `bad` the last seed diverged.
  @Test
  void whatDoesNotTrainIsTheAnswerAndNeedsNoMoreSeeds() throws IOException {
    StudyFolder folder = study(TYPES);
    String mixed = Headline.of(withUnigram(folder, "dyt-s.|layernorm-s1", 1.5));
    assertThat(mixed).startsWith("dyt does not train in 2,000 steps. Too few seeds to tell: bad (")
        .contains(" The baseline layernorm does not train on 1 of 3 seeds. ", " 7 or more. ")
        .containsPattern("All 2 pairs of bad are (lower|higher) than their baseline, but the smallest p ");
    StudySummary none = withUnigram(folder, "bad-s.", 1.5);
    assertThat(none.rows().getLast().words()).isEqualTo("does not train");
    assertThat(Headline.of(none)).isEqualTo("dyt and bad do not train in 2,000 steps. "
        + "The baseline layernorm does not train on 1 of 3 seeds. 3 variants, 3 seeds each.");
    assertThat(SummaryText.remarks(none))
        .contains("layernorm (1 of 3 runs), dyt (3 of 3 runs), bad (2 of 3 runs) did not even "
            + "reach the frequencies of the characters, which alone give a loss of 1.50: too few steps, or too low a rate");
  }

  @Test
  void aVariantThatTrainsNowhereIsNotPooledOverTheGrid() throws IOException {
    StudyFolder folder = study(TYPES + "grid: {data.train_fraction: [0.5, 1.0]}\n");
    StudySummary summary = withUnigram(folder, "dyt-.*", 1.5);
    assertThat(SummaryText.pools(summary)).hasSize(1).allMatch(line -> line.startsWith("bad over 2 points"));
  }

  private static String withTrain(String settings) {
    return TYPES.replace(BASE, BASE.replace("}}", "}, train: {" + settings + "}}"));
  }

  @Test
  void curvesOfOnePointAreAnnouncedByThePlanAndNotCalledLines() throws IOException {
    StudyFolder folder = study(withTrain("steps: 200"));
    assertThat(folder.study().onePoint())
        .hasValue(
            "one point each, since train.eval_every (250) is more than the steps (200); train.eval_every=20 gives more");
    String lines = report(folder);
    assertThat(section(lines, "curves")).contains("Lines are means over the seeds").doesNotContain("second half");
    assertThat(section(lines, "probes")).contains("from the lowest to the highest block");
    assertThat(study(withTrain("steps: 200, eval_every: 50")).study().onePoint()).isEmpty();

    StudyFolder brief = StudyFixture.of(temp.resolve("x.yaml"), temp.resolve("brief"), 50);
    String dots = report(brief);
    assertThat(section(dots, "curves")).contains("Each run has one evaluation").doesNotContain("Lines", "shading");
    assertThat(section(dots, "probes")).contains("Each run has one probe").doesNotContain("shading");
    assertThat(brief.path().resolve("summary.md")).content().doesNotContain("## Speed");
  }

  @Test
  void theBaseIsNamedAmongTheSettings() throws IOException {
    StudyFolder folder = study(TYPES);
    report(folder);
    assertThat(Files.readString(folder.path().resolve("summary.md"))).contains("| layernorm | the base |",
        "| dyt | `model.norm.all=dyt` |").doesNotContain("``");
  }

  @Test
  void theReportIsMadeAgainFromTheFolderAlone() throws IOException {
    StudyFolder folder = study(TYPES + "tune: {optim.lr: [1e-4, 1e-3, 1e-2]}\ntune_seeds: 1\n"
        + "grid: {data.train_fraction: [0.5, 1.0]}\ntitle: \"A <title>\"\nnote: why\n");
    String html = report(folder);
    String csv = Files.readString(folder.path().resolve("results.csv"));
    Files.delete(temp.resolve("x.yaml"));
    Path moved = Files.move(folder.path(), temp.resolve("moved"));
    StudyFile file = StudyFile.read(moved);
    assertThat(file.study()).isEqualTo(folder.study());
    assertThat(file.command()).isEqualTo("norma study x");
    assertThat(report(new StudyFolder(file.study(), moved))).isEqualTo(html);
    assertThat(moved.resolve("results.csv")).hasContent(csv);
  }

  @Test
  void aDamagedStudyFileIsNamedInOneLine() throws IOException {
    for (String text : List.of("{oops", "{}", "[]", "{\"variants\": []}", "{\"variants\": [{\"name\": 3}]}")) {
      Files.writeString(temp.resolve(StudyFile.FILE), text);
      assertThatThrownBy(() -> StudyFile.read(temp)).as(text).isInstanceOf(RunException.class)
          .hasMessageContaining("study.json is damaged: ").message().doesNotContain("\n");
    }
  }

  @Test
  void aStudyWithNormsThatAreNotHereSaysWhatItNeeds() throws IOException {
    StudyFolder folder = study(TYPES);
    report(folder);
    Path file = folder.path().resolve(StudyFile.FILE);
    Files.writeString(file, Files.readString(file).replace("dyisru", "not_here"));
    assertThatThrownBy(() -> StudyFile.read(folder.path())).isInstanceOf(RunException.class)
        .hasMessageContainingAll(file + " is damaged, or has norms of one's own, which need NORMA_CLASSPATH: ",
            "not_here")
        .message().doesNotContain("\n");
  }

  /// Names become parts of paths, and a variant without its baseline cannot be reported.
  @Test
  void aStudyFileThatReachesOutOfItsFolderIsDamaged() throws IOException {
    StudyFolder folder = study(TYPES);
    report(folder);
    Path file = folder.path().resolve(StudyFile.FILE);
    String sound = Files.readString(file);
    for (String damaged : List.of(sound.replace("\"name\" : \"x\"", "\"name\" : \"../x\""),
        sound.replace("\"name\" : \"dyt\"", "\"name\" : \"../../etc/passwd\""),
        sound.replace("\"name\" : \"dyt\"", "\"name\" : \"\""),
        sound.replace("\"name\" : \"dyt\"", "\"name\" : \"/etc/passwd\""),
        sound.replace("\"baseline\" : true", "\"baseline\" : false"),
        sound.replaceFirst("(?s)\"candidates\" : \\[.*?\\} \\]", "\"candidates\" : [ ]"))) {
      assertThat(damaged).isNotEqualTo(sound);
      Files.writeString(file, damaged);
      assertThatThrownBy(() -> StudyFile.read(folder.path())).isInstanceOf(RunException.class)
          .hasMessageContaining("study.json is damaged: ").message().doesNotContain("\n");
    }
  }

  @Test
  void aResultThatNamesARunOutsideOfTheStudyIsDamaged() throws IOException {
    StudyFolder folder = study(TYPES);
    Study.Cell cell = folder.cells().getFirst();
    Path file = folder.path().resolve("cells").resolve(cell.id() + ".json");
    String sound = Files.readString(file);
    for (String run : List.of("../elsewhere", "/etc", "runs/../../x", "runs", "runs//x", "cells", "runs/.hidden",
        "runs/a\\u0000")) {
      Files.writeString(file,
          sound.replaceFirst("\"folder\" : \"[^\"]*\"", "\"folder\" : \"" + run.replace("\\", "\\\\") + "\""));
      StudyFolder fresh = new StudyFolder(folder.study(), folder.path());
      assertThatThrownBy(() -> fresh.result(cell)).as(run).isInstanceOf(RunException.class)
          .hasMessageContaining(file + " is damaged: its folder is not one below runs; delete it");
    }
  }

  @Test
  void aShortFileThatAsksForMillionsOfRunsIsRefusedBeforeTheyAreMade() throws IOException {
    StringBuilder axes = new StringBuilder();
    for (String key : List.of("optim.lr", "optim.eps", "optim.min_lr", "optim.weight_decay", "optim.clip_norm",
        "model.dropout",
        "data.val_fraction", "data.train_fraction")) {
      axes.append("  ").append(key).append(": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]\n");
    }
    for (String yaml : List.of(TYPES + "grid:\n" + axes, TYPES + "tune_seeds: 1\ntune:\n" + axes)) {
      Path file = Files.writeString(temp.resolve("x.yaml"), yaml);
      assertThatThrownBy(() -> StudyReader.read(file, List.of()))
          .hasMessageContaining("runs or more; expected at most 100000");
    }
  }

  /// 500 runs of 500 steps.
  @Test
  void fiveHundredRunsGiveASmallPage() throws IOException {
    StringBuilder yaml = new StringBuilder(BASE + "baseline: v0\nseeds: 50\nvariants:\n");
    for (int i = 0; i < 10; i++) {
      yaml.append("  v").append(i).append(": {model.norm.all: {type: dyt, alpha: ").append(1 + i).append("}}\n");
    }
    Path file = Files.writeString(temp.resolve("x.yaml"), yaml);
    StudyFolder folder = StudyFixture.of(file, temp.resolve("study"), 500);
    StudyFolder fresh = new StudyFolder(folder.study(), folder.path());
    String html = report(fresh);
    assertThat(all(html, "norma train [^<]*train.seed=50")).hasSize(10);
    assertThat(html.length()).isLessThan(2_000_000);
  }

  private static List<Path> files(Path folder, String name) throws IOException {
    try (var files = Files.walk(folder)) {
      return files.filter(file -> file.endsWith(name)).toList();
    }
  }
}
