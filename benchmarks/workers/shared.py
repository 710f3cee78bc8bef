"""What every worker shares: the data of a job, what a library's side must offer, and memory. numpy and scipy only."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse


@dataclass
class Rows:
    """Interactions as columns of numbers, in the order user, time."""

    users: np.ndarray
    items: np.ndarray
    values: np.ndarray
    timestamps: np.ndarray
    positive: np.ndarray

    @classmethod
    def read(cls, path: Path) -> Rows:
        with np.load(path) as found:
            return cls(**{name: found[name] for name in cls.__dataclass_fields__})


@dataclass
class Data:
    """What is fitted on, the histories at the time of asking, who asks, and (for ratings) about what."""

    users: int
    items: int
    fit: Rows
    history: Rows
    asked: np.ndarray
    pair_users: np.ndarray
    pair_items: np.ndarray
    pair_times: np.ndarray
    item_features: sparse.csr_matrix | None
    user_features: sparse.csr_matrix | None
    job: dict[str, Any]
    _made: dict[int, sparse.csr_matrix] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, job: dict[str, Any]) -> Data:
        with np.load(folder / "asked.npz") as asked:
            who = {name: asked[name] for name in ("asked", "pair_users", "pair_items", "pair_times")}
        blocks = {
            name: sparse.load_npz(folder / f"{name}.npz").tocsr()
            if (folder / f"{name}.npz").exists()
            else None
            for name in ("item_features", "user_features")
        }
        fit, history = Rows.read(folder / "fit.npz"), Rows.read(folder / "history.npz")
        return cls(job["users"], job["items"], fit, history, **who, **blocks, job=job)

    def matrix(self, rows: Rows) -> sparse.csr_matrix:
        """Users x items, 1 where there is a positive event. Made once for each of the two sets of rows."""
        if id(rows) not in self._made:
            self._made[id(rows)] = self._matrix(rows)
        return self._made[id(rows)]

    def _matrix(self, rows: Rows) -> sparse.csr_matrix:
        chosen = rows.positive
        shape = (self.users, self.items)
        ones = np.ones(int(chosen.sum()), dtype=np.float32)
        result = sparse.csr_matrix((ones, (rows.users[chosen], rows.items[chosen])), shape=shape)
        result.data[:] = 1.0
        result.sort_indices()
        return result


class Peer:
    """A library's side. `setting` is one point of its grid.

    `lists`: whether `recommend` on other rows than those of the fit means the same as `score`.
    """

    lists = True

    def __init__(self, setting: dict[str, Any], threads: int, seed: int) -> None:
        self.setting, self.threads, self.seed = dict(setting), threads, seed

    def prepare(self, data: Data) -> None:
        """What is to be done before the clock starts, such as reading a data set that the library needs whole."""

    def fit(self, data: Data) -> None:
        raise NotImplementedError

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> np.ndarray | None:
        """Top `n` item numbers of `users` with the library's own call, what is in `rows` left out; padded with -1."""
        raise NotImplementedError

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        """(users, items) over all items, from `data.history` where the library can, finite; -inf: a declined row."""
        raise NotImplementedError

    def rate(self, data: Data, users: np.ndarray, items: np.ndarray, times: np.ndarray) -> np.ndarray:
        """The value expected of each pair."""
        raise NotImplementedError

    def said(self) -> dict[str, Any]:
        """What else should be told, plain values."""
        return {}


def padded(lists: list[Any], n: int) -> np.ndarray:
    """Lists of differing length as rows of `n`, -1 behind."""
    result = np.full((len(lists), n), -1, dtype=np.int64)
    for row, found in zip(result, lists, strict=True):
        row[: min(len(found), n)] = np.asarray(found, dtype=np.int64)[:n]
    return result


def floored(scores: np.ndarray) -> np.ndarray:
    """Scores with everything unknown (NaN) tied below what is known; a row without anything known is declined."""
    known = np.isfinite(scores)
    least = np.where(known, scores, np.inf).min(axis=1, keepdims=True)
    filled = np.where(known, scores, least - 1.0 - np.abs(least))
    filled[~known.any(axis=1)] = -np.inf
    return filled.astype(np.float32)


def peak_mb() -> float:
    """The most memory this process has held, MiB. Not ru_maxrss where it can be helped: that is inherited over fork."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 * (1024.0 if sys.platform == "darwin" else 1.0))
