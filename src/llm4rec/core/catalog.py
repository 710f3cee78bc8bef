"""Items and users: their ids and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from llm4rec.core.arrays import Numbers
from llm4rec.core.columns import Column, ColumnType
from llm4rec.core.vocabulary import Vocabulary

TITLE, DESCRIPTION, CATEGORIES = "title", "description", "categories"


@dataclass(frozen=True, eq=False)
class _Described:
    """Ids and typed columns of equal length."""

    ids: Vocabulary
    columns: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if len(column) != len(self.ids):
                raise ValueError(f"column {name!r} has {len(column)} rows for {len(self.ids)} ids")

    def __len__(self) -> int:
        return len(self.ids)

    def _grown(self, other: _Described) -> dict[str, Column]:
        """Columns of both; a column only `other` has is missing in the old rows."""
        grown = {
            name: column.followed_by(other.columns.get(name), len(other))
            for name, column in self.columns.items()
        }
        for name, column in other.columns.items():
            if name not in grown:
                old = Column(column.type, column.values[:0]).followed_by(None, len(self))
                grown[name] = old.followed_by(column, len(other))
        return grown


@dataclass(frozen=True, eq=False)
class Catalog(_Described):
    """Items: id, title, text, categories, typed attributes, image and audio references. Grows while serving."""

    @cached_property
    def titles(self) -> list[str]:
        """A title an item; the id where it has none."""
        column = self.columns.get(TITLE)
        if column is None:
            return [str(name) for name in self.ids.ids]
        return [title or str(name) for title, name in zip(column.values, self.ids.ids, strict=True)]

    @cached_property
    def texts(self) -> list[str]:
        """What an encoder reads of each item: title, categories and every text column, in that order.

        An item without any text has an empty string.
        """
        parts: list[list[str]] = [[] for _ in range(len(self))]
        for name in self._text_columns():
            for row, value in zip(parts, self.columns[name].values, strict=True):
                words = ", ".join(value) if isinstance(value, tuple) else value
                if words:
                    row.append(words.strip().rstrip("."))
        return [". ".join(row) for row in parts]

    def _text_columns(self) -> list[str]:
        first = [name for name in (TITLE, CATEGORIES) if name in self.columns]
        rest = [n for n, c in self.columns.items() if c.type is ColumnType.TEXT and n not in first]
        return first + rest

    def take(self, numbers: Numbers) -> Catalog:
        """A catalog of the items asked for, renumbered in that order."""
        chosen = {name: column.take(numbers) for name, column in self.columns.items()}
        return Catalog(Vocabulary(self.ids.names(numbers)), chosen)

    def extended(self, other: Catalog) -> Catalog:
        """This catalog with the items of `other` behind its own, whose numbers stay."""
        return Catalog(self.ids.extended(other.ids.ids), self._grown(other))


@dataclass(frozen=True, eq=False)
class Users(_Described):
    """Users: id and typed attributes; may be empty of attributes."""

    def take(self, numbers: Numbers) -> Users:
        """The users asked for, renumbered in that order."""
        chosen = {name: column.take(numbers) for name, column in self.columns.items()}
        return Users(Vocabulary(self.ids.names(numbers)), chosen)

    def extended(self, other: Users) -> Users:
        """These users with `other` behind them, numbers kept."""
        return Users(self.ids.extended(other.ids.ids), self._grown(other))
