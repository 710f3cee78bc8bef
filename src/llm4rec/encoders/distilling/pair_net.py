"""A large encoder and its student side by side: layers taken over, what both make of texts, the loss between. Takes no steps."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from llm4rec.core import Floats, SettingsError, unit_rows
from llm4rec.encoders import loading
from llm4rec.encoders.adapting.methods_net import layers_of
from llm4rec.encoders.adapting.network_net import Network
from llm4rec.encoders.adapting.opening_net import open_base
from llm4rec.encoders.adapting.probe import probe
from llm4rec.encoders.distilling.distil import EncoderConfig

ASKED = (("query", "q_proj", "q_lin"), ("key", "k_proj", "k_lin"), ("value", "v_proj", "v_lin"))


@dataclass
class Seen:
    """What one encoder made of texts: `vectors` (B, width), and of each layer looked at (B, L, width)."""

    vectors: Tensor
    mask: Tensor
    hidden: list[Tensor] = field(default_factory=list)
    asked: list[Tensor] = field(default_factory=list)


@dataclass(eq=False)
class Pair:
    """Teacher and student; `kept` are the teacher's layers that the student began with and is compared to."""

    teacher: Network
    student: Network
    kept: tuple[int, ...]
    bridges: nn.ModuleList
    own_length: int | None
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, config: EncoderConfig, device: str) -> Pair:
        """The encoder of `config.source` and a student of some of its layers; SettingsError where it has too few."""
        model, own = open_base(config.source, config.max_length, device)
        inner = getattr(model[0], "auto_model", None)
        layers = [] if inner is None else layers_of(inner)
        if config.layers > len(layers):
            raise SettingsError(
                f"layers = {config.layers}: the encoder {config.source!r} has {len(layers)}; set fewer, or name another"
            )
        deep, wanted = len(layers), config.layers
        kept = tuple(-(-(n + 1) * deep // wanted) - 1 for n in range(wanted))
        precision = loading.best_precision(device) if config.precision == "auto" else config.precision
        small = copy.deepcopy(model)
        keep_layers(small[0].auto_model, kept)
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        width = int(inner.config.hidden_size) if inner is not None else 0
        maps = [nn.Linear(width, width, bias=False) for _ in kept]
        for one in maps:
            nn.init.eye_(one.weight)
        bridges = nn.ModuleList(maps).to(model.device)
        notes: tuple[str, ...] = ()
        if config.relations and len(asked_parts(layers[-1])) < len(ASKED):
            notes = (
                "attention is not transferred: the layers have no queries, keys and values of their own",
            )
        teacher, student = Network(model, {}, precision), Network(small, {}, precision)
        teacher.eval()
        return cls(teacher, student, kept, bridges, own, notes)

    @property
    def deep(self) -> int:
        """Layers of the teacher."""
        return len(layers_of(self.teacher.model[0].auto_model))

    def learning(self) -> dict[str, nn.Parameter]:
        """What learns, by name: the student, and the maps from its layers to the teacher's."""
        student = {f"student.{n}": p for n, p in self.student.model.named_parameters()}
        return student | {f"bridges.{n}": p for n, p in self.bridges.named_parameters()}

    def loss(self, texts: Sequence[str], config: EncoderConfig) -> Tensor:
        """Features: 1 - cosine of the vectors, and squared distance of layers' outputs in spreads of the teacher's
        (Romero et al., ICLR 2015; Jiao et al., 2020). Relations: KL divergence of query-query, key-key and
        value-value attention of the last layers (Wang et al., MiniLMv2, 2021).
        """
        with torch.no_grad():
            wanted = looked_at(self.teacher, texts, self.kept)
        found = looked_at(self.student, texts, tuple(range(len(self.kept))))
        cosine = functional.cosine_similarity(found.vectors, wanted.vectors, dim=1)
        total = config.features * (1.0 - cosine).mean()
        there = wanted.mask.bool()
        if config.hidden:
            apart = [
                (bridge(small.float())[there] - large.float()[there]).square().mean()
                / large.float()[there].var()
                for bridge, small, large in zip(self.bridges, found.hidden, wanted.hidden, strict=True)
            ]
            total = total + config.hidden * torch.stack(apart).mean()
        if config.relations and wanted.asked:
            heads = int(self.teacher.model[0].auto_model.config.num_attention_heads)
            kinds = [
                related(small, large, there, heads)
                for small, large in zip(found.asked, wanted.asked, strict=True)
            ]
            total = total + config.relations * torch.stack(kinds).mean()
        return total

    def likeness(self, texts: Sequence[str], wanted: Floats) -> float:
        """Mean cosine of the student's vectors with the teacher's."""
        self.student.eval()
        found = unit_rows(self.student.encode(texts))
        return float(np.einsum("ij,ij->i", found, unit_rows(wanted)).mean())

    def probed(self) -> dict[str, float]:
        """The probe of general similarity, of both."""
        self.student.eval()
        return {"teacher": probe(self.teacher.encode), "student": probe(self.student.encode)}

    def save(self, folder: Path) -> None:
        """The student as an ordinary sentence-transformers folder."""
        model = self.student.model
        if self.own_length is not None:
            model.max_seq_length = self.own_length
        with loading._no_progress_bars():
            model.save_pretrained(str(folder), create_model_card=False)


def keep_layers(inner: Any, kept: Sequence[int]) -> None:
    """Leave only some layers of a transformer, in their order."""
    layers = layers_of(inner)
    for name, part in inner.named_modules():
        if isinstance(part, nn.ModuleList) and list(part) == layers:
            parent, _, own = name.rpartition(".")
            setattr(inner.get_submodule(parent), own, nn.ModuleList(layers[n] for n in kept))
            break
    inner.config.num_hidden_layers = len(kept)


def asked_parts(layer: nn.Module) -> list[nn.Module]:
    """The maps to queries, keys and values of a layer, as far as it has them apart."""
    named = {name.rpartition(".")[2]: part for name, part in layer.named_modules()}
    return [next(named[n] for n in names if n in named) for names in ASKED if set(names) & set(named)]


def looked_at(network: Network, texts: Sequence[str], places: Sequence[int]) -> Seen:
    """What an encoder makes of texts, with the outputs of some layers and the maps of its last one."""
    layers = layers_of(network.model[0].auto_model)
    hidden: dict[int, Tensor] = {}
    asked: dict[int, Tensor] = {}
    with _heard([layers[n] for n in places], hidden), _heard(asked_parts(layers[-1]), asked):
        reading = network.read(texts)
    return Seen(
        reading.vectors, reading.mask, [hidden[n] for n in sorted(hidden)], [asked[n] for n in sorted(asked)]
    )


@contextmanager
def _heard(parts: Sequence[nn.Module], found: dict[int, Tensor]) -> Iterator[None]:
    """Inside, what each part gives is put into `found` under its place."""

    def hear(place: int) -> Any:
        def keep(_part: nn.Module, _given: Any, output: Any) -> None:
            found[place] = output[0] if isinstance(output, tuple) else output

        return keep

    hooks = [part.register_forward_hook(hear(place)) for place, part in enumerate(parts)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def related(small: Tensor, large: Tensor, there: Tensor, heads: int) -> Tensor:
    """KL divergence between the softmax of scaled products of tokens with each other, a head at a time."""
    log_small, log_large = (_relations(rows.float(), there, heads) for rows in (small, large))
    parts = (log_large.exp() * (log_large - log_small)).sum(dim=-1)  # hidden tokens have no chance at all
    return parts.transpose(1, 2)[there].mean()


def _relations(rows: Tensor, there: Tensor, heads: int) -> Tensor:
    """(B, heads, L, L) log chances."""
    split = rows.view(*rows.shape[:2], heads, -1).transpose(1, 2)
    products = split @ split.transpose(-1, -2) / split.shape[-1] ** 0.5
    return torch.log_softmax(products.masked_fill(~there[:, None, None, :], -1e4), dim=-1)
