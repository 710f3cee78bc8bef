"""What the columns of a catalog say of an item, and which items share its maker or series. Reads no running text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from llm4rec.core import Catalog, Column, ColumnType, Evidence
from llm4rec.core.catalog import TITLE
from llm4rec.core.description import GENERATED
from llm4rec.core.plain import TITLE as LONGEST_TITLE
from llm4rec.core.plain import plain
from llm4rec.core.suspect import neutral
from llm4rec.writers.language import Language

SERIES, PLACE = "series", "series number"
MAKERS = (SERIES, "author", "authors", "artist", "director", "brand", "creator", "developer", "maker")
LANGUAGES = ("language", "language_code", "original_language")
FIRST = (*MAKERS[1:], SERIES, PLACE, "categories", "genres", "genre", "year", "form", *LANGUAGES)
NOBODY = frozenset(("anonymous", "unknown", "various", "various artists", "n/a", "none"))
LONGEST, TAGS = 80, 5  # characters of a value, and values of one column that are told
IDENTIFIER = 0.9  # share of values that differ, from which bare codes are taken for ids
_TRUTHS = frozenset(("true", "false", "yes", "no", "0", "1"))
_SERIES = re.compile(r"\(([^()#]{2,60}?),?\s+#(\d+(?:\.\d+)?)(?:;[^()]*|([-–,&][^()]*))?\)\s*$")


def clean_title(catalog: Catalog, item: int) -> str:
    """The title without attacks and markup, as it may stand in a sentence; the id where nothing is left."""
    return plain(neutral(catalog.titles[item]), LONGEST_TITLE) or str(catalog.ids.ids[item])


class Fields:
    """Facts in columns; which columns can be told is found once."""

    def __init__(self, catalog: Catalog, known: frozenset[str]) -> None:
        self.catalog = catalog
        told = [name for name, column in catalog.columns.items() if _tellable(name, column, known)]
        if "year" in told:
            told = [name for name in told if catalog.columns[name].type is not ColumnType.TIME]
        self.columns = tuple(sorted(told, key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST)))

    def of(self, item: int, spoken: Language) -> list[Evidence]:
        """What columns and the series in the title say of an item, the most telling first."""
        values = {name: self._values(item, name, spoken) for name in self.columns}
        series, place = self.series(item)
        values |= {SERIES: series or values.get(SERIES, ""), PLACE: place}
        order = sorted(values, key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST))
        return [Evidence("field", name=name, value=values[name]) for name in order if values[name]]

    def series(self, item: int) -> tuple[str, str]:
        """The series that a title names and the place in it: "Champion (Legend, #3)"; "" for what it does not."""
        found = _SERIES.search(clean_title(self.catalog, item))
        return (found[1].strip(), "" if found[3] else found[2]) if found else ("", "")

    def siblings(self, item: int, spoken: Language, most: int) -> Evidence | None:
        """Up to `most` items of the same series, else of the same maker: those that follow it among them."""
        shy = set(str(spoken.table["claims"]["function"]).split())
        for name in MAKERS:
            value, group = self._group(item, name)
            if len(group) < 2 or most < 1:
                continue
            at = group.index(item)
            others = [*group[at + 1 :], *group[:at]]
            named = [(i, clean_title(self.catalog, i)) for i in others]
            # A title that is a word of the grammar cannot be told from that word; one that had to be changed is no name.
            fit = [(i, title) for i, title in named if title.lower() not in shy and self._whole(i, title)][
                :most
            ]
            if fit:
                ids = tuple(self.catalog.ids.ids[i] for i, _ in fit)
                return Evidence("sibling", ids, tuple(title for _, title in fit), name=name, value=value)
        return None

    def _whole(self, item: int, title: str) -> bool:
        """Whether a title stands as the catalog has it."""
        return title == " ".join(self.catalog.titles[item].split())

    def _group(self, item: int, name: str) -> tuple[str, list[int]]:
        value = self.series(item)[0] if name == SERIES and name not in self.columns else ""
        if name in self.columns:
            value = _shown(self.catalog.columns[name], item, name, ())
        if not value or value.lower() in NOBODY:
            return "", []
        return value, self._groups[name].get(value, [])

    @cached_property
    def _groups(self) -> Mapping[str, Mapping[str, list[int]]]:
        """Items by maker and by series, in the order of the catalog."""
        groups: dict[str, dict[str, list[int]]] = {name: {} for name in MAKERS}
        for name in (SERIES, *(n for n in self.columns if n in MAKERS)):
            for item in range(len(self.catalog)):
                value = (
                    _shown(self.catalog.columns[name], item, name, ())
                    if name in self.columns
                    else self.series(item)[0]
                )
                if value:
                    groups[name].setdefault(value, []).append(item)
        return groups

    def _values(self, item: int, name: str, spoken: Language) -> str:
        codes = spoken.table["describe"]["codes"] if name in LANGUAGES else {}
        column = self.catalog.columns[name]
        if name == "year" and column.type is ColumnType.NUMBER and column.values[item] < 0:
            return str(spoken.table["describe"]["bc"]).format(_number(-column.values[item]))
        if column.type is ColumnType.TAGS:
            tags = [plain(neutral(tag), LONGEST + 1) for tag in column.values[item][:TAGS]]
            return spoken.listed([tag for tag in dict.fromkeys(tags) if 0 < len(tag) <= LONGEST])
        return _shown(column, item, name, codes)


def _shown(column: Column, item: int, name: str, codes: Any) -> str:
    """One value as it is told; "" where there is none, or none that can be told."""
    value = column.values[item]
    if column.type is ColumnType.TAGS:
        return plain(neutral(value[0]), LONGEST) if len(value) == 1 else ""
    if column.type is ColumnType.NUMBER:
        return _number(value)
    if column.type is ColumnType.TIME:
        return _date(value)
    text = plain(neutral(value), LONGEST + 1) if value else ""
    text = "" if len(text) > LONGEST else text
    return str(dict(codes).get(text, text))


def _number(value: float) -> str:
    return (f"{int(value)}" if value == int(value) else f"{value:.10g}") if abs(value) < 1e15 else ""


def _date(value: float) -> str:
    if not -6e10 < value < 2e11:  # not a number, or no year of four digits
        return ""
    return datetime.fromtimestamp(value, UTC).date().isoformat()


def _tellable(name: str, column: Column, known: frozenset[str]) -> bool:
    """Whether the values of a column mean something to a reader: no titles, texts, truth values, constants and ids."""
    if name in (TITLE, GENERATED) or name.lower() == "id" or name.lower().endswith("_id"):
        return False
    if column.type in (ColumnType.NUMBER, ColumnType.TIME, ColumnType.TAGS):
        return True
    if column.type is ColumnType.TEXT:
        return name in known
    if column.type is not ColumnType.CATEGORY:
        return False
    values = [value for value in column.values if value]
    distinct = set(values)
    bare = not any(" " in value for value in distinct)
    codes = (
        bare and any(c.isdigit() for v in distinct for c in v) and len(distinct) > IDENTIFIER * len(values)
    )
    return len(distinct) > 1 and not codes and not {v.lower() for v in distinct} <= _TRUTHS
