"""Towers and heads: from vectors of tokens or of a history to a vector, a value, or label scores. Knows no texts."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from llm4rec.encoders.adapting.config import Tower
from llm4rec.encoders.adapting.specs import HeadSpec

KERNELS = (1, 2, 3)
FADING = 3.0  # items after which a history item counts 1/e


class Sequence(NamedTuple):
    """Vectors in order (B, L, width), which of them are there (B, L), padding behind, and the whole (B, width)."""

    steps: Tensor
    there: Tensor
    whole: Tensor


class FeedForward(nn.Module):
    """Reads the whole alone."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.LayerNorm(width), nn.Dropout(dropout), nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout)
        )

    def forward(self, given: Sequence) -> Tensor:
        """(B, hidden)."""
        return self.body(given.whole)  # type: ignore[no-any-return]


class Convolutional(nn.Module):
    """Reads windows of 1, 2 and 3 steps, the strongest of each filter (Kim 2014), beside the whole."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.filters = nn.ModuleList(nn.Conv1d(width, hidden, size) for size in KERNELS)
        self.joined = FeedForward(width + hidden * len(KERNELS), hidden, dropout)

    def forward(self, given: Sequence) -> Tensor:
        """(B, hidden)."""
        there = given.there[:, :, None]
        steps = (self.norm(given.steps) * there).transpose(1, 2)
        # Zeros behind, so that the shortest text has a window of each size.
        steps = nn.functional.pad(steps, (0, max(KERNELS) - 1))
        found = [torch.relu(layer(steps)).amax(dim=2) for layer in self.filters]
        whole = torch.cat([given.whole, *found], dim=1)
        return self.joined(Sequence(given.steps, given.there, whole))  # type: ignore[no-any-return]


class Recurrent(nn.Module):
    """Reads step by step in both directions (GRU, Cho et al. 2014), beside the whole."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.gru = nn.GRU(width, hidden, batch_first=True, bidirectional=True)
        self.joined = FeedForward(width + 2 * hidden, hidden, dropout)

    def forward(self, given: Sequence) -> Tensor:
        """(B, hidden)."""
        lengths = given.there.sum(dim=1).clamp(min=1).cpu()
        steps = self.norm(given.steps) * given.there[:, :, None]
        packed = pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        there = given.there[:, : states.shape[1], None]
        read = (states * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
        whole = torch.cat([given.whole, read], dim=1)
        return self.joined(Sequence(given.steps, given.there, whole))  # type: ignore[no-any-return]


TOWERS: dict[Tower, type[FeedForward] | type[Convolutional] | type[Recurrent]] = {
    "feed-forward": FeedForward,
    "convolutional": Convolutional,
    "recurrent": Recurrent,
}


class TextHead(nn.Module):
    """Says something about a text: one number a label, or one value."""

    def __init__(self, spec: HeadSpec, width: int) -> None:
        super().__init__()
        self.tower = TOWERS[spec.tower](width, spec.hidden, spec.dropout)
        self.out = nn.Linear(spec.hidden, spec.outputs)
        self.steps = Steps(len(spec.levels) - 1) if spec.levels else None

    def forward(self, given: Sequence) -> Tensor:
        """(B, outputs); of an ordinal head (B, levels - 1), the log-odds of being above each level."""
        said = self.out(self.tower(given))
        return said if self.steps is None else self.steps(said)  # type: ignore[no-any-return]


class Steps(nn.Module):
    """A value against rising bounds (proportional odds, McCullagh 1980)."""

    def __init__(self, bounds: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.tensor(-1.0))
        self.rises = nn.Parameter(torch.zeros(bounds - 1))

    def forward(self, said: Tensor) -> Tensor:
        """(B, bounds) from (B, 1)."""
        rises = nn.functional.softplus(self.rises).cumsum(dim=0)
        return said - torch.cat([self.first[None], self.first + rises])


class HistoryHead(nn.Module):
    """A person as one vector: the fading mean of the latest items, moved by what the tower reads.

    The last layer begins at zero, so that the mean alone speaks until something better is learnt.
    """

    def __init__(self, spec: HeadSpec, width: int) -> None:
        super().__init__()
        self.tower = TOWERS[spec.tower](width, spec.hidden, spec.dropout)
        self.out = nn.Linear(spec.hidden, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, steps: Tensor, there: Tensor) -> Tensor:
        """(B, width) from items (B, L, width), oldest first, padding behind."""
        ages = there.flip(1).cumsum(dim=1).flip(1) - 1
        weights = torch.exp(-ages / FADING) * there
        weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-6)
        mean = (weights[:, :, None] * steps).sum(dim=1)
        return mean + self.out(self.tower(Sequence(steps, there, mean)))  # type: ignore[no-any-return]


class PairHead(nn.Module):
    """Says something about a person and an item: a log-odds, or a value."""

    def __init__(self, spec: HeadSpec, width: int) -> None:
        super().__init__()
        self.person = HistoryHead(spec, width)
        self.meeting = FeedForward(3 * width, spec.hidden, spec.dropout)
        self.out = nn.Linear(spec.hidden, 1)
        self.steps = Steps(len(spec.levels) - 1) if spec.levels else None

    def forward(self, steps: Tensor, there: Tensor, item: Tensor) -> Tensor:
        """(B, 1), or (B, levels - 1) of an ordinal head."""
        person = self.person(steps, there)
        both = torch.cat([person, item, person * item * item.shape[1] ** 0.5], dim=1)
        said = self.out(self.meeting(Sequence(steps, there, both)))
        return said if self.steps is None else self.steps(said)  # type: ignore[no-any-return]


class MaskedHead(nn.Module):
    """Which word was hidden: a step towards the table of words, which the encoder owns (Devlin et al. 2019)."""

    def __init__(self, width: int, words: int, word_width: int) -> None:
        super().__init__()
        self.towards = nn.Sequential(nn.Linear(width, word_width), nn.GELU(), nn.LayerNorm(word_width))
        self.bias = nn.Parameter(torch.zeros(words))

    def forward(self, tokens: Tensor, table: Tensor) -> Tensor:
        """(tokens, words) from (tokens, width) and the table (words, word_width)."""
        return self.towards(tokens) @ table.T + self.bias  # type: ignore[no-any-return]


class Space(nn.Module):
    """The directions in which texts are compared, shifted and stretched: set once, never learnt."""

    def __init__(self, width: int, directions: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("matrix", torch.zeros(width, directions))

    def forward(self, vectors: Tensor) -> Tensor:
        """(B, directions) from (B, width)."""
        return (vectors - self.mean) @ self.matrix  # type: ignore[operator]


def head_of(spec: HeadSpec, width: int, table: Tensor | None) -> nn.Module:
    """The head of a task; co-consumption has none, because the vectors themselves are compared."""
    if spec.kind == "pair":
        return nn.Module()
    if spec.kind == "near":
        return Space(width, spec.directions)
    if spec.kind == "next":
        return HistoryHead(spec, width)
    if spec.kind == "masked":
        assert table is not None, "checked when the encoder was opened"
        return MaskedHead(width, *table.shape)
    return TextHead(spec, width) if spec.reads_text else PairHead(spec, width)
