"""One table on its way in: a frame, where it came from, and how its columns are called there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table as it was read.

    `plain`: every value is still text (CSV), and its type is to be judged. `skipped`: rows of the file that
    could not be read at all, counted from 1. `names`: our name -> the name in the file, where they differ.
    """

    file: str
    frame: pl.DataFrame
    plain: bool = False
    is_file: bool = True
    skipped: tuple[int, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.frame.height

    def __contains__(self, column: str) -> bool:
        return column in self.frame.columns

    def told(self, column: str) -> str:
        """What a column is called in the file."""
        return self.names.get(column, column)

    def row(self, place: int) -> int:
        """The row of the file, from 1 and without the header, that stands at `place` of the frame."""
        row = place + 1
        for skipped in self.skipped:
            if skipped <= row:
                row += 1
        return row

    def renamed(self, names: Mapping[str, str]) -> Sheet:
        """The same table under our names (our name -> name in the file); names it does not have are ignored."""
        here = {ours: theirs for ours, theirs in names.items() if theirs in self}
        frame = self.frame.rename({theirs: ours for ours, theirs in here.items()})
        return replace(self, frame=frame, names={**self.names, **here})

    def how_to_rename(self, ours: str, theirs: str) -> str:
        """The exact words that tell us what a column is called."""
        if self.is_file:
            return f'Add to dataset.toml:\n[columns]\n{ours} = "{theirs}"'
        return f'Rename it, or pass settings={{"columns": {{"{ours}": "{theirs}"}}}}'

    def how_to_type(self, column: str, kind: str) -> str:
        """The exact words that set the type of a column."""
        if self.is_file:
            return f'[types] {column} = "{kind}" in dataset.toml'
        return f'settings={{"types": {{"{column}": "{kind}"}}}}'
