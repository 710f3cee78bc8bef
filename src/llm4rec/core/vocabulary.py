"""Outside ids and inside numbers, and the only translation between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np

from llm4rec.core.arrays import Numbers
from llm4rec.core.errors import NotFoundError, suggest

Id: TypeAlias = int | str
DECIMAL = re.compile(r"\s*-?[0-9]{1,40}\s*")


class Vocabulary:
    """A sequence of distinct ids; the place of an id is its number. Immutable.

    Ids are all whole numbers or all text, and come back as they were given. Where the ids are whole
    numbers, their decimal text is understood as well ("196" finds 196), because a command line has only text.
    """

    def __init__(self, ids: Iterable[Id]) -> None:
        self.ids: tuple[Id, ...] = tuple(i.item() if isinstance(i, np.generic) else i for i in ids)
        kinds = {type(i) for i in self.ids}
        if not kinds <= {int} and not kinds <= {str}:
            raise ValueError(
                f"ids of one vocabulary are all int or all str, not {sorted(k.__name__ for k in kinds)}"
            )
        self.numeric: bool = kinds == {int}
        if len(self._places) != len(self.ids):
            raise ValueError("ids of one vocabulary are distinct")

    @cached_property
    def _places(self) -> dict[Id, int]:
        return {name: place for place, name in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, name: object) -> bool:
        return self.number(name) >= 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.ids == other.ids

    def __hash__(self) -> int:
        return hash(self.ids)

    def number(self, name: object) -> int:
        """The number of an id, or -1 where there is none."""
        if isinstance(name, np.generic):
            name = name.item()
        if isinstance(name, int | str) and not isinstance(name, bool):
            place = self._places.get(name)
            if place is not None:
                return place
            if self.numeric and isinstance(name, str) and DECIMAL.fullmatch(name):
                return self._places.get(int(name), -1)
            if not self.numeric and isinstance(name, int):
                return self._places.get(str(name), -1)
        return -1

    def found(self, names: Iterable[object]) -> Numbers:
        """`number` of each id: -1 where there is none."""
        plain, place = int if self.numeric else str, self._places.get
        numbers = [place(name, -1) if type(name) is plain else self.number(name) for name in names]
        return np.array(numbers, dtype=np.int64)

    def known(self, names: Iterable[object]) -> Numbers:
        """Numbers of those ids that there are."""
        found = self.found(names)
        return found[found >= 0]

    def numbers(self, names: Iterable[object], what: str = "id") -> Numbers:
        """Numbers of ids; NotFoundError names the first that does not exist and the nearest that does."""
        names = list(names)
        found = self.found(names)
        if len(found) and found.min() < 0:
            name = names[int((found < 0).argmax())]
            raise NotFoundError(f"no {what} {name!r}{suggest(name, self.ids[:20_000])}")
        return found

    def names(self, numbers: Sequence[int] | Numbers) -> list[Id]:
        """Ids of numbers."""
        return [self.ids[int(n)] for n in numbers]

    def extended(self, ids: Iterable[Id]) -> Vocabulary:
        """A new vocabulary with `ids` behind the old ones, whose numbers stay."""
        return Vocabulary((*self.ids, *ids))
