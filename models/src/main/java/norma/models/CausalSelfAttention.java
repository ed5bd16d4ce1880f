package norma.models;

import java.util.List;
import java.util.stream.Stream;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.kernels.DropMask;
import norma.nn.Dropout;
import norma.nn.Linear;
import norma.nn.NormSpec;
import norma.ops.Attention;
import norma.ops.Concat;
import norma.ops.Op;
import norma.ops.Reshape;
import norma.ops.TakeColumns;

/// Multi-head self-attention in which a token sees itself and earlier ones (arXiv:1706.03762), with normalization slots on
/// the queries and keys of each head, on its values, and before the output projection.
final class CausalSelfAttention {
  private final GptConfig config;
  private final String name;
  private final Linear qkv;
  private final List<NormSlot> parts; // queries, keys, values
  private final NormSlot inner;
  private final Linear proj;
  private final Dropout dropout;

  CausalSelfAttention(GptConfig config, int block, Scope parent) {
    this.config = config;
    Scope scope = parent.child("attn");
    name = scope.name();
    int width = config.width();
    qkv = new Linear(scope.child("qkv"), width, 3 * width, config.bias(), Initial.normal(Gpt.INITIAL_STD));
    NormSpec qk = config.norm().of(Slot.QK);
    parts = List.of(new NormSlot(qk, scope.child("qk.query"), config.headWidth(), config.bias()),
        new NormSlot(qk, scope.child("qk.key"), config.headWidth(), config.bias()),
        NormSlot.of(config, block, Slot.ATTN_V, parent, config.headWidth()));
    inner = NormSlot.of(config, block, Slot.ATTN_INNER, parent, width);
    Initial residual = Initial.normal(Gpt.INITIAL_STD / Math.sqrt(2 * config.layers()));
    proj = new Linear(scope.child("proj"), width, width, config.bias(), residual);
    dropout = new Dropout(name + ".dropout", name + ".proj", config.dropout());
  }

  Tensor forward(Tape tape, Tensor x) { // (B, T, C)
    Tensor y = normalized(tape, qkv.forward(tape, x)); // (B, T, 3C)
    long time = x.value().dim(1);
    DropMask mask = tape.pass().mask(name + ".weights", config.dropout(), config.heads() * time * time);
    y = tape.apply(name + ".attention", new Attention(config.heads(), mask), y); // (B, T, C)
    return dropout.forward(tape, proj.forward(tape, inner.forward(tape, y)));
  }

  List<NormSlot> slots() {
    return Stream.concat(parts.stream(), Stream.of(inner)).toList();
  }

  /// Queries, keys and values through their slots, head by head.
  private Tensor normalized(Tape tape, Tensor all) { // (B, T, 3C)
    if (parts.stream().allMatch(NormSlot::isEmpty)) {
      return all;
    }
    List<Integer> rows = List.of(all.value().dim(0), all.value().dim(1), config.width());
    List<Integer> heads = List.of(all.value().dim(0), all.value().dim(1), config.heads(), config.headWidth());
    Tensor[] normalized = new Tensor[3];
    for (int i = 0; i < 3; i++) {
      Tensor part = split(tape, new TakeColumns(i * config.width(), config.width()), all); // (B, T, C)
      if (!parts.get(i).isEmpty()) {
        part = parts.get(i).forward(tape, split(tape, new Reshape(heads), part)); // (B, T, H, D)
        part = split(tape, new Reshape(rows), part);
      }
      normalized[i] = part;
    }
    return split(tape, new Concat(), normalized); // (B, T, 3C)
  }

  private Tensor split(Tape tape, Op<?> op, Tensor... inputs) {
    return tape.apply(name + ".heads", op, inputs);
  }
}
