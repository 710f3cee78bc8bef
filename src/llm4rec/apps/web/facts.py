"""What a card says of an item: title, by whom, what about, its picture. Read from the catalog, changed by nothing."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from llm4rec.core import ColumnType, Id

if TYPE_CHECKING:
    from llm4rec.core import Catalog
    from llm4rec.engine.live import Live

MAKERS = ("author", "artist", "director", "creator", "brand", "maker", "publisher", "source")
YEARS = ("year", "released", "date", "published")
HUES = 8
MOST_BYTES = 2_000_000  # of a picture
KINDS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n": "image/png",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


@dataclass(frozen=True)
class Facts:
    """`taken` is how many people have taken it, -1 where it came after the engine was fitted."""

    item: Id
    title: str
    by: str
    about: str
    tags: tuple[str, ...]
    taken: int
    picture: str

    @property
    def hue(self) -> int:
        """Which of the placeholder colours: always the same for the same maker."""
        return zlib.crc32((self.by.partition(" · ")[0] or self.title).encode("utf-8", "replace")) % HUES


def facts_of(live: Live, items: Sequence[Id]) -> list[Facts]:
    """What is known of some items of the catalog."""
    engine = live.serving.engine
    catalog, counts = engine.catalog, engine.fitted.dataset.counts
    numbers = catalog.ids.numbers(items, "item").tolist()
    return [
        _facts(catalog, number, int(counts[number]) if number < len(counts) else -1) for number in numbers
    ]


def _facts(catalog: Catalog, number: int, taken: int) -> Facts:
    item = catalog.ids.ids[number]
    by = " · ".join(
        part for part in (_first(catalog, MAKERS, number), _first(catalog, YEARS, number)) if part
    )
    tags = catalog.columns.get("categories")
    has_picture = "image" in catalog.columns and catalog.columns["image"].values[number] is not None
    return Facts(
        item,
        catalog.titles[number],
        by,
        _about(catalog, number),
        tuple(tags.values[number] or ())[:3] if tags is not None and tags.type is ColumnType.TAGS else (),
        taken,
        f"/picture/{quote(str(item), safe='')}" if has_picture else "",
    )


def _first(catalog: Catalog, names: Sequence[str], number: int) -> str:
    """The first of these columns that says something of an item."""
    for name in names:
        column = catalog.columns.get(name)
        value: Any = None if column is None else column.values[number]
        if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
            continue
        if column is not None and column.type is ColumnType.TIME:
            return str(np.datetime64(int(value), "s"))[:4]
        return f"{value:g}" if isinstance(value, float | np.floating) else ", ".join(_texts(value))
    return ""


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, tuple) else [str(value)]


def _about(catalog: Catalog, number: int) -> str:
    for name, column in catalog.columns.items():
        if column.type is ColumnType.TEXT and name != "title" and column.values[number]:
            return str(column.values[number])
    return ""


def text_column(live: Live) -> str:
    """The column that descriptions of items stand in."""
    columns = live.serving.engine.catalog.columns
    texts = [name for name, column in columns.items() if column.type is ColumnType.TEXT and name != "title"]
    return "description" if "description" in texts or not texts else texts[0]


def picture_of(live: Live, item: str) -> tuple[bytes, str] | None:
    """The picture of an item that the engine was fitted with, and its kind; None where there is none of ours.

    Only what begins like a picture is handed out: a catalog may name any file.
    """
    catalog = live.serving.base.catalog
    column, number = catalog.columns.get("image"), catalog.ids.number(item)
    value = None if column is None or number < 0 else column.values[number]
    if isinstance(value, str) and "://" not in value:
        file = Path(value)
        value = file.read_bytes() if file.is_file() and file.stat().st_size <= MOST_BYTES else None
    if not isinstance(value, bytes) or len(value) > MOST_BYTES:
        return None
    kind = next((kind for mark, kind in KINDS.items() if value.startswith(mark)), "")
    return (value, kind) if kind else None


def initials(title: str) -> str:
    """What a drawn cover carries: the first letters of the first two words that count."""
    words = [word for word in title.split() if word[0].isalnum()]
    counting = [word for word in words if not word.islower() and word not in ("The", "A", "An")] or words
    return "".join(word[0] for word in counting[:2]).upper()
