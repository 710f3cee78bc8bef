"""A causal language model small enough to be taught in a test: bytes as tokens, two layers, three sentences."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

ROOM = 640


def tokenizer():
    """One token a byte, and one that ends a text."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {letter: place for place, letter in enumerate(["<end>", *letters])}
    inner = Tokenizer(models.BPE(vocab=words, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>", model_max_length=ROOM)


def model(width=32, layers=2, seed=0):
    """With random weights."""
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=257,
        n_positions=ROOM,
        n_embd=width,
        n_layer=layers,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
        resid_pdrop=0,
        embd_pdrop=0,
        attn_pdrop=0,
    )
    return GPT2LMHeadModel(config)


def teach(sentences, folder, steps=120):
    """Learn by heart what follows "user: ...\\nassistant:", and save."""
    words, pupil = tokenizer(), model()
    texts = [words(f"user: {a}\nassistant: {b}<end>")["input_ids"] for a, b in sentences.items()]
    longest = max(map(len, texts))
    rows = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    steers = torch.optim.AdamW(pupil.parameters(), lr=1e-2)
    for _ in range(steps):
        logits = pupil(input_ids=rows[:, :-1]).logits
        loss = cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
        steers.zero_grad()
        loss.backward()
        steers.step()
    pupil.generation_config.eos_token_id = 0
    pupil.save_pretrained(folder)
    words.save_pretrained(folder)
