package norma.train.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.nd4j.Nd4jBackend;
import norma.nn.NormType;
import norma.nn.NormTypes;
import norma.train.config.RunConfig;
import norma.train.doctor.BusyProcessors;
import norma.train.doctor.Finding;
import norma.train.doctor.Finding.Advice;
import norma.train.doctor.Gpu;
import norma.train.doctor.JvmSettings;
import norma.train.doctor.MemoryPressure;
import norma.train.doctor.NativeBuild;
import norma.train.run.Backends;
import norma.train.run.Environment;
import norma.train.run.Machine;
import norma.train.run.RunException;
import picocli.CommandLine.Command;

/// `norma doctor`.
@Command(name = "doctor", mixinStandardHelpOptions = true, description = "Shows what a run on this machine uses, why, and what would be faster.")
final class DoctorCommand implements Callable<Integer> {
  private static final int WIDTH = 100;
  private static final int LABEL = 9;

  private final Console console = new Console();
  private final int processors = Runtime.getRuntime().availableProcessors();

  @Override
  public Integer call() throws IOException, InterruptedException {
    console.line("%s", console.bold("norma " + Environment.version() + " (" + Environment.commit() + ")"));
    show("JDK", Environment.jdk());
    show("", "in " + System.getProperty("java.home"));
    show("start", Machine.classCache());
    show("CPU", Machine.cpu() + ", " + processors + " cores");
    show("memory", Machine.memory());
    show("vectors", Machine.vectors());
    show("products", Machine.products());
    JvmSettings settings = JvmSettings.current(ManagementFactory.getRuntimeMXBean().getInputArguments());
    List<Finding> findings = new ArrayList<>(BusyProcessors.measure(processors).findings()); // before the compilers work
    findings.addFirst(backend());
    findings.addAll(List.of(MemoryPressure.current().finding(), JvmSettings.jdk(Runtime.version()), settings.pages(),
        settings.flags()));
    show(Gpu.finding());
    show("norms", String.join(", ", NormTypes.all().stream().map(NormType::name).toList()));
    show("threads", "runtime.threads: auto is " + processors + ", one for each processor that the JVM sees;"
        + " norma profile configs/profiles/scaling.yaml measures others");
    findings.forEach(this::show);
    List<Advice> advice = findings.stream().flatMap(finding -> finding.advice().stream()).toList();
    advice.forEach(one -> show("advice", one.sentence()));
    if (advice.isEmpty()) {
      show("advice", "nothing found that would make a run faster");
      show("", "looked at: busy processors, quota, clock, memory, JDK, native build, huge pages, JVM options");
    }
    return 0;
  }

  private Finding backend() {
    Backends chosen;
    try {
      chosen = Backends.choose(RunConfig.DEFAULT.runtime(), false);
    } catch (RunException e) { // an installation for GPUs, without one
      return Finding.of("backend", "none: " + e.getMessage());
    }
    try (Backend backend = chosen.backend()) {
      show("backend", backend.description());
      show("", chosen.reason());
      Finding build = build(backend);
      boolean device = backend.deviceBytes().isPresent();
      show("copy", String.format(Locale.ROOT, "%.1f GB/s (%s, read and write counted, median of %d)",
          Machine.copyGigabytes(backend), device ? "512 MB in the GPU's memory" : "64 MB", Machine.REPEATS));
      return build;
    }
  }

  /// Measures products, and says whether another native build of ND4J would do better.
  private Finding build(Backend backend) {
    if (backend.deviceBytes().isPresent()) {
      product(backend, Machine.productGigaflops(backend), "");
      return Finding.of("native", "none: ND4J is not used, the GPU's kernels are Norma's own and cuBLAS's");
    }
    boolean own = !(backend instanceof Nd4jBackend);
    Optional<NativeBuild.Products> products = Optional.empty();
    if (own) {
      try (Backend nd4j = new Nd4jBackend(DType.FLOAT32, OptionalInt.of(1), false)) {
        double[] rates = Machine.productGigaflops(List.of(backend, nd4j));
        products = Optional.of(new NativeBuild.Products(backend.name(), rates[0], rates[1]));
        product(backend, rates[0], " a thread");
      }
    } else {
      product(backend, Machine.productGigaflops(backend), "");
    }
    Optional<NativeBuild.Products> measured = products;
    return NativeBuild.loaded().map(build -> build.finding(Machine.widestVectors(), own, measured))
        .orElseGet(() -> new Finding("native", List.of(Machine.nativeBuild() + ", a build that cannot be told"),
            List.of()));
  }

  private void product(Backend backend, double gigaflops, String each) {
    Machine.Product shape = Machine.Product.of(backend);
    show("product", String.format(Locale.ROOT, "%.0f GFLOP/s%s (float32, %d x %d x %d, median of %d)", gigaflops, each,
        shape.rows(), shape.in(), shape.out(), Machine.REPEATS));
  }

  private void show(Finding finding) {
    String label = finding.label();
    for (String fact : finding.facts()) {
      show(label, fact);
      label = "";
    }
  }

  /// Text beside its label, in lines that fit.
  private void show(String label, String text) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-" + LABEL + "s", label));
    int words = 0;
    for (String word : text.split(" ", -1)) {
      if (words > 0 && line.length() + 1 + word.length() > WIDTH) {
        console.text(line.toString());
        line = new StringBuilder(" ".repeat(LABEL));
        words = 0;
      }
      line.append(words > 0 ? " " : "").append(word);
      words++;
    }
    console.text(line.toString());
  }
}
