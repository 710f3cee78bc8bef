"""A BERT (Devlin et al. 2019) with its pooling, run by torch alone. Reads what `layout` allows, and trains nothing.

The bits of a vector are those of sentence-transformers, which is four times as much to import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoTokenizer

from llm4rec.core import Floats, Numbers
from llm4rec.encoders import loading
from llm4rec.encoders.layout import Layout, Linear

Weights = dict[str, Tensor]
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "relu": F.relu,
    "tanh": torch.tanh,
    "identity": lambda found: found,
}
ATTENDING = ("query", "key", "value")


class BertReader:
    """An encoder in memory: texts to tokens, tokens to vectors.

    ValueError, KeyError or SafetensorError where the files are not those of such a model.
    """

    def __init__(self, laid: Layout, dtype: torch.dtype, device: str) -> None:
        self.laid, self.device = laid, device
        self.tokenizer = _tokenizer(laid)
        self.heads = int(laid.config["num_attention_heads"])
        self.depth = int(laid.config["num_hidden_layers"])
        self.eps = float(laid.config.get("layer_norm_eps", 1e-12))
        self.activation = ACTIVATIONS[laid.config.get("hidden_act", "gelu")]
        self.weights = _weights(laid.inner, dict(_shapes(laid.config)), dtype, device)
        self.behind = [_behind(step, dtype, device) for step in laid.steps]

    @property
    def max_seq_length(self) -> int | None:
        """Tokens read of a text."""
        limit: int | None = self.tokenizer.model_max_length
        return limit

    @max_seq_length.setter
    def max_seq_length(self, limit: int | None) -> None:
        self.tokenizer.model_max_length = limit

    def lengths(self, texts: Sequence[str]) -> Numbers:
        """Tokens of each text as they will be read."""
        return loading.token_counts(self.tokenizer, self.max_seq_length, texts)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), width) float32, in one pass."""
        asked = [self.laid.prompt + text for text in texts]
        given = self.tokenizer(asked, padding=True, truncation=True, return_tensors="pt").to(self.device)
        mask = given["attention_mask"]
        tokens = self._tokens(given["input_ids"], given.get("token_type_ids"), mask)
        # From here on fp32: a mean over tokens and a length taken in bf16 lose two digits.
        found = torch.cat([_pooled(tokens.float(), mask, mode) for mode in self.laid.pooling], dim=-1)
        for step, held in zip(self.laid.steps, self.behind, strict=True):
            if step is None:
                found = F.normalize(found, dim=-1)
            else:
                mapped = F.linear(found, held["linear.weight"], held.get("linear.bias"))
                found = ACTIVATIONS[step.activation](mapped)
        return np.asarray(found.cpu().numpy(), dtype=np.float32)

    def _tokens(self, ids: Tensor, kinds: Tensor | None, mask: Tensor) -> Tensor:
        """(texts, tokens, width): what the last layer makes of each token."""
        kinds = torch.zeros_like(ids) if kinds is None else kinds
        found = self._looked_up("word", ids) + self._looked_up("token_type", kinds)
        found = found + self._looked_up("position", torch.arange(ids.shape[1], device=ids.device))
        found = self._scaled(found, "embeddings.LayerNorm")
        # Without padding no mask, which lets torch take its quickest attention.
        seen = None if mask.all() else mask.bool()[:, None, None, :]
        for layer in range(self.depth):
            found = self._layer(found, f"encoder.layer.{layer}", seen)
        return found

    def _layer(self, given: Tensor, at: str, seen: Tensor | None) -> Tensor:
        split = (*given.shape[:2], self.heads, -1)
        query, key, value = (
            self._mapped(given, f"{at}.attention.self.{name}").view(split).transpose(1, 2)
            for name in ATTENDING
        )  # each (texts, heads, tokens, width of a head)
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=seen).transpose(1, 2).flatten(2)
        found = self._mapped(found, f"{at}.attention.output.dense")
        given = self._scaled(found + given, f"{at}.attention.output.LayerNorm")
        found = self.activation(self._mapped(given, f"{at}.intermediate.dense"))
        return self._scaled(self._mapped(found, f"{at}.output.dense") + given, f"{at}.output.LayerNorm")

    def _looked_up(self, table: str, numbers: Tensor) -> Tensor:
        return F.embedding(numbers, self.weights[f"embeddings.{table}_embeddings.weight"])

    def _mapped(self, given: Tensor, at: str) -> Tensor:
        return F.linear(given, self.weights[f"{at}.weight"], self.weights[f"{at}.bias"])

    def _scaled(self, given: Tensor, at: str) -> Tensor:
        weight, bias = self.weights[f"{at}.weight"], self.weights[f"{at}.bias"]
        return F.layer_norm(given, weight.shape, weight, bias, self.eps)


def _pooled(tokens: Tensor, mask: Tensor, mode: str) -> Tensor:
    """The first token of each text, or the mean of all but padding."""
    if mode == "cls":
        return tokens[torch.arange(len(tokens), device=tokens.device), mask.int().argmax(dim=1)]
    counted = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1e-9)


def _tokenizer(laid: Layout) -> Any:
    """As the library opens it, with a limit no larger than the model's unless the folder sets one."""
    told: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if laid.max_length is not None:
        told["model_max_length"] = laid.max_length
    tokenizer = AutoTokenizer.from_pretrained(str(laid.inner), **told)
    room = int(laid.config["max_position_embeddings"])
    if laid.max_length is None:
        tokenizer.model_max_length = min(tokenizer.model_max_length, room)
    if tokenizer.model_max_length > room:
        raise ValueError(f"texts of {tokenizer.model_max_length} tokens for a model of {room}")
    loading.padded(tokenizer, laid.inner)
    return tokenizer


def _shapes(config: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every array of the model that a vector depends on."""
    width, wide, depth = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    rows = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    for name, size in rows.items():
        yield f"embeddings.{name}_embeddings.weight", (config[size], width)
    scalings = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{number}" for number in range(depth)):
        maps = {f"attention.self.{name}": (width, width) for name in ATTENDING}
        maps |= {
            "attention.output.dense": (width, width),
            "intermediate.dense": (wide, width),
            "output.dense": (width, wide),
        }
        for name, shape in maps.items():
            yield f"{layer}.{name}.weight", shape
            yield f"{layer}.{name}.bias", shape[:1]
        scalings += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    for name in scalings:
        yield f"{name}.weight", (width,)
        yield f"{name}.bias", (width,)


def _weights(folder: Path, shapes: Mapping[str, tuple[int, ...]], dtype: torch.dtype, device: str) -> Weights:
    """The arrays of those names and shapes; others, as of heads of other tasks, are left."""
    arrays = load_file(folder / "model.safetensors")
    held = {name.removeprefix("bert."): array for name, array in arrays.items()}
    for name, shape in shapes.items():
        if tuple(held[name].shape) != shape:
            raise ValueError(f"{name} has the shape {tuple(held[name].shape)}, expected {shape}")
    # Copied: arrays of a file begin where they happen to, and products of unaligned ones differ in the last bit.
    return {name: held[name].to(device, dtype, copy=True) for name in shapes}


def _behind(step: Linear | None, dtype: torch.dtype, device: str) -> Weights:
    """By way of `dtype`: in the library a layer behind a model of bf16 has weights of bf16, widened afterwards."""
    held = {} if step is None else _weights(step.folder, step.shapes, dtype, device)
    return {name: array.float() for name, array in held.items()}
