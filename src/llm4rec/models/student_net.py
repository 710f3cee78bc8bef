"""The network of a student while it learns, and its loss. Knows neither epochs nor files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from llm4rec.core import Floats, Numbers
from llm4rec.models.student_lessons import FADE, Lessons, Start
from llm4rec.models.student_memory import Memory
from llm4rec.models.student_reading import Reader

if TYPE_CHECKING:
    from llm4rec.models.student import Form, StudentConfig

BESIDE = 0.3  # of the first guess in the vectors of a student that has it in its memory
NEVER = -1e4


@dataclass(frozen=True, eq=False)
class Batch:
    """Histories newest first, one behind the other: `items`, how far back (`ages`), whose (`owners`), of `rows` rows.

    `columns` are the items compared (None: all), `place` where each item stands among them, their number for those left
    out; `louder` is added to the scores of columns that stand for many.
    """

    items: Tensor
    ages: Tensor
    owners: Tensor
    rows: int
    place: Tensor
    columns: Tensor | None
    louder: Tensor | None
    count: int

    @property
    def longest(self) -> int:
        """Events of the longest history."""
        return int(self.ages.max()) + 1


class Block(nn.Module):
    """Attention from the latest item over all, and a feed-forward part; begins as the identity."""

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.before, self.between, self.after = (nn.LayerNorm(width) for _ in range(3))
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        for last in (self.out.weight, self.down.weight, self.down.bias):
            nn.init.zeros_(last)

    def forward(self, rows: Tensor, there: Tensor, bias: Tensor) -> Tensor:
        """(rows, width) from (rows, length, width), newest first."""
        seen = self.before(rows)
        query = self.query(seen[:, 0])
        logits = (self.key(seen) @ query[:, :, None])[:, :, 0] / math.sqrt(rows.shape[2]) + bias
        weights = torch.softmax(logits.masked_fill(~there, -torch.inf), dim=1)
        x = rows[:, 0] + self.out((weights[:, None, :] @ self.value(seen))[:, 0])
        x = x + self.down(functional.gelu(self.up(self.between(x)), approximate="tanh"))
        found: Tensor = self.after(x)
        return found

    def arrays(self) -> dict[str, Floats]:
        """For `Reader`: matrices stand so that a row is multiplied from the left."""
        found = {}
        for name, value in self.state_dict().items():
            turned = value.T if value.ndim == 2 else value
            linear = name.removesuffix(".weight") if value.ndim == 2 else name
            found[linear] = np.ascontiguousarray(turned.cpu().numpy(), dtype=np.float32)
        return found


class Net(nn.Module):
    """Vectors that are read, vectors that are compared, how loud each item is by itself, and a memory."""

    near: Tensor

    def __init__(self, form: Form, config: StudentConfig, start: Start) -> None:
        super().__init__()
        width, beside = config.embedding_size, BESIDE if start.near.shape[1] else 1.0
        self.width = width
        self.outputs = nn.Parameter(_begun(start.right * beside**0.5))
        self.inputs = None if form == "two-tower" else nn.Parameter(_begun(start.left * beside**0.5))
        self.fame = nn.Parameter(torch.as_tensor(start.fame.copy()))
        fading = -torch.arange(config.window, dtype=torch.float32) / FADE
        self.ages = nn.Parameter(fading.clone())
        self.register_buffer("near", torch.as_tensor(start.near), persistent=False)
        self.memory = nn.Parameter(torch.as_tensor(start.values)) if start.near.shape[1] else None
        self.memory_ages = nn.Parameter(fading.clone()) if start.near.shape[1] else None
        self.block = None
        if form == "sequence":
            self.block = Block(width, config.window)
            with torch.no_grad():
                length = float(np.linalg.norm(start.left, axis=1).mean()) * beside**0.5
                self.block.after.weight.fill_(max(length, 0.1) / math.sqrt(width))

    def scores(self, batch: Batch) -> Tensor:
        """(rows, columns) of the items compared."""
        outputs: Tensor = self.outputs
        fame: Tensor = self.fame
        if batch.columns is not None:
            outputs, fame = outputs[batch.columns], fame[batch.columns]
        scores = self.people(batch) @ outputs.T + fame
        if batch.louder is not None:
            scores = scores + batch.louder
        return scores if self.memory is None else scores + self._recalled(batch)

    def people(self, batch: Batch) -> Tensor:
        """(rows, width) of histories."""
        inputs = self.outputs if self.inputs is None else self.inputs
        read = inputs.index_select(0, batch.items)
        if self.block is None:
            weights = shares(self.ages, batch)
            blank = read.new_zeros(batch.rows, self.width)
            return blank.index_add(0, batch.owners, read * weights[:, None])
        length = batch.longest
        cells = batch.owners * length + batch.ages
        padded = read.new_zeros(batch.rows * length, self.width).index_copy(0, cells, read)
        there = torch.zeros(batch.rows * length, dtype=torch.bool, device=read.device)
        there[cells] = True
        found: Tensor = self.block(
            padded.view(batch.rows, length, -1), there.view(batch.rows, length), self.ages[:length]
        )
        return found

    def _recalled(self, batch: Batch) -> Tensor:
        """(rows, columns): what the items of each history remember."""
        assert self.memory is not None
        assert self.memory_ages is not None
        weights = shares(self.memory_ages, batch)
        said = self.memory.index_select(0, batch.items) * weights[:, None]
        width = batch.count + 1  # the last column is for items that are not compared
        cells = batch.owners[:, None] * width + batch.place[self.near[batch.items]]
        total = said.new_zeros(batch.rows * width).index_add(0, cells.reshape(-1), said.reshape(-1))
        return total.view(batch.rows, width)[:, :-1]

    def served(self, near: Numbers) -> tuple[Reader, Floats, Memory]:
        """All that answering needs, as plain arrays."""
        with torch.no_grad():
            outputs, fame = (_plain(value) for value in (self.outputs, self.fame))
            inputs = outputs if self.inputs is None else _plain(self.inputs)
            ages = _plain(self.ages if self.block is not None else torch.exp(self.ages))
            block = {} if self.block is None else self.block.arrays()
            if self.memory is None or self.memory_ages is None:
                memory = Memory.of(near, np.zeros(near.shape, np.float32), np.ones(len(ages), np.float32))
            else:
                memory = Memory.of(near, _plain(self.memory), _plain(torch.exp(self.memory_ages)))
        return Reader(inputs, ages, block), np.hstack([outputs, fame[:, None]]), memory


def shares(ages: Tensor, batch: Batch) -> Tensor:
    """(events,): weights by age that sum to one over each history."""
    weights = torch.exp(ages)[batch.ages]
    total = weights.new_zeros(batch.rows).index_add(0, batch.owners, weights)
    return weights / total[batch.owners]


def _begun(rows: Floats) -> Tensor:
    """Rows as a tensor, with a little noise where they say nothing."""
    rng = np.random.default_rng(0)
    return torch.as_tensor(rows + 0.01 * rng.standard_normal(rows.shape).astype(np.float32))


def _plain(value: Tensor) -> Floats:
    return np.ascontiguousarray(value.detach().float().cpu().numpy())


def loss_of(net: Net, batch: Batch, lessons: Lessons, rows: Numbers, soft: float) -> Tensor:
    """soft * gate * cross-entropy with the softened list + (1 - soft) * cross-entropy with what was taken.

    What is in a history is not compared: it is not shown again. Rows count by their weights, so that one of which
    nothing but a list is known counts as much as its list.
    """
    device = batch.items.device
    scores = net.scores(batch)
    cells = batch.owners * (batch.count + 1) + batch.place[batch.items]
    seen = torch.zeros(batch.rows * (batch.count + 1), dtype=torch.bool, device=device)
    seen[cells] = True
    scores = scores.masked_fill(seen.view(batch.rows, -1)[:, :-1], NEVER)
    log_chances = torch.log_softmax(scores, dim=1)
    share = soft if lessons.has_lists else 0.0
    following = torch.as_tensor(lessons.following[rows], device=device)
    known = (following >= 0).float() * (1.0 - share)
    hard = log_chances.gather(1, batch.place[following.clamp(min=0)].clamp(max=batch.count - 1)[:, None])
    total = -(known * hard[:, 0]).sum()
    weight = known.sum()
    if lessons.has_lists:
        lists = torch.as_tensor(lessons.answers.lists[rows], device=device)
        chances = torch.as_tensor(lessons.chances[rows], device=device)
        gates = share * torch.as_tensor(lessons.gates[rows], device=device)
        said = log_chances.gather(1, batch.place[lists.clamp(min=0)].clamp(max=batch.count - 1))
        total = total - (gates[:, None] * chances * said).sum()
        weight = weight + gates.sum()
    return total / weight.clamp(min=1e-6)
