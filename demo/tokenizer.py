"""Trains the demo model's byte-level BPE on generated text and writes the tokenizer files of a Hugging Face folder.

    python tokenizer.py --folder model
"""

import argparse
import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from generate_text import training

SPECIAL = ["<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|pad|>"]
BEGIN, END, _, _, ASSISTANT, PAD = range(6)
VOCABULARY = 2048
# Llama 3's expression with digits one by one: sums are learnt digit by digit.
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
           r"|\s+(?!\S)|\s+")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('The roles are system, user and assistant.') }}{% endif %}"
    "{{ '<|' + message['role'] + '|>' + (message['content'] | trim) + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}")


def chat_text(messages):
    """What TEMPLATE makes of the messages, without the generation prompt."""
    return SPECIAL[BEGIN] + "".join(f"<|{m['role']}|>{m['content'].strip()}<|end|>" for m in messages)


def text_of(line):
    return SPECIAL[BEGIN] + line["text"] + SPECIAL[END] if "text" in line else chat_text(line["messages"])


def plain(line):
    return [line["text"]] if "text" in line else [m["content"] for m in line["messages"]]


def train():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False)])
    t.decoder = decoders.ByteLevel(add_prefix_space=True, trim_offsets=True, use_regex=True)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[AddedToken(s, special=True, normalized=False) for s in SPECIAL],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    t.train_from_iterator((text for line in training(100_000, seed=0) for text in plain(line)), trainer)
    t.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", pair="<|begin|> $A <|begin|>:1 $B:1", special_tokens=[(SPECIAL[BEGIN], BEGIN)])
    return t


def write(folder):
    t = train()
    if t.get_vocab_size() != VOCABULARY:
        raise ValueError(f"the vocabulary has {t.get_vocab_size()} tokens instead of {VOCABULARY}")
    t.save(str(folder / "tokenizer.json"))
    token = lambda s: {"content": s, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    config = {
        "added_tokens_decoder": {str(i): {**token(s), "special": True} for i, s in enumerate(SPECIAL)},
        "bos_token": SPECIAL[BEGIN], "eos_token": SPECIAL[END], "pad_token": SPECIAL[PAD],
        "chat_template": TEMPLATE, "clean_up_tokenization_spaces": False, "model_max_length": 512,
        "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    names = {"bos_token": SPECIAL[BEGIN], "eos_token": SPECIAL[END], "pad_token": SPECIAL[PAD]}
    (folder / "special_tokens_map.json").write_text(json.dumps(names, indent=2) + "\n")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=pathlib.Path, required=True)
    given = options.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    write(given.folder)
