"""A Transformer trained by Norma, printed for this model alone. With transformers:

    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(FOLDER, trust_remote_code=True)
    model = AutoModelForCausalLM.from_pretrained(FOLDER, trust_remote_code=True)
    ids = tokenizer("The ", return_tensors="pt").input_ids
    print(tokenizer.decode(model.generate(ids, do_sample=True, max_new_tokens=200)[0]))

Norma below needs PyTorch alone; its state_dict has the names of model.safetensors.
Shapes: B batch, T time, C width, H heads, D head width, V vocabulary.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

VOCABULARY, CONTEXT, LAYERS, WIDTH = {{vocabulary}}, {{context}}, {{layers}}, {{width}}
HEADS, KV_HEADS, HEAD_WIDTH, HIDDEN = {{heads}}, {{kv_heads}}, {{head_width}}, {{hidden}}
DROPOUT = {{dropout}}  #? dropout


#? isru:
{{isru}}


#? end
#? norms:
{{norms}}


#? end
def activation(x):  # {{activation}}
    {{activation.body}}


#? logits:
def cap(x):  # {{logits}}
    {{logits.body}}


#? end
#? rotary:
def rotated(x):  # (B, H, T, D): channels i and i + D/2 turn by t 10000^(-2i/D) at position t (arXiv:2104.09864)
    rates = 10000.0 ** (-torch.arange(0, HEAD_WIDTH, 2, dtype=torch.float64) / HEAD_WIDTH)  # (D/2)
    angles = torch.outer(torch.arange(x.shape[-2], dtype=torch.float64), rates)  # (T, D/2)
    cos, sin = angles.cos().to(x), angles.sin().to(x)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


#? end
#? add:
class Add(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.skip = {{skip}}
        self.branch = {{branch}}

    def forward(self, x, u):  # what went around a sublayer, and its output
        return {{skip.value}} * x + {{branch.value}} * u


#? end
class Attention(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.pre = {{attn.pre}}(WIDTH)  #? attn.pre
        self.qkv = nn.Linear(WIDTH, (HEADS + 2 * KV_HEADS) * HEAD_WIDTH, bias={{bias}})
        self.qk = nn.ModuleDict({"query": {{qk}}(HEAD_WIDTH), "key": {{qk}}(HEAD_WIDTH)})  #? qk
        self.v = {{attn.v}}(HEAD_WIDTH)  #? attn.v
        self.inner = {{attn.inner}}(WIDTH)  #? attn.inner
        self.proj = nn.Linear(WIDTH, WIDTH, bias={{bias}})
        self.branch = {{attn.branch}}(WIDTH)  #? attn.branch
        self.add = Add(block)  #? add
        self.post = {{attn.post}}(WIDTH)  #? attn.post

    def forward(self, x):  # (B, T, C)
        B, T, C = x.shape
        u = x
        u = self.pre(u)  #? attn.pre
        parts = self.qkv(u).split([n * HEAD_WIDTH for n in (HEADS, KV_HEADS, KV_HEADS)], dim=-1)
        q, k, v = (part.view(B, T, -1, HEAD_WIDTH).transpose(1, 2) for part in parts)  # (B, H, T, D)
        q, k = self.qk["query"](q), self.qk["key"](k)  #? qk
        v = self.v(v)  #? attn.v
        q, k = rotated(q), rotated(k)  #? rotary
        k, v = (part.repeat_interleave(HEADS // KV_HEADS, dim=1) for part in (k, v))  #? shared
        scores = q @ k.transpose(-2, -1) / math.sqrt(HEAD_WIDTH)  # (B, H, T, T)
        later = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
        weights = scores.masked_fill(later, -math.inf).softmax(dim=-1)
        weights = F.dropout(weights, DROPOUT, self.training)  #? dropout
        u = (weights @ v).transpose(1, 2).reshape(B, T, C)
        u = self.inner(u)  #? attn.inner
        u = self.proj(u)
        u = F.dropout(u, DROPOUT, self.training)  #? dropout
        u = self.branch(u)  #? attn.branch
        x = {{sum}}
        x = self.post(x)  #? attn.post
        return x


class Mlp(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.pre = {{mlp.pre}}(WIDTH)  #? mlp.pre
        self.fc = nn.Linear(WIDTH, HIDDEN, bias={{bias}})
        self.up = nn.Linear(WIDTH, HIDDEN, bias={{bias}})  #? gated
        self.inner = {{mlp.inner}}(HIDDEN)  #? mlp.inner
        self.proj = nn.Linear(HIDDEN, WIDTH, bias={{bias}})
        self.branch = {{mlp.branch}}(WIDTH)  #? mlp.branch
        self.add = Add(block)  #? add
        self.post = {{mlp.post}}(WIDTH)  #? mlp.post

    def forward(self, x):  # (B, T, C)
        u = x
        u = self.pre(u)  #? mlp.pre
        u = activation(self.fc(u)){{gate}}
        u = self.inner(u)  #? mlp.inner
        u = self.proj(u)
        u = F.dropout(u, DROPOUT, self.training)  #? dropout
        u = self.branch(u)  #? mlp.branch
        x = {{sum}}
        x = self.post(x)  #? mlp.post
        return x


class Block(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.attn = Attention(block)
        self.mlp = Mlp(block)

    def forward(self, x):
        return self.mlp(self.attn(x))


class Norma(nn.Module):
    def __init__(self, *config):
        super().__init__(*config)
        self.tok_emb = nn.Embedding(VOCABULARY, WIDTH)
        self.pos_emb = nn.Embedding(CONTEXT, WIDTH)  #? learned
        self.embedding_scale = nn.Parameter(torch.empty(()))  #? learned_scale
        self.embedding = {{embedding}}(WIDTH)  #? embedding
        self.blocks = nn.ModuleList(Block(block) for block in range(LAYERS))
        self.final = {{final}}(WIDTH)  #? final
        self.lm_head = nn.Linear(WIDTH, VOCABULARY, bias=False)  #? untied

    def forward(self, ids):  # (B, T), T at most CONTEXT
        x = self.tok_emb(ids)  # (B, T, C)
        x = x + self.pos_emb.weight[:ids.shape[1]]  #? learned
        x = x * {{scale}}  #? scale
        x = self.embedding(x)  #? embedding
        x = F.dropout(x, DROPOUT, self.training)  #? dropout
        for block in self.blocks:
            x = block(x)
        x = self.final(x)  #? final
        logits = F.linear(x, {{head}}.weight)  # (B, T, V)
        logits = cap(logits)  #? logits
        return logits


try:
    from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
    from transformers.modeling_outputs import CausalLMOutput
except ImportError:
    pass
else:
    class NormaConfig(PretrainedConfig):
        model_type = "norma"

    class NormaForCausalLM(Norma, PreTrainedModel, GenerationMixin):
        config_class = NormaConfig

        def __init__(self, config):
            super().__init__(config)
            self.post_init()

        def get_input_embeddings(self):
            return self.tok_emb

        def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
            if attention_mask is not None and not attention_mask[:, 0].all():
                raise ValueError("sequences of different lengths are padded on the right: tokenizer.padding_side = 'right'")
            logits = super().forward(input_ids)
            loss = None
            if labels is not None:
                loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
            return CausalLMOutput(loss=loss, logits=logits)

        def prepare_inputs_for_generation(self, input_ids, attention_mask=None, **kwargs):
            if attention_mask is not None and not attention_mask.all():
                raise ValueError("generate() takes prompts of one length, or one at a time: padding would be continued as text")
            return {"input_ids": input_ids[:, -CONTEXT:]}
