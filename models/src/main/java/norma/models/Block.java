package norma.models;

import java.util.List;
import java.util.stream.Stream;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;

/// One block: `x = post(x + branch(attn(pre(x))))`, then the same with the MLP. GPT-2 has only the `pre` slots, the
/// Transformer of 2017 only `post`. The add may have factors ([ResidualAdd]).
final class Block {
  private final NormSlot attnPre;
  private final CausalSelfAttention attn;
  private final NormSlot attnBranch;
  private final ResidualAdd attnAdd;
  private final NormSlot attnPost;
  private final NormSlot mlpPre;
  private final Mlp mlp;
  private final NormSlot mlpBranch;
  private final ResidualAdd mlpAdd;
  private final NormSlot mlpPost;

  /// @param index of the block
  Block(GptConfig config, int index, Scope scope) {
    int width = config.width();
    attnPre = NormSlot.of(config, index, Slot.ATTN_PRE, scope, width);
    attn = new CausalSelfAttention(config, index, scope);
    attnBranch = NormSlot.of(config, index, Slot.ATTN_BRANCH, scope, width);
    attnAdd = new ResidualAdd(config, index, scope.child("attn.add"));
    attnPost = NormSlot.of(config, index, Slot.ATTN_POST, scope, width);
    mlpPre = NormSlot.of(config, index, Slot.MLP_PRE, scope, width);
    mlp = new Mlp(config, index, scope);
    mlpBranch = NormSlot.of(config, index, Slot.MLP_BRANCH, scope, width);
    mlpAdd = new ResidualAdd(config, index, scope.child("mlp.add"));
    mlpPost = NormSlot.of(config, index, Slot.MLP_POST, scope, width);
  }

  Tensor forward(Tape tape, Tensor input) { // (B, T, C)
    Tensor x = input;
    x = attnAdd.forward(tape, x, attnBranch.forward(tape, attn.forward(tape, attnPre.forward(tape, x))));
    x = attnPost.forward(tape, x);
    x = mlpAdd.forward(tape, x, mlpBranch.forward(tape, mlp.forward(tape, mlpPre.forward(tape, x))));
    x = mlpPost.forward(tape, x);
    return x;
  }

  Stream<NormSlot> slots() {
    return Stream.of(List.of(attnPre), attn.slots(), List.of(attnBranch, attnPost, mlpPre), mlp.slots(),
        List.of(mlpBranch, mlpPost)).flatMap(List::stream);
  }
}
