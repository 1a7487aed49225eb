"""Measures exact answers on held-out questions: fp16 weights, computed in float32, greedy.

    python evaluate.py --folder model --questions heldout.jsonl
"""

import argparse
import collections
import json
import pathlib

import torch
from tokenizers import Tokenizer

from llama import Llama, load_safetensors
from tokenizer import ASSISTANT, END, chat_text

LONGEST = 100


@torch.no_grad()
def answers(model, tokenizer, lines):
    """The model's answer to each line's messages; prompts of one length share a batch, so that none is padded."""
    prompts = collections.defaultdict(list)
    for i, line in enumerate(lines):
        ids = tokenizer.encode(chat_text(line["messages"]), add_special_tokens=False).ids + [ASSISTANT]
        prompts[len(ids)].append((i, ids))
    result = [""] * len(lines)
    for length, group in prompts.items():
        ids = torch.tensor([p for _, p in group])
        going = torch.ones(len(group), dtype=torch.bool)
        for _ in range(LONGEST):
            best = model.logits(model.hidden(ids)[:, -1]).argmax(-1)
            ids = torch.cat((ids, torch.where(going, best, END)[:, None]), 1)
            going &= best != END
            if not going.any():
                break
        for (i, _), row in zip(group, ids[:, length:].tolist()):
            row = row[:row.index(END)] if END in row else row
            result[i] = tokenizer.decode(row, skip_special_tokens=False)
    return result


@torch.no_grad()
def forced_answers(model, tokenizer, lines):
    """The greedy token after every token of the right answer: equal to it exactly where the model gives that answer.

    One pass instead of one for each token, for a look during training; where it differs, what follows means little.
    """
    rows = []
    for line in lines:
        ask = tokenizer.encode(chat_text(line["messages"]), add_special_tokens=False).ids + [ASSISTANT]
        rows.append((len(ask), ask + tokenizer.encode(line["answer"], add_special_tokens=False).ids + [END]))
    result = []
    for at in range(0, len(rows), 64):
        some = rows[at:at + 64]
        ids = torch.full((len(some), max(len(ids) for _, ids in some)), END)
        for row, (_, values) in zip(ids, some):
            row[:len(values)] = torch.tensor(values)
        best = model.logits(model.hidden(ids)).argmax(-1).tolist()
        for row, (asked, values) in zip(best, some):
            row = row[asked - 1:len(values) - 1]
            result.append(tokenizer.decode(row[:row.index(END)] if END in row else row, skip_special_tokens=False))
    return result


def report(lines, given, title, mistakes=12):
    right, every = collections.Counter(), collections.Counter()
    wrong = []
    for line, text in zip(lines, given):
        every[line["kind"]] += 1
        right[line["kind"]] += text == line["answer"]
        if text != line["answer"]:
            wrong.append((line["messages"][-1]["content"], text, line["answer"]))
    print(f"{title}: {sum(right.values())} of {len(lines)} exact, {100 * sum(right.values()) / len(lines):.1f} %")
    print("  below 100 %: " + ", ".join(f"{k} {right[k]}/{n}" for k, n in every.items() if right[k] < n))
    for question, text, answer in wrong[:: max(1, len(wrong) // max(1, mistakes))][:mistakes]:
        print(f"  {question!r} -> {text!r} instead of {answer!r}")
    print(flush=True, end="")
    return right, every


def main():
    o = argparse.ArgumentParser()
    o.add_argument("--folder", type=pathlib.Path, required=True)
    o.add_argument("--questions", type=pathlib.Path, required=True)
    o.add_argument("--mistakes", type=int, default=40)
    o.add_argument("--table", action="store_true", help="prints the score of each kind as a Markdown table")
    given = o.parse_args()
    model = Llama(json.loads((given.folder / "config.json").read_text()))
    load_safetensors(given.folder / "model.safetensors", model)
    tokenizer = Tokenizer.from_file(str(given.folder / "tokenizer.json"))
    lines = [json.loads(line) for line in given.questions.read_text().splitlines()]
    right, every = report(lines, answers(model, tokenizer, lines), str(given.questions), given.mistakes)
    if given.table:
        for k, n in every.items():
            print(f"| {k} | {right[k]} | {n} |")


if __name__ == "__main__":
    main()
