"""What a split is made of, and what a protocol is given. Chooses no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog, DataError, Dataset, Floats, Holdout, Numbers, Request, SettingsError

# The part of a fold that a row belongs to.
TRAIN, VALID, TEST = 0, 1, 2
Parts = NDArray[np.int8]
# Timestamps below this are an order (1, 2, 3 ...), not seconds since 1970.
REAL_TIME = 1e6


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows whose value is known and is to be predicted: stars, or 1 for a click and 0 for none.

    `requests`, `items`, `values` and `groups` are of one length; rows with the same group number were shown
    together (one impression, or one user where impressions are not recorded).
    """

    requests: Sequence[Request]
    items: Numbers
    values: Floats
    groups: Numbers

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, eq=False)
class Fold:
    """One fit and the questions asked of it.

    `train` is all that may be fitted on. `tests` are views of the test, "" the main one. `validation` are
    questions for choosing settings, with histories from `train` alone. `refit` is train and validation
    together, what one would deploy; None where there is no validation. `newcomers` are items unknown while
    fitting, numbered behind those of `train.catalog`. `pairs` are values to predict.
    """

    train: Dataset
    tests: Mapping[str, Holdout]
    validation: Holdout | None = None
    refit: Dataset | None = None
    newcomers: Catalog | None = None
    pairs: Pairs | None = None


@dataclass(frozen=True, eq=False)
class Split:
    """A protocol applied to a data set. `facts` (plain values) say what was held out, how and how much."""

    name: str
    folds: tuple[Fold, ...]
    facts: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Ask:
    """What a protocol is given: the data, its arguments, row-aligned marks, chance, and whether time is told."""

    dataset: Dataset
    protocol: str
    arguments: tuple[str, ...]
    marks: Mapping[str, NDArray[Any]]
    rng: np.random.Generator
    target_time: bool = False

    def facts(self, counts: Mapping[str, int], **said: object) -> dict[str, object]:
        """What every split states, what this one states, and its counts."""
        common = {
            "protocol": self.protocol,
            "ties": "stable order: user, time, order of the file",
            "targets": "positive events that are not in the history, each item once",
            "history": "train and validation events of the user",
            "candidates": "all items of the catalog but those of the history",
            "request_time": "that of the first target" if self.target_time else "unknown",
        }
        return common | said | {name: int(count) for name, count in counts.items()}

    @property
    def name(self) -> str:
        """The protocol without its arguments."""
        return self.protocol.partition(":")[0].strip()

    def no_arguments(self) -> None:
        """SettingsError where arguments were given."""
        if self.arguments:
            given = ",".join(self.arguments)
            raise SettingsError(f"protocol {self.name!r} takes no arguments, not {given!r}")

    def shares(self, default: tuple[float, ...], most: int = 1) -> tuple[float, ...]:
        """The arguments as at most `most` numbers between 0 and 1; SettingsError otherwise."""
        try:
            found = tuple(float(text) for text in self.arguments) or default
        except ValueError:
            found = ()
        if not 1 <= len(found) <= most or not all(0.0 < share < 1.0 for share in found):
            example = ",".join(map(str, default))
            raise SettingsError(
                f"protocol {self.protocol!r} takes at most {most} share(s) between 0 and 1, "
                f"as in '{self.name}:{example}'"
            )
        return found

    def need_real_time(self, instead: str) -> None:
        """DataError where timestamps are only an order: one user's cannot be compared with another's."""
        if self.dataset.interactions.timestamps.max(initial=0.0) < REAL_TIME:
            raise DataError(
                f"protocol {self.protocol!r} needs the time of each interaction, but the timestamps of "
                f"{self.dataset.name!r} are only an order. Add a timestamp column (seconds or a date), or "
                f"{instead}"
            )


def checked(split: Split) -> Split:
    """The split, unless it asks nothing: DataError names the protocol and the remedy."""
    for place, fold in enumerate(split.folds):
        if not len(fold.train.interactions):
            raise DataError(
                f"protocol {split.name!r} leaves nothing to fit on in fold {place + 1}. "
                "Choose smaller shares, or bring more interactions"
            )
        if not any(len(view) for view in fold.tests.values()) and fold.pairs is None:
            raise DataError(
                f"protocol {split.name!r} leaves no question in fold {place + 1}: no held-out event is "
                "positive and new to its user. Choose another protocol, or bring more interactions"
            )
    return split
