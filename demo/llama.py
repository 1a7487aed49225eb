"""A small Llama in plain PyTorch whose parameters carry the names and layouts of Hugging Face's LlamaForCausalLM."""

import json
import math
import struct

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "head_dim": 32,
    "hidden_act": "silu",
    "hidden_size": 256,
    "initializer_range": 0.02,
    "intermediate_size": 512,
    "max_position_embeddings": 512,
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": 8,
    "num_hidden_layers": 4,
    "num_key_value_heads": 4,
    "pad_token_id": None,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "float16",
    "transformers_version": "4.46.0",
    "use_cache": True,
    "vocab_size": 2048,
}


class RmsNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        h, self.heads, self.kv, self.dim = (
            c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"])
        self.q_proj = nn.Linear(h, self.heads * self.dim, bias=False)
        self.k_proj = nn.Linear(h, self.kv * self.dim, bias=False)
        self.v_proj = nn.Linear(h, self.kv * self.dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.dim, h, bias=False)

    def forward(self, x, cos, sin, mask):
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, self.heads, self.dim).transpose(1, 2)
        k = self.k_proj(x).view(b, t, self.kv, self.dim).transpose(1, 2)
        v = self.v_proj(x).view(b, t, self.kv, self.dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        # Query heads that share a key head are stacked along time. Written out because on short sequences the backward
        # pass of PyTorch's fused attention costs more than all matrix products together.
        group = self.heads // self.kv
        q = q.reshape(b, self.kv, group * t, self.dim) * (1.0 / math.sqrt(self.dim))
        scores = (q @ k.transpose(2, 3)).view(b, self.kv, group, t, t) + mask
        y = scores.softmax(-1).to(v.dtype).view(b, self.kv, group * t, t) @ v
        y = y.view(b, self.heads, t, self.dim)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, self.heads * self.dim))


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), dim=-1) * sin


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        h, i = c["hidden_size"], c["intermediate_size"]
        self.gate_proj = nn.Linear(h, i, bias=False)
        self.up_proj = nn.Linear(h, i, bias=False)
        self.down_proj = nn.Linear(i, h, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RmsNorm(c["hidden_size"], c["rms_norm_eps"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RmsNorm(c["hidden_size"], c["rms_norm_eps"])
        self.mlp = Mlp(c)

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        self.norm = RmsNorm(c["hidden_size"], c["rms_norm_eps"])


class Llama(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config = c
        self.model = Body(c)
        n, d = c["max_position_embeddings"], c["head_dim"]
        angles = torch.outer(torch.arange(n).float(), c["rope_theta"] ** (-torch.arange(0, d, 2).float() / d))
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        deep = c["initializer_range"] / math.sqrt(2 * c["num_hidden_layers"])
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=deep if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.03)

    def hidden(self, ids):
        """Final hidden states [batch, time, hidden_size] of the token ids [batch, time]."""
        x = self.model.embed_tokens(ids)
        if torch.is_autocast_enabled("cpu"):
            x = x.to(torch.get_autocast_dtype("cpu"))
        t = ids.shape[1]
        cos, sin = self.cos[:t].to(x.dtype), self.sin[:t].to(x.dtype)
        mask = torch.full((t, t), float("-inf"), dtype=x.dtype).triu(1)
        for layer in self.model.layers:
            x = layer(x, cos, sin, mask)
        return self.model.norm(x)

    def logits(self, hidden):
        return F.linear(hidden, self.model.embed_tokens.weight)


def save_safetensors(path, model):
    """Writes the parameters as fp16: header length (u64, little endian), JSON header padded to 8 bytes, raw data."""
    header, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, p in sorted(model.named_parameters()):
        raw = p.detach().float().numpy().astype("<f2")
        if not np.isfinite(raw).all():
            raise ValueError(f"{name} does not fit into fp16")
        header[name] = {"dtype": "F16", "shape": list(raw.shape), "data_offsets": [at, at + raw.nbytes]}
        blobs.append(raw.tobytes())
        at += raw.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def load_safetensors(path, model):
    with open(path, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
        data = f.read()
    own = dict(model.named_parameters())
    header.pop("__metadata__", None)
    if set(header) != set(own):
        raise ValueError(f"{path}: tensors differ from the model's: {sorted(set(header) ^ set(own))}")
    with torch.no_grad():
        for name, entry in header.items():
            a, b = entry["data_offsets"]
            raw = np.frombuffer(data[a:b], dtype="<f2").reshape(entry["shape"]).astype(np.float32)
            own[name].copy_(torch.from_numpy(raw))
