package norma.train.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import norma.train.config.Assignment;
import norma.train.data.DataException;
import norma.train.files.Errors;
import norma.train.files.Json;
import norma.train.files.Tree;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// A model in the layout of GPT-2 or nanoGPT ([Gpt2]), read as if an enemy had written it: sizes are those of the tensors, and what only
/// `config.json` can know is taken from it where it is there.
///
/// @param file    with the weights
/// @param tensors by Norma's names
/// @param layout  whose it is, for people
/// @param settings what a run's configuration says of it, as `key=value`
/// @param vocabulary V
record ForeignModel(Path file, Map<String, Tensor> tensors, String layout, List<String> settings, int vocabulary) {
  static final String WEIGHTS = "model.safetensors";
  static final String CONFIG = "config.json";
  private static final Pattern PREFIX = Pattern.compile("^(_orig_mod\\.)?(transformer\\.)?"); // torch.compile's, GPT2LMHeadModel's
  /// The causal mask, which some files have as a tensor, of numbers or of bits.
  private static final Pattern MASK = Pattern.compile(PREFIX + "h\\.\\d+\\.attn\\.(bias|masked_bias)");
  private static final Pattern PICKLE = Pattern.compile(".*\\.(pt|pth|bin|pkl|ckpt)");
  private static final String QKV = "attn.qkv.weight";

  /// Reads a model.
  ///
  /// @param place a folder with `model.safetensors`, or a file
  /// @param heads whether the user says how many there are
  /// @throws DataException            with one line that says what is wrong with a file
  /// @throws IllegalArgumentException if nobody says how many heads it has
  static ForeignModel read(Path place, boolean heads) {
    Path file = weights(place);
    Map<String, Tensor> tensors = named(file);
    int[] tokens = shape(file, tensors, "tok_emb.weight");
    boolean turned = isTurned(file, tensors, tokens[1]);
    if (turned) {
      tensors.replaceAll((name, tensor) -> Gpt2.isTurned(name) ? Gpt2.transposed(tensor) : tensor);
    }
    Tensor head = tensors.get(Gpt2.HEAD);
    boolean tied = head == null
        || Arrays.equals(head.data(), Objects.requireNonNull(tensors.get("tok_emb.weight")).data());
    if (tied) {
      tensors.remove(Gpt2.HEAD);
    }
    List<String> settings = new ArrayList<>(sizes(file, tensors, tokens[1]));
    settings.add("model.tie_embeddings=" + tied);
    settings.addAll(described(file.resolveSibling(CONFIG), turned, heads));
    return new ForeignModel(file, tensors, turned ? "GPT-2" : "nanoGPT", settings, tokens[0]);
  }

  private static List<String> sizes(Path file, Map<String, Tensor> tensors, int width) {
    int hidden = shape(file, tensors, "blocks.0.mlp.fc.weight")[0];
    if (hidden % width != 0) {
      throw new DataException(file + " has an MLP of " + hidden + " channels in a model of " + width
          + "; expected a whole multiple, model.mlp_ratio");
    }
    return List.of("model.layers=" + tensors.keySet().stream().filter(name -> name.endsWith(QKV)).count(),
        "model.width=" + width, "model.context=" + shape(file, tensors, "pos_emb.weight")[0],
        "model.mlp_ratio=" + hidden / width, "model.bias=" + tensors.containsKey("blocks.0.attn.qkv.bias"));
  }

  private static Path weights(Path place) {
    if (Files.isDirectory(place)) {
      Path file = place.resolve(WEIGHTS);
      if (Files.exists(file)) {
        return file;
      }
      try {
        Tree.list(place).stream().filter(ForeignModel::isPickle).min(Comparator.comparing(ForeignModel::isOther)
            .thenComparing(Comparator.naturalOrder())).ifPresent(ForeignModel::refusePickle);
      } catch (IOException e) {
        throw new DataException(Errors.line(e), e);
      }
      throw new DataException(place + " has no " + WEIGHTS + "; expected a folder with one, or such a file");
    }
    if (isPickle(place)) {
      refusePickle(place);
    }
    if (!Files.exists(place)) {
      throw new DataException(place + ": no such file or folder");
    }
    return place;
  }

  private static boolean isPickle(Path file) {
    return PICKLE.matcher(String.valueOf(file.getFileName())).matches();
  }

  /// Whether a pickle may lie beside the weights, such as an optimizer's state.
  private static boolean isOther(Path file) {
    return !List.of("ckpt.pt", "pytorch_model.bin").contains(String.valueOf(file.getFileName()));
  }

  private static void refusePickle(Path file) {
    boolean nanoGpt = !String.valueOf(file.getFileName()).endsWith(".bin");
    throw new DataException(
        file + " is a pickle, which can run code when it is read; Python makes a folder of it that can be read: "
            + "import json, torch, safetensors.torch as s; c = torch.load("
            + Json.text(String.valueOf(file.getFileName())).strip()
            + ", map_location='cpu'); s.save_file({k: v.clone() for k, v in c" + (nanoGpt ? "['model']" : "")
            + ".items() if v.is_floating_point()}, 'model.safetensors')"
            + (nanoGpt ? "; json.dump(c['model_args'], open('config.json', 'w'))" : ""));
  }

  /// The tensors by Norma's names, without masks.
  private static Map<String, Tensor> named(Path file) {
    Map<String, Tensor> named = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Tensor> entry : Safetensors.read(file, name -> !MASK.matcher(name).matches()).entrySet()) {
        String name = PREFIX.matcher(entry.getKey()).replaceFirst("");
        if (named.put(norma(file, name), entry.getValue()) != null) {
          throw new DataException(file + " has two tensors for " + name);
        }
      }
    } catch (IOException e) {
      throw new DataException(Errors.line(e), e);
    }
    return named;
  }

  private static String norma(Path file, String name) {
    String norma = Gpt2.norma(name);
    if (norma == null) {
      throw new DataException(file + " has a tensor " + Json.printable(name)
          + "; expected the names of GPT-2 or nanoGPT, such as transformer.h.0.attn.c_attn.weight");
    }
    return norma;
  }

  /// Of a matrix.
  private static int[] shape(Path file, Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null || tensor.shape().length != 2 || tensor.data().length == 0) {
      throw new DataException(file + " has no matrix " + Gpt2.name(name)
          + "; expected the tensors of GPT-2 or nanoGPT");
    }
    return tensor.shape();
  }

  /// Whether its matrices are (in, out).
  private static boolean isTurned(Path file, Map<String, Tensor> tensors, int width) {
    int[] shape = shape(file, tensors, "blocks.0." + QKV);
    if (shape[0] == width && shape[1] == 3L * width) {
      for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
        if (Gpt2.isTurned(entry.getKey())) {
          shape(file, tensors, entry.getKey());
        }
      }
      return true;
    }
    if (shape[0] == 3L * width && shape[1] == width) {
      return false;
    }
    throw new DataException(file + " has " + Gpt2.name("blocks.0." + QKV) + " of shape " + Arrays.toString(shape)
        + " in a model of " + width + " channels; expected queries, keys and values of all of them");
  }

  /// What the tensors do not tell.
  private static List<String> described(Path file, boolean turned, boolean heads) {
    JsonNode json = json(file);
    if (json == null && !heads) {
      throw new IllegalArgumentException(
          "how many heads the model has cannot be known from its tensors, and there is no "
              + file + "; give model.heads=N");
    }
    List<String> settings = new ArrayList<>();
    if (json != null) {
      require(file, json, "model_type", "gpt2");
      require(file, json, "scale_attn_weights", "true");
      require(file, json, "scale_attn_by_inverse_layer_idx", "false");
      if (!heads) {
        settings.add("model.heads=" + whole(file, json, "n_head"));
      }
    }
    String name = json == null ? "" : Json.plain(json.path("activation_function"));
    String activation = name.isEmpty() ? turned ? "gelu_new" : "gelu" : name; // the defaults of the two
    String formula = Gpt2.ACTIVATIONS.get(activation);
    if (formula == null) {
      throw new DataException(file + " has activation_function " + Json.printable(activation) + "; expected one of "
          + Gpt2.ACTIVATIONS.keySet().stream().sorted().toList());
    }
    settings.add(Assignment.text("model.activation", formula));
    JsonNode eps = json == null ? null : json.get("layer_norm_epsilon");
    if (eps != null && !(eps.isNumber() && eps.doubleValue() > 0 && eps.doubleValue() <= 1)) {
      throw new DataException(file + " has layer_norm_epsilon " + Json.printable(eps.toString())
          + "; expected a number above 0, at most 1");
    }
    settings.add("model.norm.all=" + (eps == null ? "layernorm" : "{type: layernorm, eps: " + eps.doubleValue() + "}"));
    return settings;
  }

  private static @Nullable JsonNode json(Path file) {
    JsonNode json = Files.exists(file) ? parsed(file) : null;
    if (json != null && !json.isObject()) {
      throw new DataException(file + " is no JSON object");
    }
    return json;
  }

  /// What a JSON file says.
  ///
  /// @throws DataException with one line that names the file, if it cannot be read or is none
  static JsonNode parsed(Path file) {
    try {
      return Json.read(file);
    } catch (IOException e) {
      throw new DataException(Errors.line(e), e);
    } catch (JacksonException e) {
      throw new DataException(file + " is not JSON: " + Json.problem(e), e);
    }
  }

  /// Refuses another value than this where there is one.
  private static void require(Path file, JsonNode json, String name, String expected) {
    JsonNode value = json.get(name);
    if (value != null && !Json.plain(value).equals(expected)) {
      throw new DataException(
          file + " has " + name + " " + Json.printable(value.toString()) + "; expected " + expected);
    }
  }

  private static int whole(Path file, JsonNode json, String name) {
    JsonNode value = json.path(name);
    if (!value.isInt() || value.intValue() < 1) {
      throw new DataException(file + " has " + name + " " + Json.printable(value.toString())
          + "; expected a whole number above 0, or model.heads=N on the command line");
    }
    return value.intValue();
  }
}
