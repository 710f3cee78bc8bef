"""What of an encoder is trained: a projection, its last layers, LoRA, a learnt prefix, or all. Knows no tasks.

Afterwards everything is in plain weights again, so that the encoder is an ordinary folder.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from llm4rec.core import ComponentError, SettingsError
from llm4rec.encoders.adapting.config import AdaptConfig


@dataclass(eq=False)
class Trained:
    """An encoder of which some parameters learn. `tuner` holds what has to be merged at the end.

    `own_length` is how many tokens of a text the encoder reads when it does not learn; None: as while learning.
    """

    model: Any
    tuner: Any = None
    layers: int = 0
    own_length: int | None = None

    def learning(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters that learn."""
        return ((name, value) for name, value in self.model.named_parameters() if value.requires_grad)

    def depth(self, name: str) -> int:
        """Layers between a parameter and the vector: 0 behind the last layer, one more than layers for words."""
        found = re.search(r"\.(\d+)\.", name.partition(".")[2])
        if found and self.layers and "embed" not in name[: found.start()]:
            return self.layers - int(found[1])
        return self.layers + 1 if "embed" in name or "wte" in name else 0

    def merge(self) -> Any:
        """The sentence-transformers model with all that was learnt in plain weights."""
        if self.tuner is not None:
            self.tuner.merge_and_unload()
            self.tuner = None
        if self.own_length is not None:
            self.model.max_seq_length = self.own_length
        return self.model


def prepare(model: Any, config: AdaptConfig) -> Trained:
    """The model with exactly the parameters of `config.method` open to training.

    SettingsError where the model has no such parts, as many layers or a tokenizer of the needed kind.
    """
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    method, _, number = config.method.partition(":")
    inner = getattr(model[0], "auto_model", None)
    layers = [] if inner is None else layers_of(inner)
    trained = Trained(model, layers=len(layers))
    if method == "head":
        _project(model)
    elif method == "full":
        for parameter in model.parameters():
            parameter.requires_grad_(True)
    elif inner is None:
        raise SettingsError(
            f"method {config.method!r} needs a transformer, but the encoder begins with {type(model[0]).__name__}; "
            "set method = 'head' or 'full'"
        )
    elif method == "last":
        if int(number) > len(layers):
            raise SettingsError(
                f"method {config.method!r}: the encoder has {len(layers)} layers; set last:{len(layers)} or fewer"
            )
        for layer in layers[-int(number) :]:
            layer.requires_grad_(True)
    elif method == "lora":
        trained.tuner = _lora(inner, config)
    else:
        trained.tuner = _prefix(model, inner, config)
    return trained


def layers_of(inner: nn.Module) -> list[nn.Module]:
    """The transformer layers, first to last."""
    size = getattr(inner.config, "num_hidden_layers", 0)
    for part in inner.modules():
        if isinstance(part, nn.ModuleList) and len(part) == size:
            return list(part)
    return []


def _project(model: Any) -> None:
    """A square linear layer behind everything, beginning as no change; one that stands there already learns on."""
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    *_, last = parts = list(model)
    before = parts[-2] if isinstance(last, Normalize) and len(parts) > 1 else last
    if isinstance(before, Dense) and before.in_features == before.out_features:
        before.requires_grad_(True)
        return
    width = model.get_embedding_dimension()
    dense = Dense(
        width,
        width,
        activation_function=nn.Identity(),
        init_weight=torch.eye(width),
        init_bias=torch.zeros(width),
    )
    model.append(dense.to(model.device))
    if isinstance(last, Normalize):
        model.append(Normalize())


def _lora(inner: Any, config: AdaptConfig) -> Any:
    """Low-rank additions to the attention's queries and values (Hu et al. 2022), by peft."""
    from peft import LoraConfig, LoraModel
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    known = KNOWN.get(inner.config.model_type)
    targets = "all-linear" if known is None else known if isinstance(known, str) else list(known)
    told = LoraConfig(
        r=config.rank, lora_alpha=2 * config.rank, lora_dropout=config.dropout, target_modules=targets
    )
    try:
        return LoraModel(inner, {"default": told}, "default")
    except ValueError as error:
        raise SettingsError(
            f"method 'lora' finds nothing to train in this encoder ({error}); set method = 'last:2' or 'full'"
        ) from error


def _prefix(model: Any, inner: Any, config: AdaptConfig) -> Any:
    """Learnt tokens before each text (prompt tuning, Lester et al. 2021), by peft.

    They are new words of the vocabulary that the tokenizer itself puts in front, so that the saved folder needs
    neither peft nor us to be read as it was trained.
    """
    from peft import TrainableTokensConfig, TrainableTokensModel

    tokenizer = model.tokenizer
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise SettingsError(
            "method 'prefix' needs a tokenizer of the tokenizers library; set method = 'lora'"
        )
    known = set(tokenizer.get_vocab())
    names = [name for name in (f"[prefix{n}]" for n in range(len(known))) if name not in known]
    names = names[: config.prefix_length]
    leading, trailing = _frame(tokenizer)
    tokenizer.add_tokens(names, special_tokens=True)
    numbers = tokenizer.convert_tokens_to_ids(names)
    _grow(inner, max(numbers) + 1, numbers)
    backend.post_processor = _template(tokenizer, leading, names, trailing)
    model[0].processor = _as_it_is(tokenizer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of tied word tables, which an encoder does not use
        return TrainableTokensModel(
            inner, {"default": TrainableTokensConfig(token_indices=numbers)}, "default"
        )


def _frame(tokenizer: Any) -> tuple[list[str], list[str]]:
    """The tokens that the tokenizer puts before and behind each text."""
    found = tokenizer("a", return_special_tokens_mask=True)
    tokens = tokenizer.convert_ids_to_tokens(found["input_ids"])
    text = [place for place, special in enumerate(found["special_tokens_mask"]) if not special]
    if not text:
        raise ComponentError(
            "method 'prefix': the tokenizer reads nothing in the text 'a'; set method = 'lora'"
        )
    return tokens[: text[0]], tokens[text[-1] + 1 :]


def _template(tokenizer: Any, leading: list[str], names: list[str], trailing: list[str]) -> Any:
    from tokenizers.processors import TemplateProcessing

    frame = [*leading, *names, *trailing]
    return TemplateProcessing(
        single=[*leading, *names, "$A", *trailing],
        pair=[*leading, *names, "$A", *trailing, "$B:1", *(f"{name}:1" for name in trailing)],
        special_tokens=[(name, tokenizer.convert_tokens_to_ids(name)) for name in dict.fromkeys(frame)],
    )


def _as_it_is(tokenizer: Any) -> Any:
    """The tokenizer as one that is read from its file: those of a named kind make their own template when opened."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer.backend_tokenizer,
        model_max_length=tokenizer.model_max_length,
        padding_side=tokenizer.padding_side,
        model_input_names=tokenizer.model_input_names,
        **tokenizer.special_tokens_map,
    )


def _grow(inner: Any, size: int, numbers: list[int]) -> None:
    """Rows for the new words, each beginning as a copy of a word drawn from the old ones."""
    old = inner.get_input_embeddings().weight.shape[0]
    if size > old:
        inner.resize_token_embeddings(size, mean_resizing=False)
    table = inner.get_input_embeddings().weight
    with torch.no_grad():
        drawn = torch.randint(0, min(old, *numbers), (len(numbers),))
        table[numbers] = table[drawn].clone()
    inner.get_input_embeddings().requires_grad_(False)
