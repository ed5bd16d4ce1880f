package norma.models;

import java.util.List;
import java.util.stream.Stream;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.ops.Add;

/// One block: `x = post(x + branch(attn(pre(x))))`, then the same with the MLP. GPT-2 has only the `pre` slots, the
/// Transformer of 2017 only `post`.
final class Block {
  private final NormSlot attnPre;
  private final CausalSelfAttention attn;
  private final NormSlot attnBranch;
  private final NormSlot attnPost;
  private final NormSlot mlpPre;
  private final Mlp mlp;
  private final NormSlot mlpBranch;
  private final NormSlot mlpPost;
  private final Scope scope;

  /// @param index of the block
  Block(GptConfig config, int index, Scope scope) {
    this.scope = scope;
    int width = config.width();
    attnPre = NormSlot.of(config, index, Slot.ATTN_PRE, scope, width);
    attn = new CausalSelfAttention(config, index, scope);
    attnBranch = NormSlot.of(config, index, Slot.ATTN_BRANCH, scope, width);
    attnPost = NormSlot.of(config, index, Slot.ATTN_POST, scope, width);
    mlpPre = NormSlot.of(config, index, Slot.MLP_PRE, scope, width);
    mlp = new Mlp(config, index, scope);
    mlpBranch = NormSlot.of(config, index, Slot.MLP_BRANCH, scope, width);
    mlpPost = NormSlot.of(config, index, Slot.MLP_POST, scope, width);
  }

  Tensor forward(Tape tape, Tensor input) { // (B, T, C)
    Tensor x = input;
    x = add(tape, "attn", x, attnBranch.forward(tape, attn.forward(tape, attnPre.forward(tape, x))));
    x = attnPost.forward(tape, x);
    x = add(tape, "mlp", x, mlpBranch.forward(tape, mlp.forward(tape, mlpPre.forward(tape, x))));
    x = mlpPost.forward(tape, x);
    return x;
  }

  Stream<NormSlot> slots() {
    return Stream.of(List.of(attnPre), attn.slots(), List.of(attnBranch, attnPost, mlpPre), mlp.slots(),
        List.of(mlpBranch, mlpPost)).flatMap(List::stream);
  }

  private Tensor add(Tape tape, String sublayer, Tensor residual, Tensor branch) {
    return tape.apply(scope.name() + "." + sublayer + ".add", new Add(), residual, branch);
  }
}
