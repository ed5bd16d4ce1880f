package norma.models;

import java.util.List;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.kernels.DropMask;
import norma.nn.Dropout;
import norma.nn.Linear;
import norma.ops.Attention;
import norma.ops.Concat;
import norma.ops.Reshape;
import norma.ops.TakeColumns;

/// Multi-head self-attention in which a token sees itself and earlier ones (arXiv:1706.03762), with a normalization slot on
/// the queries and keys of each head (arXiv:2010.04245).
final class CausalSelfAttention {
  private final GptConfig config;
  private final String name;
  private final Linear qkv;
  private final NormSlot queryNorm;
  private final NormSlot keyNorm;
  private final Linear proj;
  private final Dropout dropout;

  CausalSelfAttention(GptConfig config, Scope scope) {
    this.config = config;
    this.name = scope.name();
    int width = config.width();
    qkv = new Linear(scope.child("qkv"), width, 3 * width, config.bias(), Initial.normal(Gpt.INITIAL_STD));
    queryNorm = new NormSlot(config.norm().qk(), scope.child("qk.query"), config.headWidth(), config.bias());
    keyNorm = new NormSlot(config.norm().qk(), scope.child("qk.key"), config.headWidth(), config.bias());
    Initial residual = Initial.normal(Gpt.INITIAL_STD / Math.sqrt(2 * config.layers()));
    proj = new Linear(scope.child("proj"), width, width, config.bias(), residual);
    dropout = new Dropout(name + ".dropout", name + ".proj", config.dropout());
  }

  Tensor forward(Tape tape, Tensor x) { // (B, T, C)
    Tensor y = normalizeQueriesAndKeys(tape, qkv.forward(tape, x)); // (B, T, 3C)
    long time = x.value().dim(1);
    DropMask mask = tape.pass().mask(name + ".weights", config.dropout(), config.heads() * time * time);
    y = tape.apply(name + ".attention", new Attention(config.heads(), mask), y); // (B, T, C)
    return dropout.forward(tape, proj.forward(tape, y));
  }

  List<NormSlot> slots() {
    return List.of(queryNorm, keyNorm);
  }

  private Tensor normalizeQueriesAndKeys(Tape tape, Tensor all) {
    if (queryNorm.type().equals("none")) {
      return all;
    }
    Tensor q = queryNorm.forward(tape, heads(tape, all, 0)); // (B, T, H, D)
    Tensor k = keyNorm.forward(tape, heads(tape, all, config.width()));
    Tensor v = tape.apply(name + ".heads", new TakeColumns(2 * config.width(), config.width()), all); // (B, T, C)
    return tape.apply(name + ".heads", new Concat(), join(tape, q), join(tape, k), v); // (B, T, 3C)
  }

  private Tensor heads(Tape tape, Tensor all, int from) {
    Tensor part = tape.apply(name + ".heads", new TakeColumns(from, config.width()), all);
    return tape.apply(name + ".heads", new Reshape(
        List.of(all.value().dim(0), all.value().dim(1), config.heads(), config.headWidth())), part);
  }

  private Tensor join(Tape tape, Tensor heads) {
    return tape.apply(name + ".heads", new Reshape(List.of(heads.value().dim(0), heads.value().dim(1), config.width())),
        heads);
  }
}
