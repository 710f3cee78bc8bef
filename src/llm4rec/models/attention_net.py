"""The network of `attention`: item vectors from content and ids, and causal blocks over packed histories."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from llm4rec.models.attention_batches import GAPS, Packed, time_codes
from llm4rec.models.attention_content import ItemSource

HIDDEN = 0.1  # share of codes that are not shown while training
LOUD = 16.0  # logits begin as 16 times a cosine


@dataclass(frozen=True)
class Shape:
    """Sizes that a network is built from; all of them follow from the config and the data."""

    items: int
    dense: int
    sparse: int
    width: int
    blocks: int
    heads: int
    length: int
    tokens: tuple[int, ...]
    gated: bool
    time_aware: bool
    dropout: float
    id_dropout: float
    asked: tuple[int, ...] = ()


class ItemVectors(nn.Module):
    """e_i = LN(W dense_i + W_a sparse_i + g(n_i) v_i), g(n) = sigmoid(a log(1 + n) + b), g(0) = 0.

    While training, the id part of an item is left out with probability `id_dropout`, so that content alone has to
    do (DropoutNet, Volkovs et al., NIPS 2017; DenseRec, 2025). v starts near zero.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.id_dropout = shape.id_dropout
        self.dense = nn.Linear(shape.dense, shape.width, bias=False) if shape.dense else None
        self.sparse = nn.EmbeddingBag(shape.sparse, shape.width, mode="sum") if shape.sparse else None
        self.ids = nn.Embedding(shape.items, shape.width)
        self.gate = nn.Parameter(torch.tensor([1.0, 0.0]))
        self.norm = nn.LayerNorm(shape.width)
        self.drop = nn.Dropout(shape.dropout)
        nn.init.normal_(self.ids.weight, std=0.01)

    def start(self, directions: Any) -> None:
        """Begin with the given map (dense + sparse columns, width) from content, instead of a random one."""
        given = torch.as_tensor(directions, dtype=torch.float32)
        width = 0 if self.dense is None else self.dense.in_features
        with torch.no_grad():
            if self.dense is not None:
                self.dense.weight.copy_(given[:width].T)
            if self.sparse is not None:
                self.sparse.weight.copy_(given[width:])

    def content(self, rows: ContentRows) -> Tensor:
        """(items, width): what content alone gives, before the norm."""
        total = torch.zeros(len(rows), self.norm.normalized_shape[0], device=self.gate.device)
        if self.dense is not None:
            total = total + self.dense(rows.dense)
        if self.sparse is not None:
            total = total + self.sparse(rows.columns, rows.starts, per_sample_weights=rows.values)
        return total

    def forward(self, rows: ContentRows, numbers: Tensor, counts: Tensor) -> Tensor:
        """(items, width) of the items `numbers`, taken `counts` times; counts of zero switch the id part off."""
        gate = torch.sigmoid(self.gate[0] * torch.log1p(counts) + self.gate[1]) * (counts > 0)
        if self.training and self.id_dropout:
            gate = gate * (torch.rand_like(gate) >= self.id_dropout)
        vectors: Tensor = self.norm(self.content(rows) + gate[:, None] * self.ids(numbers))
        return vectors

    def new(self, rows: ContentRows) -> Tensor:
        """(items, width) of items that nobody has taken."""
        vectors: Tensor = self.norm(self.content(rows))
        return vectors


class ContentRows:
    """Content of items as tensors: a dense part, and a sparse one as the bags of an EmbeddingBag."""

    def __init__(self, source: ItemSource, device: str) -> None:
        sparse = source.sparse
        self.dense = torch.as_tensor(source.dense, device=device)
        self.columns = torch.as_tensor(sparse.indices.astype(np.int64), device=device)
        self.starts = torch.as_tensor(sparse.indptr[:-1].astype(np.int64), device=device)
        self.values = torch.as_tensor(sparse.data.astype(np.float32), device=device)

    def __len__(self) -> int:
        return len(self.dense)


class Block(nn.Module):
    """Causal self-attention with a learnt bias by distance, then a feed-forward part; both pre-norm and residual.

    `gated`: each residual is multiplied by sigmoid(linear of its input), as in LiGR (Borisyuk et al., 2025).
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.head = shape.heads, shape.width // shape.heads
        self.before, self.between = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.up, self.down = nn.Linear(shape.width, 4 * shape.width), nn.Linear(4 * shape.width, shape.width)
        self.distance = nn.Parameter(torch.zeros(shape.heads, shape.length))
        self.moment = nn.Parameter(torch.zeros(shape.heads, GAPS)) if shape.time_aware else None
        self.gates = nn.ModuleList(nn.Linear(shape.width, shape.width) for _ in range(2 * shape.gated))
        self.drop, self.rate = nn.Dropout(shape.dropout), shape.dropout
        for last in (self.out, self.down):  # a block begins as the identity
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """(places, width) to the same."""
        return self.forth(x, self.out(self.attend(self.qkv(self.before(x)), batch)))

    def forth(self, x: Tensor, change: Tensor) -> Tensor:
        """(places, width) with what attention adds to them, and then the feed-forward part."""
        x = x + self.gated(0, x, self.drop(change))
        inner = self.down(self.drop(functional.gelu(self.up(self.between(x)))))
        return x + self.gated(1, x, self.drop(inner))

    def gated(self, which: int, x: Tensor, change: Tensor) -> Tensor:
        """The change, through its gate where there is one."""
        return torch.sigmoid(self.gates[which](x)) * change if len(self.gates) else change

    def attend(self, qkv: Tensor, batch: Batch) -> Tensor:
        """(places, width) from (places, 3 width), rectangle by rectangle."""
        parts = []
        for group in batch.groups:
            rows, length = group.gather.shape
            cells = qkv.index_select(0, group.gather.reshape(-1)).view(rows, length, 3, self.heads, self.head)
            query, key, value = cells.permute(2, 0, 3, 1, 4)
            weights = query @ key.transpose(-1, -2) / math.sqrt(self.head) + self.bias(group)
            weights = torch.softmax(weights.masked_fill(group.future, -torch.inf), dim=-1)
            weights = functional.dropout(weights, self.rate, self.training)
            mixed = (weights @ value).transpose(1, 2).reshape(rows * length, -1)
            parts.append(mixed.index_select(0, group.cells))
        return torch.cat(parts)

    def latest(self, x: Tensor, batch: Batch) -> Tensor:
        """(rows, width): the last place of each row of `forward`, the others are not made; rows as in the batch.

        Keys and values are not made either: each query is turned to meet the events as they are, and what was mixed is turned
        into values afterwards. What keys are shifted by changes no weight, and weights sum to one.
        """
        seen, ends = self.before(x), batch.ends
        latest = x.index_select(0, ends)
        turned, key, value = self.qkv.weight.view(3, self.heads, self.head, -1)
        shifts = self.qkv.bias.view(3, self.heads, self.head)
        query = seen.index_select(0, ends) @ turned.flatten(0, 1).T + shifts[0].flatten()
        query = query.view(-1, self.heads, self.head).transpose(0, 1) / math.sqrt(self.head)
        asked = (query @ key).transpose(0, 1)  # (rows, heads, width)
        mixed = torch.cat([self.met(asked, seen, group) for group in batch.groups]).transpose(0, 1)
        found = (mixed @ value.transpose(-1, -2)).transpose(0, 1) + shifts[2]
        return self.forth(latest, self.out(found.flatten(1)))

    def met(self, asked: Tensor, seen: Tensor, group: GroupTensors) -> Tensor:
        """(rows, heads, width): what the queries of a rectangle's last places mix of its events."""
        cells = seen.index_select(0, group.gather.reshape(-1)).view(*group.gather.shape, -1)
        weights = asked[group.rows] @ cells.transpose(-1, -2)
        back = group.back()
        weights = weights + self.distance[:, back.clamp(min=0)].transpose(0, 1)
        if self.moment is not None and group.moments is not None:
            own = torch.arange(len(back), device=cells.device)
            weights = weights + self.moment[:, group.moments[own, group.last]].transpose(0, 1)
        return torch.softmax(weights.masked_fill((back < 0)[:, None], -torch.inf), dim=-1) @ cells

    def bias(self, group: GroupTensors) -> Tensor:
        """(rows or 1, heads, length, length): by distance in events, and by time before the moment of asking."""
        bias = self.distance[:, group.distance][None]
        if self.moment is not None and group.moments is not None:
            bias = bias + self.moment[:, group.moments].transpose(0, 1)
        return bias


class GroupTensors:
    """One rectangle of a batch on its device; `rows` of the batch, and where in the rectangle each ends (`last`)."""

    def __init__(self, group: Any, first: int, moments: Any, device: str) -> None:
        self.gather = torch.as_tensor(group.gather, device=device)
        self.cells = torch.as_tensor(group.cells, device=device)
        self.last = torch.as_tensor(group.lengths - 1, device=device)
        self.rows = slice(first, first + len(group.lengths))
        self.moments = None if moments is None else torch.as_tensor(moments, device=device)

    @cached_property
    def _places(self) -> Tensor:
        return torch.arange(self.gather.shape[1], device=self.gather.device)

    @cached_property
    def distance(self) -> Tensor:
        """(length, length): how many events each place is behind each other one."""
        return (self._places[:, None] - self._places[None, :]).clamp(min=0)

    @cached_property
    def future(self) -> Tensor:
        """(length, length): which places come after which."""
        return self._places[None, :] > self._places[:, None]

    def back(self) -> Tensor:
        """(rows, length): how many events each place is before the last of its row; behind that, less than 0."""
        return self.last[:, None] - self._places


class Batch:
    """A packed batch on its device. `asked` (places,): when the question after each place is asked, or None; `contexts`
    (places, columns): codes of what it is asked in, or None. `ends` (rows,) are the last places of rows.
    """

    def __init__(self, packed: Packed, device: str, asked: Any = None, contexts: Any = None) -> None:
        events = packed.events
        self.items = torch.as_tensor(events.items, device=device)
        self.tokens = torch.as_tensor(events.tokens, device=device)
        waits = None if asked is None else time_codes(asked - events.times)
        self.waits = None if waits is None else torch.as_tensor(waits, device=device)
        self.contexts = None if contexts is None else torch.as_tensor(contexts, device=device)
        self.ends = torch.as_tensor(events.bounds[1:] - 1, device=device)
        self.groups: list[GroupTensors] = []
        for group in packed.groups:
            first = sum(len(g.last) for g in self.groups)
            moments = None if asked is None else self._moments(group, events.times, asked)
            self.groups.append(GroupTensors(group, first, moments, device))

    @staticmethod
    def _moments(group: Any, times: Any, asked: Any) -> Any:
        """(rows, length, length): bucket of the time from event j to the question after event i."""
        return time_codes(asked[group.gather][:, :, None] - times[group.gather][:, None, :])


def _table(size: int, width: int) -> nn.Embedding:
    table = nn.Embedding(size, width)
    nn.init.normal_(table.weight, std=0.1)
    return table


class Network(nn.Module):
    """Item vectors, tokens and blocks; one vector for each place of each history."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.vectors = ItemVectors(shape)
        self.tokens = nn.ModuleList(_table(size, shape.width) for size in shape.tokens)
        self.wait = _table(GAPS, shape.width) if shape.time_aware else None
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(shape.width)
        self.loud = nn.Parameter(torch.tensor(math.log(LOUD)))
        self.drop = nn.Dropout(shape.dropout)
        self.asked = nn.ModuleList(_table(size, shape.width) for size in shape.asked)

    def forward(self, vectors: Tensor, batch: Batch) -> Tensor:
        """(places, width): what is expected after each place, from the vectors (places, width) of its items."""
        x = self._read(vectors, batch)
        for block in self.blocks:
            x = block(x, batch)
        return self._loud(x)

    def last(self, vectors: Tensor, batch: Batch) -> Tensor:
        """(rows, width): what is expected after the last place of each row, as `forward` has it without making the others."""
        x = self._read(vectors, batch)
        *first, final = self.blocks
        for block in first:
            x = block(x, batch)
        assert isinstance(final, Block)
        return self._loud(final.latest(x, batch))

    def _loud(self, x: Tensor) -> Tensor:
        loud: Tensor = self.norm(x) * torch.exp(self.loud) / self.shape.width
        return loud

    def _read(self, vectors: Tensor, batch: Batch) -> Tensor:
        """(places, width): items with all that is known of each place."""
        x = vectors
        for sort, table in enumerate(self.tokens):
            x = x + table(self._codes(batch.tokens[:, sort]))
        if self.wait is not None and batch.waits is not None:
            x = x + self.wait(batch.waits)
        if len(self.asked) and batch.contexts is not None:
            codes = self._asked_codes(batch.contexts)
            for column, table in enumerate(self.asked):
                x = x + table(codes[:, column])
        dropped: Tensor = self.drop(x)
        return dropped

    def _codes(self, codes: Tensor) -> Tensor:
        """Some codes are hidden while training, so that 0 = unknown has a meaning."""
        return codes * (torch.rand(codes.shape, device=codes.device) >= HIDDEN) if self.training else codes

    def _asked_codes(self, codes: Tensor) -> Tensor:
        """(places, columns): as `_codes`, and some questions are asked with nothing told at all."""
        if not self.training:
            return codes
        return self._codes(codes) * (torch.rand(len(codes), 1, device=codes.device) >= HIDDEN)
