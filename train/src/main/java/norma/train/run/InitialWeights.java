package norma.train.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import norma.autodiff.Parameter;
import norma.train.data.Vocabulary;
import norma.train.files.Json;
import norma.weights.Safetensors.Tensor;

/// What a new run has taken from a trained one, `train.init_from`: every parameter takes the tensor of its name; of a parameter with a row
/// for each token, every character that both know takes its row. Everything else starts as without it, the optimizer's moments at zero.
///
/// @param from  the checkpoint
/// @param taken names of parameters that have its numbers
/// @param fresh names of parameters that it does not have
/// @param rows  tokens that it does not know, whose rows start fresh
/// @param left  names of tensors that the model does not have
public record InitialWeights(Checkpoint from, List<String> taken, List<String> fresh, int rows, List<String> left) {
  /// What `environment.json` calls the hash of their file.
  static final String SHA256 = "init_sha256";
  private static final String KEY = "train.init_from: ";

  public InitialWeights {
    taken = List.copyOf(taken);
    fresh = List.copyOf(fresh);
    left = List.copyOf(left);
  }

  /// The checkpoint that a path means, a run's newest or itself.
  ///
  /// @param path absolute
  /// @throws RunException if there is none, or it is damaged
  public static Checkpoint checkpoint(Path path) {
    try {
      return SavedRun.of(path, null).checkpoint();
    } catch (RunException e) {
      throw new RunException(KEY + e.getMessage(), e);
    }
  }

  /// Copies the weights to a session that has been initialized.
  ///
  /// @throws RunException if a tensor has another shape than its parameter, or no name fits
  static InitialWeights take(Checkpoint from, Session session) {
    Map<String, Tensor> tensors = from.tensors();
    List<Parameter> perToken = session.model().perToken();
    Vocabulary here = session.vocabulary();
    int[] rows = IntStream.range(0, here.size()) // for each token the row that the trained run has for it, or -1
        .map(id -> from.vocabulary().id(here.character(id))).toArray();
    List<String> taken = new ArrayList<>();
    List<String> fresh = new ArrayList<>();
    List<String> misfits = new ArrayList<>();
    for (Parameter parameter : session.weights().parameters()) {
      Tensor tensor = tensors.remove(parameter.name());
      int[] expected = parameter.shape();
      if (perToken.contains(parameter)) {
        expected[0] = from.vocabulary().size();
      }
      if (tensor == null) {
        fresh.add(parameter.name());
      } else if (Arrays.equals(tensor.shape(), expected)) {
        taken.add(parameter.name());
        double[] values = from.finite(parameter.name(), tensor);
        session.backend().write(session.weights().of(parameter),
            perToken.contains(parameter)
                ? placed(values, rows, session.backend().read(session.weights().of(parameter)))
                : values);
      } else {
        misfits.add(parameter.name() + " has shape " + Arrays.toString(tensor.shape()) + " there and "
            + Arrays.toString(expected) + " here");
      }
    }
    if (taken.isEmpty() || !misfits.isEmpty()) {
      throw new RunException(KEY + from.folder() + " does not fit: " + (misfits.isEmpty()
          ? "no tensor has a parameter's name"
          : misfits.getFirst() + (misfits.size() > 1 ? ", and " + (misfits.size() - 1) + " more" : ""))
          + "; expected the run's own sizes, which a new run has without CONFIG and without settings of model");
    }
    return new InitialWeights(from, taken, fresh, (int) Arrays.stream(rows).filter(row -> row < 0).count(),
        tensors.keySet().stream().map(Json::printable).toList());
  }

  /// Refuses to begin a run again with other weights than it began with.
  static void requireSame(RunFolder run, Session session) {
    String before = run.environment(SHA256);
    String now = session.initial().map(initial -> initial.from().sha256()).orElse("");
    if (!now.equals(before)) {
      throw new RunException(KEY + "the weights of " + session.config().train().initFrom().map(Path::toString).orElse(
          "none") + " are not those that " + run.path() + " began with (SHA-256 " + Json.printable(before)
          + "): they changed since, and it has no checkpoint of its own; start a new run");
    }
  }

  /// Puts rows of trained numbers in the places of their tokens.
  private static double[] placed(double[] trained, int[] rows, double[] values) {
    int width = values.length / rows.length;
    for (int id = 0; id < rows.length; id++) {
      if (rows[id] >= 0) {
        System.arraycopy(trained, rows[id] * width, values, id * width, width);
      }
    }
    return values;
  }
}
