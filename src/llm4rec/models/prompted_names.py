"""What items are called, in the tokens of a language model, and prompts made of that. Reranks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llm4rec.core import Floats, Numbers, ReadsTokens, Request
from llm4rec.models.prompts import header
from llm4rec.models.tries import Trie

if TYPE_CHECKING:
    from llm4rec.models.prompted import PromptedConfig

BULLET = "-"


@dataclass(frozen=True, eq=False)
class Names:
    """Names as tokens, `lead` before each in a prompt, the tree of them, and which item each place of it is."""

    reader: ReadsTokens
    pieces: tuple[tuple[int, ...], ...]
    lead: tuple[int, ...]
    trie: Trie
    named: Numbers
    prior: Floats

    @classmethod
    def of(cls, reader: ReadsTokens, names: Sequence[str], prior: Floats, taught: bool) -> Names:
        """Titles as lines of a list; names as taught one behind the other. An empty name is none."""
        pieces = [tuple(row) for row in reader.tokens(pieces_of(names, taught))]
        named = np.array([item for item, name in enumerate(names) if name], dtype=np.int64)
        lead = () if taught else tuple(reader.tokens([BULLET])[0])
        trie = Trie.of([pieces[item] for item in named.tolist()], prior[named])
        return cls(reader, tuple(pieces), lead, trie, named, prior)

    def prompt(self, request: Request, history: int) -> list[int]:
        """Opening lines, the latest `history` items as far as there is room, and the place of the next one."""
        opening = self.reader.tokens([header(request)])[0]
        longest = max((len(piece) for piece in self.pieces), default=0)
        left = self.reader.room - len(opening) - longest - 2 * len(self.lead) - 2
        told: list[tuple[int, ...]] = []
        for item in request.history.liked[::-1][:history].tolist():
            piece = (*self.lead, *self.pieces[item]) if self.pieces[item] else ()
            left -= len(piece)
            if left < 0:
                break
            told.append(piece)
        listed = [token for piece in told[::-1] for token in piece]
        return [*opening, *listed, *self.lead]

    def scored(self, requests: Sequence[Request], config: PromptedConfig) -> Floats:
        """(requests, items) log-probabilities; items without a name stand behind all others."""
        reading = self.reader.read([self.prompt(request, config.history) for request in requests])
        found = self.trie.scored(reading, len(requests), config.beam)
        scores = np.empty((len(requests), len(self.pieces)), dtype=np.float32)
        scores[:, self.named] = found
        rest = np.setdiff1d(np.arange(len(self.pieces)), self.named)
        if len(rest):
            floor = found.min(axis=1, keepdims=True) if found.shape[1] else np.zeros((len(requests), 1))
            scores[:, rest] = floor + np.log(self.prior[rest] / (self.prior[rest].sum() + 1.0))[None, :]
        return scores


def pieces_of(names: Sequence[str], taught: bool) -> list[str]:
    """Names as they stand in a prompt: as they are, or behind a bullet and with the end of their line."""
    return [name if taught or not name else f" {name}\n" for name in names]
