"""A tree of the tokens that name items, and decoding along it: what is not in the tree cannot come out. Knows no prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Reading, SettingsError, Times


@dataclass(frozen=True, eq=False)
class Fork:
    """A beginning that several names share: the tokens of it, those that may follow, and where each of them leads.

    Child c covers places [starts[c], starts[c + 1]) of the order of names, and is fork `forks[c]`, or -1 where its
    names are told apart no further. `shares` are the log shares of the prior among the children.
    """

    path: tuple[int, ...]
    tokens: Numbers
    starts: Numbers
    forks: Numbers
    shares: Times


@dataclass(frozen=True, eq=False)
class Trie:
    """Names as token paths, kept as their forks only: a token that must come costs no question.

    `order[place]` is the item at a place; `prior` (items,) the log share of each before anything was read. Items of one
    name share out its probability by the prior.
    """

    forks: tuple[Fork, ...]
    order: Numbers
    prior: Times

    @classmethod
    def of(cls, paths: Sequence[Sequence[int]], prior: Floats) -> Trie:
        """From the tokens of each item's name, and positive weights for where nothing else is known.

        SettingsError: a name that is empty or the beginning of another.
        """
        order = np.array(
            sorted(range(len(paths)), key=lambda item: (tuple(paths[item]), item)), dtype=np.int64
        )
        weights = np.asarray(prior, dtype=np.float64)[order]
        sums = np.concatenate([[0.0], np.cumsum(weights)])
        sorted_paths = [tuple(paths[item]) for item in order.tolist()]
        forks: list[Fork] = []
        _grow(forks, sorted_paths, sums, 0, (0, len(order)))
        shares = np.log(weights) - np.log(sums[-1]) if len(order) else np.zeros(0)
        return cls(tuple(forks), order, shares)

    def scored(self, reading: Reading, prompts: int, beam: int) -> Floats:
        """(prompts, items) log-probabilities of all names, a distribution over the catalog.

        A name's probability is that of each choice on its way, among the tokens that may come there. At each depth the
        `beam` likeliest beginnings of a prompt are followed; what lies behind the others shares out their probability
        by the prior. So every item has a finite score, and with a beam as wide as the catalog all are exact.
        """
        found = np.tile(self.prior, (prompts, 1))
        front = [(row, 0, 0.0) for row in range(prompts)] if self.forks else []
        while front:
            chances = self._chances(reading, front)
            children: dict[int, list[tuple[float, int]]] = {}
            for (row, number, so_far), chance in zip(front, chances, strict=True):
                fork = self.forks[number]
                sizes = np.diff(fork.starts)
                found[row, fork.starts[0] : fork.starts[-1]] += np.repeat(chance - fork.shares, sizes)
                for place in np.flatnonzero(fork.forks >= 0).tolist():
                    children.setdefault(row, []).append((so_far + chance[place], int(fork.forks[place])))
            front = []
            for row, some in children.items():
                kept = sorted(some, key=lambda pair: (-pair[0], pair[1]))[:beam]
                front += [(row, number, chance) for chance, number in kept]
        result = np.empty((prompts, len(self.order)), dtype=np.float32)
        result[:, self.order] = found
        return result

    def drawn(
        self, reading: Reading, prompts: int, rng: np.random.Generator
    ) -> tuple[Numbers, list[tuple[int, ...]]]:
        """One item a prompt, written token after token by chance, and the tokens that were written up to the last fork."""
        items = np.zeros(prompts, dtype=np.int64)
        written: list[tuple[int, ...]] = [()] * prompts
        if not self.forks:
            return self.order[items], written
        front = [(row, 0, 0.0) for row in range(prompts)]
        while front:
            after = []
            for (row, number, _), chance in zip(front, self._chances(reading, front), strict=True):
                fork = self.forks[number]
                child = int(np.argmax(chance + rng.gumbel(size=len(chance))))
                written[row] = (*fork.path, int(fork.tokens[child]))
                items[row] = self.order[fork.starts[child]]
                if fork.forks[child] >= 0:
                    after.append((row, int(fork.forks[child]), 0.0))
            front = after
        return items, written

    def _chances(self, reading: Reading, front: Sequence[tuple[int, int, float]]) -> list[Times]:
        """For each (prompt, fork, _): log-probabilities of the children, among themselves."""
        wanted = np.unique(np.concatenate([self.forks[number].tokens for _, number, _ in front]))
        paths = [self.forks[number].path for _, number, _ in front]
        found = reading.after([row for row, _, _ in front], paths, wanted.tolist())
        chances = []
        for (_, number, _), row in zip(front, found, strict=True):
            own = row[np.searchsorted(wanted, self.forks[number].tokens)]
            own = own - own.max()
            chances.append(np.asarray(own - np.log(np.exp(own).sum())))
        return chances


def _grow(
    forks: list[Fork], paths: Sequence[tuple[int, ...]], sums: Times, depth: int, span: tuple[int, int]
) -> int:
    """The number of the fork of the names in a span that share `depth` tokens; -1 where nothing tells them apart."""
    start, stop = span
    if stop == start or paths[start] == paths[stop - 1]:
        return -1
    first, last = paths[start], paths[stop - 1]
    while depth < len(first) and depth < len(last) and first[depth] == last[depth]:
        depth += 1  # paths are sorted: what the first and the last share all of them share
    if depth >= len(first):
        raise SettingsError(
            "the name of an item is the beginning of another's; give each an ending of its own"
        )
    tokens = [paths[place][depth] for place in range(start, stop)]
    cuts = [start, *(n for n in range(start + 1, stop) if tokens[n - start] != tokens[n - start - 1]), stop]
    own = len(forks)
    forks.append(Fork((), *(np.zeros(0, np.int64),) * 3, np.zeros(0)))  # its place; children come behind it
    inner = [_grow(forks, paths, sums, depth + 1, (a, b)) for a, b in pairwise(cuts)]
    weights = np.diff(sums[cuts])
    forks[own] = Fork(
        first[:depth],
        np.array([tokens[cut - start] for cut in cuts[:-1]], dtype=np.int64),
        np.array(cuts, dtype=np.int64),
        np.array(inner, dtype=np.int64),
        np.log(weights) - np.log(weights.sum()),
    )
    return own


def prior_of(counts: Numbers) -> Floats:
    """What is known of items before anything is read: how many took each, and one more."""
    return np.asarray(counts + 1.0, dtype=np.float32)


def texts_state(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Texts without line breaks as one array of bytes."""
    return np.frombuffer("\n".join(texts).encode(), dtype=np.uint8).copy()


def texts_from(state: Mapping[str, NDArray[np.uint8]], name: str) -> list[str]:
    """The inverse of `texts_state`."""
    return np.asarray(state[name], np.uint8).tobytes().decode().split("\n")
