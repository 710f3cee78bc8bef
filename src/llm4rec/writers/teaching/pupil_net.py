"""The model that is taught: a new small one or one of a folder, and which of its weights learn. Loads torch; takes no steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from llm4rec.core import SettingsError
from llm4rec.writers import folders
from llm4rec.writers.teaching.config import SCRATCH, TeachConfig
from llm4rec.writers.teaching.course import Course

END = "<|end|>"


@dataclass(eq=False)
class Pupil:
    """A model and its tokenizer. `tuner` is what has to be merged at the end; `fresh` are rows of words it did not know.

    `small`: made here, from nothing.
    """

    model: Any
    tokenizer: Any
    tuner: Any = None
    fresh: Tensor | None = None
    small: bool = False

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return torch.device(self.model.device)

    @property
    def room(self) -> int:
        """How many tokens it can look at."""
        return int(
            getattr(self.model.config, "max_position_embeddings", None) or self.tokenizer.model_max_length
        )

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text by itself, without tokens that begin or end a document."""
        if not texts:
            return []
        return [list(row) for row in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def logits(self, ids: Tensor, wanted: Tensor) -> Tensor:
        """(wanted tokens, vocabulary): scores of the token behind each place (of all but the last) that is wanted."""
        if self.small:  # its head is a plain product: scores of other places need not be made
            hidden = self.model.transformer(input_ids=ids, use_cache=False).last_hidden_state
            return torch.as_tensor(self.model.lm_head(hidden[:, :-1][wanted]))
        found = self.model(input_ids=ids, use_cache=False).logits
        return torch.as_tensor(found[:, :-1][wanted]).float()

    def learning(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters that learn."""
        return ((name, value) for name, value in self.model.named_parameters() if value.requires_grad)

    def save(self, folder: Path) -> None:
        """An ordinary folder of a causal model: safetensors, tokenizer, and LoRA in plain weights."""
        if self.tuner is not None:
            self.tuner.merge_and_unload()
            self.tuner = None
        end = self.tokenizer.eos_token_id
        if end is not None:
            self.model.generation_config.eos_token_id = end
        with folders._quiet():
            self.model.save_pretrained(str(folder))
            self.tokenizer.save_pretrained(str(folder))


def pupil(course: Course, config: TeachConfig, device: str) -> Pupil:
    """The model as it begins, with exactly the weights open that are to learn."""
    if config.source == SCRATCH:
        return _scratch(course, config, device)
    model, tokenizer = folders.open_folder(config.source, "fp32", device, f"model in {config.source}")
    made = Pupil(model, tokenizer)
    fresh = _taught_words(made, course.words)
    for parameter in model.parameters():
        parameter.requires_grad_(config.whole)
    if not config.whole:
        made.tuner = _lora(model, config)
        _open_rows(made, fresh)
    return made


def _scratch(course: Course, config: TeachConfig, device: str) -> Pupil:
    """A GPT-2 of the size asked for (Radford et al. 2019), with byte-level BPE of the course's texts."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(course.texts, trainer)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=inner, eos_token=END, pad_token=END, model_max_length=config.room
    )
    tokenizer.add_tokens(list(course.words), special_tokens=True)
    end = tokenizer.eos_token_id
    told = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=config.room,
        n_embd=config.embedding_size,
        n_layer=config.layers,
        n_head=config.heads,
        bos_token_id=end,
        eos_token_id=end,
        resid_pdrop=config.dropout,
        embd_pdrop=config.dropout,
        attn_pdrop=0.0,
        initializer_range=config.embedding_size
        ** -0.5,  # the usual 0.02 is for a width of 768: attention would sleep
        activation_function="gelu",
    )
    model: Any = GPT2LMHeadModel(told)
    return Pupil(model.to(device), tokenizer, small=True)


def _taught_words(made: Pupil, words: Sequence[str]) -> list[int]:
    """Rows for words that the tokenizer does not know yet, each beginning near the mean of all; their numbers."""
    known = made.tokenizer.get_vocab()
    new = [word for word in words if word not in known]
    if not new:
        return []
    made.tokenizer.add_tokens(new, special_tokens=True)
    numbers = [int(n) for n in made.tokenizer.convert_tokens_to_ids(new)]
    old = made.model.get_input_embeddings().weight.shape[0]
    if max(numbers) >= old:
        made.model.resize_token_embeddings(max(numbers) + 1, mean_resizing=False)
    with torch.no_grad():
        for table in _tables(made.model):
            usual = table[: min(old, *numbers)]
            drawn = torch.randn((len(numbers), table.shape[1]), device="cpu").to(table)
            table[numbers] = usual.mean(dim=0) + drawn * usual.std(dim=0)
    return numbers


def _tables(model: Any) -> list[nn.Parameter]:
    """The tables of words that the model reads and writes with: one where they are tied."""
    found = [model.get_input_embeddings().weight, model.get_output_embeddings().weight]
    return found[:1] if found[0] is found[1] else found


def _open_rows(made: Pupil, numbers: list[int]) -> None:
    """Let the rows of new words learn, and no other row of their tables."""
    if not numbers:
        return
    for table in _tables(made.model):
        mask = torch.zeros((table.shape[0], 1), device=table.device, dtype=table.dtype)
        mask[numbers] = 1.0
        table.requires_grad_(True)
        table.register_hook(  # type: ignore[no-untyped-call]
            lambda gradient, mask=mask: gradient * mask
        )
    made.fresh = torch.tensor(numbers)


def _lora(model: Any, config: TeachConfig) -> Any:
    """Low-rank additions to the attention (Hu et al. 2022), by peft."""
    from peft import LoraConfig, LoraModel
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    targets = KNOWN.get(model.config.model_type)
    told = LoraConfig(
        r=config.rank,
        lora_alpha=2 * config.rank,
        lora_dropout=config.dropout,
        target_modules="all-linear"
        if targets is None
        else targets
        if isinstance(targets, str)
        else list(targets),
        fan_in_fan_out=model.config.model_type == "gpt2",
    )
    try:
        return LoraModel(model, {"default": told}, "default")
    except ValueError as error:
        raise SettingsError(
            f"method 'lora' finds nothing to train in this model ({error}); set method = 'full'"
        ) from error
