"""Trains the demo model on generated conversations and writes it as a Hugging Face folder.

    python tokenizer.py --folder model
    python train.py --folder model --minutes 45 --threads 2

Loss on answers only; Muon for the matrices of the layers, AdamW for the embeddings and the gains. The learning rate
follows the clock, so that a slower machine ends in the same time after fewer steps. The folder is rewritten every few
minutes.
"""

import argparse
import json
import pathlib
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from evaluate import forced_answers, report
from generate_text import held_out, training
from llama import CONFIG, Llama, save_safetensors
from tokenizer import ASSISTANT, BEGIN, END, PAD, VOCABULARY, text_of

TOKENS_A_STEP = 4096
CHUNK = 20_000


def batches(tokenizer, seed):
    """Endless (ids, wanted) pairs of about TOKENS_A_STEP tokens; conversations of like length share a batch."""
    r = random.Random(seed)
    while True:
        lines = list(training(CHUNK, r.getrandbits(60)))
        rows = [tokenizer.encode(text_of(line), add_special_tokens=False).ids for line in lines]
        rows.sort(key=lambda ids: (len(ids), r.random()))
        groups, at = [], 0
        while at < len(rows):
            size, width = 0, 0
            while at + size < len(rows):
                width = max(width, len(rows[at + size]))
                if (size + 1) * width > TOKENS_A_STEP and size > 0:
                    break
                size += 1
            groups.append(rows[at:at + size])
            at += size
        r.shuffle(groups)
        for group in groups:
            width = max(map(len, group))
            ids = np.full((len(group), width), PAD, dtype=np.int64)
            for row, values in zip(ids, group):
                row[:len(values)] = values
            yield torch.from_numpy(ids), torch.from_numpy(taught(ids))


def taught(ids):
    """True where the token is part of an answer (its end included), or of a text without questions."""
    mask = np.zeros(ids.shape, dtype=bool)
    inside = (ids != ASSISTANT).all(1)
    for t in range(ids.shape[1]):
        mask[:, t] = inside & (ids[:, t] != BEGIN) & (ids[:, t] != PAD)
        inside = (inside & (ids[:, t] != END)) | (ids[:, t] == ASSISTANT)
    return mask


def rate(done, warm=0.02):
    """Part of the full learning rate at the share `done` of the time: a short rise, then a straight fall to nothing."""
    return done / warm if done < warm else (1 - done) / (1 - warm)


class Muon(torch.optim.Optimizer):
    """Steepest descent for matrices by momentum whose singular values are all brought to about one (Jordan, 2024)."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.05):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                m = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                shapes.setdefault(p.shape, []).append((p, p.grad.lerp(m, group["momentum"])))
            for (rows, columns), pairs in shapes.items():
                x = orthogonal(torch.stack([u for _, u in pairs]))
                size = 0.2 * max(rows, columns) ** 0.5
                for (p, _), u in zip(pairs, x):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(u, alpha=-group["lr"] * size)


def orthogonal(x):
    """Brings the singular values of the matrices x [n, rows, columns] near one by five Newton-Schulz steps in bf16."""
    x = x.bfloat16()
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) * 1.02 + 1e-7)
    for _ in range(5):
        a = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x if wide else x.transpose(1, 2)).float()


def main():
    o = argparse.ArgumentParser()
    o.add_argument("--folder", type=pathlib.Path, required=True)
    o.add_argument("--minutes", type=float, default=45)
    o.add_argument("--threads", type=int, default=2)
    o.add_argument("--rate", type=float, default=1.5e-3)
    o.add_argument("--seed", type=int, default=1)
    o.add_argument("--save-minutes", type=float, default=6)
    o.add_argument("--resume", type=pathlib.Path, help="checkpoint written by an earlier run")
    o.add_argument("--checkpoint", type=pathlib.Path, default=pathlib.Path("checkpoint.pt"))
    given = o.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    tokenizer = Tokenizer.from_file(str(given.folder / "tokenizer.json"))
    config = {**CONFIG, "vocab_size": VOCABULARY, "bos_token_id": BEGIN, "eos_token_id": END, "pad_token_id": PAD}
    (given.folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    generation = {"bos_token_id": BEGIN, "do_sample": False, "eos_token_id": END, "pad_token_id": PAD,
                  "max_new_tokens": 128, "transformers_version": config["transformers_version"]}
    (given.folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
    model = Llama(config)
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    if given.resume:
        model.load_state_dict(torch.load(given.resume))
    matrices = [p for p in model.model.layers.parameters() if p.dim() == 2]
    gains = [p for p in model.parameters() if p.dim() == 1]
    optimizers = [
        Muon(matrices, lr=given.rate),
        torch.optim.AdamW([{"params": [model.model.embed_tokens.weight], "weight_decay": 0.01},
                           {"params": gains, "weight_decay": 0.0}], lr=given.rate, betas=(0.9, 0.98), fused=True)]
    forward = torch.compile(model.hidden, dynamic=True)
    watched = held_out("dev", 400, seed=2)
    source = batches(tokenizer, given.seed)
    start = time.time()
    noted = saved = start
    step = tokens = 0
    total = count = 0.0
    while (done := (time.time() - start) / (60 * given.minutes)) < 1:
        for group in (g for optimizer in optimizers for g in optimizer.param_groups):
            group["lr"] = given.rate * rate(done)
        ids, wanted = next(source)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = forward(ids[:, :-1])
            logits = model.logits(hidden[wanted[:, 1:]])
        loss = F.cross_entropy(logits.float(), ids[:, 1:][wanted[:, 1:]])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad()
        step += 1
        tokens += ids.numel()
        total += loss.item()
        count += 1
        now = time.time()
        if now - noted > 30:
            print(f"{(now - start) / 60:.1f} min, step {step}, {tokens / 1e6:.1f} M tokens, "
                  f"{tokens / (now - start):.0f}/s, loss {total / count:.4f}", flush=True)
            noted, total, count = now, 0.0, 0.0
        if now - saved > 60 * given.save_minutes:
            save_safetensors(given.folder / "model.safetensors", model)
            torch.save(model.state_dict(), given.checkpoint)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                report(watched, forced_answers(model, tokenizer, watched), "dev")
            saved = time.time()
    save_safetensors(given.folder / "model.safetensors", model)
    torch.save(model.state_dict(), given.checkpoint)
    print(f"{step} steps, {tokens} tokens, {(time.time() - start) / 60:.1f} minutes", flush=True)
    report(watched, forced_answers(model, tokenizer, watched), "dev")


if __name__ == "__main__":
    main()
