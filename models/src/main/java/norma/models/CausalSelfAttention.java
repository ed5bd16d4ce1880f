package norma.models;

import java.util.List;
import java.util.stream.Stream;
import norma.autodiff.KeyValueCache;
import norma.autodiff.Pass;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.kernels.DropMask;
import norma.models.GptConfig.Positions;
import norma.nn.Dropout;
import norma.nn.Linear;
import norma.nn.NormSpec;
import norma.ops.Attention;
import norma.ops.CachedAttention;
import norma.ops.Concat;
import norma.ops.Op;
import norma.ops.Reshape;
import norma.ops.Rotary;
import norma.ops.TakeColumns;

/// Multi-head self-attention in which a token sees itself and earlier ones (arXiv:1706.03762), with normalization slots on
/// the queries and keys of each head, on its values, and before the output projection. Heads may share keys and values in groups
/// (arXiv:2305.13245), queries and keys may turn with the position (arXiv:2104.09864).
final class CausalSelfAttention {
  private final GptConfig config;
  private final String name;
  private final int heads;
  private final int kvHeads;
  private final int headWidth;
  private final Linear qkv;
  private final List<NormSlot> parts; // queries, keys, values
  private final NormSlot inner;
  private final Linear proj;
  private final Dropout dropout;

  CausalSelfAttention(GptConfig config, int block, Scope parent) {
    this.config = config;
    Scope scope = parent.child("attn");
    name = scope.name();
    heads = config.heads();
    kvHeads = config.keyHeads();
    headWidth = config.headWidth();
    int width = config.width();
    qkv = new Linear(scope.child("qkv"), width, (heads + 2 * kvHeads) * headWidth, config.bias(),
        config.init().matrix(width));
    NormSpec qk = config.norm().of(Slot.QK);
    parts = List.of(new NormSlot(qk, scope.child("qk.query"), headWidth, config.bias()),
        new NormSlot(qk, scope.child("qk.key"), headWidth, config.bias()),
        NormSlot.of(config, block, Slot.ATTN_V, parent, headWidth));
    inner = NormSlot.of(config, block, Slot.ATTN_INNER, parent, width);
    proj = new Linear(scope.child("proj"), width, width, config.bias(),
        config.init().beforeAdd(width, config.layers()));
    dropout = new Dropout(name + ".dropout", name + ".proj", config.dropout());
  }

  Tensor forward(Tape tape, Tensor x) { // (B, T, C)
    Tensor y = normalized(tape, qkv.forward(tape, x)); // (B, T, (H + 2K) D)
    if (config.positions() == Positions.ROTARY) {
      y = tape.apply(name + ".rotary", new Rotary(heads + kvHeads, headWidth, tape.pass().firstToken()), y);
    }
    y = attended(tape, y); // (B, T, C)
    return dropout.forward(tape, proj.forward(tape, inner.forward(tape, y)));
  }

  /// The sums of values that each token's queries ask for, from this pass and from a cache's tokens before it.
  private Tensor attended(Tape tape, Tensor qkv) {
    String layer = name + ".attention";
    Pass pass = tape.pass();
    KeyValueCache cache = pass.cache();
    if (cache == null) {
      long time = qkv.value().dim(1);
      DropMask mask = pass.mask(name + ".weights", config.dropout(), heads * time * time);
      return tape.apply(layer, new Attention(heads, kvHeads, mask), qkv);
    }
    Tensor before = tape.constant(cache.of(name, 2 * kvHeads * headWidth)); // (context, 2K D)
    return tape.apply(layer, new CachedAttention(heads, kvHeads, pass.firstToken()), qkv, before);
  }

  List<NormSlot> slots() {
    return Stream.concat(parts.stream(), Stream.of(inner)).toList();
  }

  /// Queries, keys and values through their slots, head by head.
  private Tensor normalized(Tape tape, Tensor all) { // (B, T, (H + 2K) D)
    if (parts.stream().allMatch(NormSlot::isEmpty)) {
      return all;
    }
    int batch = all.value().dim(0);
    int time = all.value().dim(1);
    Tensor[] normalized = new Tensor[3];
    int from = 0;
    for (int i = 0; i < 3; i++) {
      int count = i == 0 ? heads : kvHeads;
      int width = count * headWidth;
      Tensor part = split(tape, new TakeColumns(from, width), all); // (B, T, H D)
      if (!parts.get(i).isEmpty()) {
        part = split(tape, new Reshape(List.of(batch, time, count, headWidth)), part); // (B, T, H, D)
        part = split(tape, new Reshape(List.of(batch, time, width)), parts.get(i).forward(tape, part));
      }
      normalized[i] = part;
      from += width;
    }
    return split(tape, new Concat(), normalized); // (B, T, (H + 2K) D)
  }

  private Tensor split(Tape tape, Op<?> op, Tensor... inputs) {
    return tape.apply(name + ".heads", op, inputs);
  }
}
