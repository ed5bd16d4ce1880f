package norma.train.study;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import norma.kernels.Backend;
import norma.kernels.cuda.CudaException;
import norma.models.Gpt;
import norma.train.config.RunConfig;
import norma.train.data.DataException;
import norma.train.data.Split;
import norma.train.run.Backends;
import norma.train.run.MemoryNeed;
import norma.train.run.RunException;
import norma.train.study.Study.Candidate;

/// Variants that cannot be trained on this machine, and the reasons: all of them at once, found before the first run.
public final class UntrainableVariants implements AutoCloseable {
  private final StepCost cost;
  private final OptionalInt threads;
  private final Map<RunConfig.Runtime, Backend> backends = new HashMap<>();
  private final Map<String, Set<String>> variants = new LinkedHashMap<>(); // by reason
  private final Set<Candidate> checked = new HashSet<>();

  /// @param threads of each run whose configuration says `auto`
  UntrainableVariants(StepCost cost, int threads) {
    this.cost = cost;
    this.threads = OptionalInt.of(threads);
  }

  /// Refuses a study of which a run that is left cannot be trained here.
  ///
  /// @param threads of each run whose configuration says `auto`
  /// @throws RunException with one line that names every such variant and why
  public static void refuse(StudyFolder folder, int threads) {
    try (UntrainableVariants found = new UntrainableVariants(new StepCost(), threads)) {
      folder.cells().stream().filter(folder::left)
          .forEach(cell -> found.check(cell.variant().name(), cell.candidate()));
      found.refuse(folder.study().variants().size());
    }
  }

  void add(String variant, String reason) {
    variants.computeIfAbsent(reason, _ -> new LinkedHashSet<>()).add(variant);
  }

  boolean isEmpty() {
    return variants.isEmpty();
  }

  void check(String variant, Candidate candidate) {
    if (checked.add(candidate)) {
      try {
        RunConfig config = candidate.config().runtime().threads().isPresent()
            ? candidate.config()
            : candidate.config().with(threads);
        Split.cut(cost.tokens(candidate.config()), config.data().valFraction(), config.data().trainFraction(),
            config.model().context());
        Backend backend = backends.computeIfAbsent(config.runtime(), r -> Backends.choose(r, false).backend());
        Backends.requireKernels(config, backend);
        MemoryNeed.of(config, new Gpt(config.model(), cost.vocabulary(candidate.config())), backend)
            .requireRoom(backend);
      } catch (DataException | RunException | CudaException e) {
        add(variant, String.valueOf(e.getMessage()));
      }
    }
  }

  /// @param all variants of the study
  void refuse(int all) {
    if (!variants.isEmpty()) {
      long count = variants.values().stream().flatMap(Set::stream).distinct().count();
      throw new RunException(count + " of " + all + " variants cannot be trained here: "
          + variants.entrySet().stream().map(e -> String.join(", ", e.getValue()) + ": " + e.getKey())
              .collect(Collectors.joining("; ")));
    }
  }

  @Override
  public void close() {
    backends.values().forEach(Backend::close);
  }
}
