"""Descriptions of items from one data set: what can be said, what is chosen of it, how it is put, how it measures up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from llm4rec.core import Backed, ColumnType, Dataset, Description, Floats, Generator, Id
from llm4rec.core.harm import JudgesHarm
from llm4rec.core.languages import language_of
from llm4rec.writers.describe.fields import Fields, clean_title
from llm4rec.writers.describe.overlap import LIMIT, Overlaps
from llm4rec.writers.describe.readable import length, readability
from llm4rec.writers.describe.rephrasing import rephrased, stays
from llm4rec.writers.describe.reviews import mentions, quotes
from llm4rec.writers.describe.sentences import Read, Sentence, Sentences, chosen
from llm4rec.writers.describe.styles import Style, style_of
from llm4rec.writers.describe.wording import WAYS, Material, realised
from llm4rec.writers.explain.facts import Facts
from llm4rec.writers.language import Language, language, languages

_Try: TypeAlias = tuple[float, Id | None, list[Backed]]
"""How like another text, whose, and the sentences."""


@dataclass(frozen=True, eq=False)
class _Found:
    """All that can be said of one item, before a style is asked for."""

    material: Material
    spoken: Language
    sentences: tuple[Sentence, ...]
    notes: tuple[str, ...]
    start: int = 0


class Describer:
    """Describes items of one data set. `read` makes vectors of sentences; `judge` finds harmful ones. Tables are kept."""

    def __init__(self, dataset: Dataset, read: Read | None = None, judge: JudgesHarm | None = None) -> None:
        self.catalog, self.read, self.judge = dataset.catalog, read, judge
        self.facts = Facts(dataset)
        known = frozenset(name for code in languages() for name in language(code).table["describe"]["fields"])
        self.fields = Fields(dataset.catalog, known)
        self.sentences = Sentences(dataset.catalog, known)

    def describe(
        self,
        items: Sequence[int],
        style: str = "plain",
        code: str = "auto",
        generator: Generator | None = None,
        told: Overlaps | None = None,
    ) -> tuple[Description, ...]:
        """Texts about items (numbers), one after another: each is put unlike those before it and those `told` before.

        `code` "auto" is the language of an item's own words, English where there is none that can be spoken. All that is
        described is added to `told`.
        """
        told, wanted = told if told is not None else Overlaps(), style_of(style)
        ready = self.prepared(items, wanted, code)
        plain = [self._written(found, wanted, told) for found in ready]
        if generator is None:
            return tuple(plain)
        return tuple(self._put_nicely(plain, generator, told))

    def prepared(self, items: Sequence[int], style: Style, code: str = "auto") -> list[_Found]:
        """What can be said of items in a style, with the sentences that say most; all sentences are read at once."""
        found = self._harmless([self._found(item, style, self._language(item, code)) for item in items])
        texts = [sentence.text for one in found for sentence in one.sentences]
        vectors = self.read(texts) if self.read is not None and texts and style.sentences else None
        return [self._with_sentences(one, vectors, style) for one in found]

    def _language(self, item: int, code: str) -> Language:
        if code != "auto":
            return language(code)
        names = [
            n
            for n, c in self.catalog.columns.items()
            if c.type in (ColumnType.TEXT, ColumnType.CATEGORY) and c.values[item]
        ]
        heard = language_of(" ".join(str(self.catalog.columns[name].values[item])[:1000] for name in names))
        return language(heard if heard in languages() else "en")

    def _found(self, item: int, style: Style, spoken: Language) -> _Found:
        sentences, notes = self.sentences.of(item, spoken)
        wanted = style.quotes + (not sentences and style.quotes > 0)
        voices = [mentions(self.facts, item, spoken.code) if style.quotes else None]
        voices += quotes(self.facts, item, wanted, spoken.code)
        material = Material(
            self.catalog.ids.ids[item],
            clean_title(self.catalog, item),
            tuple(self.fields.of(item, spoken)),
            (),
            tuple(voice for voice in voices if voice is not None),
            self.fields.siblings(item, spoken, style.siblings),
        )
        return _Found(material, spoken, tuple(sentences), notes)

    def _harmless(self, found: Sequence[_Found]) -> list[_Found]:
        """Without what is harmful; of an item whose title is, nothing stays. `start` then counts the sentences of all before."""
        result, start = [], 0
        bad = self._bad(found)
        for one in found:
            material = one.material
            kept = tuple(s for s in one.sentences if s.text not in bad)
            pieces = (*material.fields, *material.voices)
            notes = one.notes
            if len(kept) < len(one.sentences) or any(piece.value in bad for piece in pieces):
                notes = (*notes, "harmful sentences were left out")
            if material.title in bad:
                kept, notes = (), ("not described: its title is harmful",)
                material = Material(material.item, material.title)
            sibling = material.sibling
            material = replace(
                material,
                fields=tuple(p for p in material.fields if p.value not in bad),
                voices=tuple(
                    p for p in material.voices if p.value not in bad and not bad.intersection(p.words)
                ),
                sibling=None if sibling is not None and bad.intersection(sibling.titles) else sibling,
            )
            result.append(_Found(material, one.spoken, kept, notes, start))
            start += len(kept)
        return result

    def _bad(self, found: Sequence[_Found]) -> frozenset[str]:
        """All strings in which something harmful is found."""
        if self.judge is None or not found:
            return frozenset()
        said = {s.text for one in found for s in one.sentences}
        for one in found:
            m = one.material
            said |= {m.title, *(m.sibling.titles if m.sibling is not None else ())}
            said |= {word for piece in (*m.fields, *m.voices) for word in (piece.value, *piece.words) if word}
        texts = sorted(said)
        return frozenset(text for text, row in zip(texts, self.judge.judge(texts), strict=True) if row.any())

    @staticmethod
    def _with_sentences(one: _Found, vectors: Floats | None, style: Style) -> _Found:
        rows = None if vectors is None else vectors[one.start : one.start + len(one.sentences)]
        kept = chosen(one.sentences, rows, style, one.spoken.code)
        return replace(one, material=replace(one.material, sentences=tuple(s.evidence for s in kept)))

    def _written(self, found: _Found, style: Style, told: Overlaps) -> Description:
        """The first way of putting it that is unlike all told before, else the one that is least like any."""
        material, spoken, notes = found.material, found.spoken, found.notes
        best: _Try | None = None
        for way in range(WAYS):
            parts = realised(material, style, spoken, way)
            share, other = told.nearest(_joined(parts, spoken))
            if best is None or share < best[0]:
                best = (share, other, parts)
            if share < LIMIT:
                break
        assert best is not None
        share, other, parts = best
        if share >= LIMIT:
            share, other, parts = _shortened(best, spoken, told)
            if share < LIMIT:
                notes = (*notes, "shortened: more of its words stand in what is said of another item")
        if not parts and not notes:
            notes = ("nothing is known of it but its title",)
        if share >= LIMIT:
            notes = (*notes, f"{share:.0%} of its words are those of {other}: nothing else is known")
        text = _joined(parts, spoken)
        told.add(material.item, text)
        return Description(
            item=material.item,
            title=material.title,
            text=text,
            claims=tuple(parts),
            style=style.name,
            language=spoken.code,
            length=length(text, spoken.code),
            readability=readability(text, spoken.code),
            overlap=share,
            like=other,
            notes=notes,
        )

    def _put_nicely(
        self, plain: Sequence[Description], generator: Generator, told: Overlaps
    ) -> list[Description]:
        """The model's words where they are harmless and unlike the other items', else the plain ones."""
        result = []
        for before, after in zip(plain, rephrased(plain, generator), strict=True):
            if after.rephrased:
                after = self._fit(before, after, told)
            result.append(after)
        return result

    def _fit(self, before: Description, after: Description, told: Overlaps) -> Description:
        if self.judge is not None and self.judge.judge([after.text]).any():
            return stays(before, "the text is harmful")
        share, other = told.nearest(after.text, but=before.item)
        if share >= LIMIT:
            return stays(before, f"the text is like that of {other}")
        told.add(after.item, after.text)
        return replace(
            after,
            length=length(after.text, after.language),
            readability=readability(after.text, after.language),
            overlap=share,
            like=other,
        )


def _joined(parts: Sequence[Backed], spoken: Language) -> str:
    return spoken.joined([part.text for part in parts])


def _shortened(best: _Try, spoken: Language, told: Overlaps) -> _Try:
    """Without sentences that stand in a text told before, most shared first, as long as that helps and one is left."""
    share, other, parts = best
    while share >= LIMIT and len(parts) > 1:
        tries = []
        for place in range(1, len(parts)):
            left = parts[:place] + parts[place + 1 :]
            tries.append((*told.nearest(_joined(left, spoken)), left))
        least = min(tries, key=lambda one: one[0])
        if least[0] >= share:
            break
        share, other, parts = least
    return share, other, parts
