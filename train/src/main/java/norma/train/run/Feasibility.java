package norma.train.run;

import java.util.HashMap;
import java.util.Map;
import norma.kernels.Backend;
import norma.models.Gpt;
import norma.train.config.RunConfig;
import norma.train.data.Split;

/// Whether runs can be trained on this machine, found before anything of theirs is allocated. It refuses what [Session#start] would
/// refuse, in the same words; runs that compute in the same way share a backend.
public final class Feasibility implements AutoCloseable {
  private final Map<RunConfig.Runtime, Backend> backends = new HashMap<>();

  /// Refuses a run that cannot be trained here.
  ///
  /// @param tokens     of its text
  /// @param vocabulary distinct ones among them
  /// @throws norma.train.data.DataException     if a split of the text is too short
  /// @throws RunException                       if there is no such backend here, or too little memory
  /// @throws norma.kernels.cuda.CudaException if the GPU cannot be used
  public void require(RunConfig config, int tokens, int vocabulary) {
    Split.cut(tokens, config.data().valFraction(), config.data().trainFraction(), config.model().context());
    Backend backend = backends.computeIfAbsent(config.runtime(), runtime -> Backends.choose(runtime, false).backend());
    MemoryNeed.of(config, new Gpt(config.model(), vocabulary), backend).requireRoom(backend);
  }

  @Override
  public void close() {
    backends.values().forEach(Backend::close);
  }
}
