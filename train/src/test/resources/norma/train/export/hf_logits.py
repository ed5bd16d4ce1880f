"""Logits of exported folders, float32 one after the other: python hf_logits.py OUT IDS FOLDER ..."""

import importlib.util
import json
import math
import struct
import sys
from pathlib import Path

import torch
import torch.nn.functional as F


def tensors_of(file):
    data = file.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__")
    numbers = bytearray(data[8 + length:])
    return {name: torch.frombuffer(numbers, dtype=torch.float32, count=(t["data_offsets"][1] - t["data_offsets"][0]) // 4,
                                   offset=t["data_offsets"][0]).reshape(t["shape"]) for name, t in header.items()}


def gpt2(config, w, ids):
    """GPT-2 from its layout: https://github.com/openai/gpt-2, in the names of transformers."""
    act = {"gelu": F.gelu, "relu": F.relu, "silu": F.silu,
           "gelu_new": lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))}
    C, H, T = config["n_embd"], config["n_head"], ids.shape[1]

    def conv1d(x, name):
        return x @ w[name + ".weight"] + w[name + ".bias"]

    def norm(x, name):
        return F.layer_norm(x, (C,), w[name + ".weight"], w[name + ".bias"], config["layer_norm_epsilon"])

    x = w["transformer.wte.weight"][ids] + w["transformer.wpe.weight"][:T]
    for layer in range(config["n_layer"]):
        h = f"transformer.h.{layer}."
        q, k, v = (part.view(1, T, H, C // H).transpose(1, 2)
                   for part in conv1d(norm(x, h + "ln_1"), h + "attn.c_attn").split(C, dim=2))
        scores = (q @ k.transpose(2, 3)) / math.sqrt(C // H) + torch.full((T, T), -math.inf).triu(1)
        x = x + conv1d((scores.softmax(3) @ v).transpose(1, 2).reshape(1, T, C), h + "attn.c_proj")
        inner = act[config["activation_function"]](conv1d(norm(x, h + "ln_2"), h + "mlp.c_fc"))
        x = x + conv1d(inner, h + "mlp.c_proj")
    head = w["transformer.wte.weight"] if config["tie_word_embeddings"] else w["lm_head.weight"]
    return norm(x, "transformer.ln_f") @ head.T


def norma(folder, w, ids):
    spec = importlib.util.spec_from_file_location("modeling_norma", folder / "modeling_norma.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.Norma()
    model.load_state_dict(w)
    return model.eval()(ids)


def transformers(folder, ids, logits):
    """Of the library itself, where it is installed: the same logits, a loss, and a text longer than the context."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    model, loading = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True, output_loading_info=True)
    assert not any(loading.values()), loading
    model.eval()
    out = model(ids, labels=ids)
    torch.testing.assert_close(out.logits, logits, rtol=0, atol=1e-5)
    torch.testing.assert_close(out.loss, F.cross_entropy(logits[0, :-1], ids[0, 1:]))
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    text = "The jumping\nfox  "
    tokens = tokenizer(text, return_tensors="pt")
    assert tokenizer.decode(tokens.input_ids[0]) == text, tokens
    more = model.generate(**tokens, do_sample=False, max_new_tokens=8 if model.config.model_type == "norma" else 1)
    assert tokenizer.decode(more[0]).startswith(text)
    if tokenizer.vocab_size < 256:
        try:
            tokenizer("\u00e9")
        except Exception as e:
            assert "Missing" in str(e), e
        else:
            raise AssertionError("a character that is unknown was dropped")


out = open(sys.argv[1], "wb")
ids = torch.tensor([json.loads(sys.argv[2])])
for folder in map(Path, sys.argv[3:]):
    with torch.no_grad():
        config = json.loads((folder / "config.json").read_text())
        w = tensors_of(folder / "model.safetensors")
        logits = gpt2(config, w, ids) if config["model_type"] == "gpt2" else norma(folder, w, ids)
        if importlib.util.find_spec("transformers"):
            transformers(folder, ids, logits)
        out.write(struct.pack(f"<{logits.numel()}f", *logits.flatten().tolist()))
