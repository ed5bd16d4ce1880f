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

  Block(GptConfig config, NormSlots.Block norm, Scope scope) {
    this.scope = scope;
    attnPre = slot(config, norm.attn().pre(), "attn.pre");
    attn = new CausalSelfAttention(config, scope.child("attn"));
    attnBranch = slot(config, norm.attn().branch(), "attn.branch");
    attnPost = slot(config, norm.attn().post(), "attn.post");
    mlpPre = slot(config, norm.mlp().pre(), "mlp.pre");
    mlp = new Mlp(config, scope.child("mlp"));
    mlpBranch = slot(config, norm.mlp().branch(), "mlp.branch");
    mlpPost = slot(config, norm.mlp().post(), "mlp.post");
  }

  Tensor forward(Tape tape, Tensor input) { // (B, T, C)
    Tensor x = input;
    x = add(tape, "attn", x, attnBranch.forward(tape, attn.forward(tape, attnPre.forward(tape, x))));
    x = attnPost.forward(tape, x);
    x = add(tape, "mlp", x, mlpBranch.forward(tape, mlp.forward(tape, mlpPre.forward(tape, x))));
    x = mlpPost.forward(tape, x);
    return x;
  }

  List<NormSlot> slots() {
    return Stream.concat(Stream.concat(Stream.of(attnPre), attn.slots().stream()),
        Stream.of(attnBranch, attnPost, mlpPre, mlpBranch, mlpPost)).toList();
  }

  private Tensor add(Tape tape, String sublayer, Tensor residual, Tensor branch) {
    return tape.apply(scope.name() + "." + sublayer + ".add", new Add(), residual, branch);
  }

  private NormSlot slot(GptConfig config, norma.nn.NormSpec spec, String name) {
    return new NormSlot(spec, scope.child(name), config.width(), config.bias());
  }
}
