"""Material put into sentences by the templates of a language, in many ways. Says nothing that is not in the material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from llm4rec.core import Backed, Evidence, Id
from llm4rec.writers.describe.readable import length
from llm4rec.writers.describe.styles import Style
from llm4rec.writers.language import Language

WAYS = 24  # in which the same material can be put
PLAIN = 6  # of which so many begin with what tells most
FULL = 12  # facts of an item that has no text


@dataclass(frozen=True)
class Material:
    """What may be said of one item: fields, sentences of its text, and what others are and say."""

    item: Id
    title: str
    fields: tuple[Evidence, ...] = ()
    sentences: tuple[Evidence, ...] = ()
    voices: tuple[Evidence, ...] = ()
    sibling: Evidence | None = None


def realised(material: Material, style: Style, spoken: Language, way: int) -> list[Backed]:
    """One of `WAYS` texts, as its sentences: facts, the item's own text, what others say, what belongs with it.

    What does not fit into the words of the style is left out: the first fact stays, then own text goes before other facts.
    """
    facts = _facts(material, style, spoken, way)
    own = [Backed(piece.value, (piece,)) for piece in material.sentences]
    more = [_other(piece, material, spoken, way) for piece in material.voices]
    more += [_other(material.sibling, material, spoken, way)] if material.sibling is not None else []
    parts = [*facts, *own, *more]
    order = [*range(min(len(facts), 1)), *range(len(facts), len(facts) + len(own))]
    order += [place for place in range(len(parts)) if place not in order]
    kept: list[int] = []
    room = style.room(spoken.code)
    for place in order:
        size = length(parts[place].text, spoken.code)
        if size <= room or not kept:
            kept.append(place)
            room -= size
    return [parts[place] for place in sorted(kept)]


def _facts(material: Material, style: Style, spoken: Language, way: int) -> list[Backed]:
    """The facts; the first of them names the item."""
    most = (
        style.facts if material.sentences else max(style.facts, FULL if style.words > style.facts * 15 else 0)
    )
    fields = list(material.fields[:most])
    turn = (way // PLAIN) % max(len(fields), 1)
    fields = fields[turn:] + fields[:turn]
    start, found = crc32(str(material.item).encode()), []
    for place, piece in enumerate(fields):
        known = spoken.table["describe"]["fields"]
        ways: Sequence[str] = known.get(piece.name, known["other"])
        if not place:
            ways = [template for template in ways if "{it}" in template or "{It}" in template]
        template = ways[(start + way * (place + 1)) % len(ways)]
        slots = {**_subject(material, spoken, first=not place), **_column(piece, spoken)}
        found.append(Backed(template.format(**slots, value=piece.value), (piece,)))
    return found


def _other(piece: Evidence, material: Material, spoken: Language, way: int) -> Backed:
    """A review, what reviews mention, or what belongs with the item."""
    ways = spoken.table["describe"]["sentences"][piece.kind]
    value = spoken.quoted(piece.value) if piece.kind == "review" else piece.value
    text = ways[(crc32(str(material.item).encode()) + way) % len(ways)].format(
        **_subject(material, spoken, first=False),
        **_column(piece, spoken),
        value=value,
        words=spoken.listed(piece.words),
        titles=spoken.titles(piece.titles),
    )
    return Backed(text, (piece,))


def _subject(material: Material, spoken: Language, first: bool) -> dict[str, str]:
    table, title = spoken.table["describe"], spoken.title(material.title)
    return {"It": title, "it": title} if first else {"It": str(table["It"]), "it": str(table["it"])}


def _column(piece: Evidence, spoken: Language) -> dict[str, str]:
    name = spoken.column(piece.name)
    return {"name": name, "Name": name[:1].upper() + name[1:]}
