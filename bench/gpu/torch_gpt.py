"""PyTorch's side of bench/gpu-check: nanoGPT's model and training step with Norma's normalizations, in bf16 autocast.

usage: torch_gpt.py NORM MODE VOCABULARY LAYERS HEADS WIDTH CONTEXT BATCH

MODE is eager, or a mode of torch.compile. Facts and steps go to standard output, commands come from standard input:
`run N` is answered by N lines `step NANOS LOSS GRADIENT_NORM`. The GPU is waited for at both ends of the N steps and not
between them, so each line has their mean time and the last loss.

What was chosen for speed: fused AdamW, F.scaled_dot_product_attention, TF32 where float32 is multiplied, the text in the
GPU's memory, set_to_none, and no number read inside the N steps.
"""

import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class LayerNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, None, 1e-5)


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, 1e-5)


class DyT(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.alpha = nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        return self.weight * torch.tanh(self.alpha * x)


class DyIsru(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.tensor(math.log(math.expm1(4.0))))  # softplus of it is 4

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x * x + F.softplus(self.beta)))


class Derf(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.alpha = nn.Parameter(torch.tensor(0.5))
        self.shift = nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return self.weight * torch.erf(self.alpha * x + self.shift)


NORMS = {"layernorm": LayerNorm, "rmsnorm": RmsNorm, "dyt": DyT, "dyisru": DyIsru, "derf": Derf}


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)

    def forward(self, x):  # (B, T, C)
        b, t, c = x.shape
        q, k, v = [part.view(b, t, self.heads, c // self.heads).transpose(1, 2) for part in self.qkv(x).split(c, dim=2)]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, D)
        return self.proj(y.transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self, norm, width, heads):
        super().__init__()
        self.attn_norm = norm(width)
        self.attn = Attention(width, heads)
        self.mlp_norm = norm(width)
        self.fc = nn.Linear(width, 4 * width, bias=False)
        self.proj = nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        x = x + self.attn(self.attn_norm(x))
        return x + self.proj(F.gelu(self.fc(self.mlp_norm(x))))


class Gpt(nn.Module):
    def __init__(self, norm, vocabulary, layers, heads, width, context):
        super().__init__()
        self.tok_emb = nn.Embedding(vocabulary, width)
        self.pos_emb = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(norm, width, heads) for _ in range(layers))
        self.norm = norm(width)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                residual = name.endswith("proj.weight")
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if residual else 0.02)

    def forward(self, ids, targets):
        x = self.tok_emb(ids) + self.pos_emb.weight  # (B, T, C)
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tok_emb.weight)  # the embedding's weight is the head's as well
        return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))


class Training:
    def __init__(self, norm, mode, vocabulary, layers, heads, width, context, batch):
        torch.manual_seed(1337)
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
        self.context = context
        self.batch = batch
        self.text = torch.randint(vocabulary, (1_000_000,), device="cuda")
        self.reach = torch.arange(context, device="cuda")
        model = Gpt(NORMS[norm], vocabulary, layers, heads, width, context).to("cuda")
        parameters = list(model.parameters())
        groups = [
            {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
        ]
        self.parameters = parameters
        self.optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
        self.model = model if mode == "eager" else torch.compile(model, mode=mode)

    def step(self):
        first = torch.randint(len(self.text) - self.context - 1, (self.batch, 1), device="cuda")
        places = first + self.reach  # (B, T)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = self.model(self.text[places], self.text[places + 1])
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss, norm

    def run(self, steps):
        torch.cuda.synchronize()
        start = time.perf_counter_ns()
        for _ in range(steps):
            loss, norm = self.step()
        torch.cuda.synchronize()
        nanos = (time.perf_counter_ns() - start) // steps
        for _ in range(steps):
            print("step", nanos, loss.item(), norm.item())
        sys.stdout.flush()


def main():
    norm, mode = sys.argv[1:3]
    training = Training(norm, mode, *map(int, sys.argv[3:9]))
    print("fact build PyTorch", torch.__version__, "with CUDA", torch.version.cuda, "on", torch.cuda.get_device_name())
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[:1] != ["run"]:
            break
        training.run(int(words[1]))


if __name__ == "__main__":
    main()
