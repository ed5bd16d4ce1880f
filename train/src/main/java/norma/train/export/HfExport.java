package norma.train.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.models.Gpt;
import norma.models.GptConfig;
import norma.train.data.Vocabulary;
import norma.train.files.Json;
import norma.train.files.WholeFolder;
import norma.train.run.Checkpoint;
import norma.train.run.SavedRun;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;

/// A folder that the Python library `transformers` reads: a GPT-2 as the library's own model, any other model with a file of Python that has its
/// parts ([ModelingFile]).
final class HfExport implements Exporter {
  @Override
  public String write(SavedRun run, Path to) throws IOException {
    GptConfig config = run.folder().config(List.of()).model();
    Checkpoint checkpoint = run.checkpoint();
    Vocabulary vocabulary = checkpoint.vocabulary();
    Map<String, Tensor> tensors = checkpoint.tensors(new Gpt(config, vocabulary.size()).parameters());
    boolean gpt2 = Gpt2.is(config);
    String source = gpt2 ? "" : ModelingFile.of(config, vocabulary.size());
    WholeFolder.write(to, folder -> {
      write(folder, "config.json", gpt2 ? Gpt2.json(config, vocabulary.size()) : json(config, vocabulary.size()));
      write(folder, "tokenizer.json", CharTokenizer.json(vocabulary));
      write(folder, "tokenizer_config.json", Map.of("tokenizer_class", "PreTrainedTokenizerFast", "model_max_length",
          config.context(), "model_input_names", List.of("input_ids", "attention_mask"), "clean_up_tokenization_spaces",
          false, "padding_side", "right"));
      if (!gpt2) {
        Files.writeString(folder.resolve(ModelingFile.NAME), source);
      }
      Safetensors.write(folder.resolve("model.safetensors"), gpt2 ? Gpt2.tensors(config, tensors) : tensors, Map.of());
    });
    return "AutoModelForCausalLM.from_pretrained(" + Json.text(to.toString()).strip()
        + (gpt2 ? ")" : ", trust_remote_code=True)");
  }

  private static Map<String, Object> json(GptConfig config, int vocabulary) {
    Map<String, Object> json = new HashMap<>();
    json.put("architectures", List.of("NormaForCausalLM"));
    json.put("model_type", "norma");
    json.put("auto_map", Map.of("AutoConfig", "modeling_norma.NormaConfig", "AutoModelForCausalLM",
        "modeling_norma.NormaForCausalLM"));
    json.put("vocab_size", vocabulary);
    json.put("hidden_size", config.width());
    json.put("num_hidden_layers", config.layers());
    json.put("num_attention_heads", config.heads());
    json.put("num_key_value_heads", config.keyHeads());
    json.put("max_position_embeddings", config.context());
    json.put("tie_word_embeddings", false); // the file of Python uses one tensor for both where they are one
    json.put("use_cache", false);
    return json;
  }

  private static void write(Path folder, String name, Map<String, Object> json) throws IOException {
    Files.writeString(folder.resolve(name), Json.text(json));
  }
}
