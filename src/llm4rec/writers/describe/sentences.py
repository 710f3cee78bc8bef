"""The sentences of item texts that can be told as they stand, and which of them say most. Puts nothing into words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog, ColumnType, Evidence, Floats, unit_rows
from llm4rec.core.catalog import DESCRIPTION, TITLE
from llm4rec.core.description import GENERATED
from llm4rec.core.languages import CHINESE, language_of
from llm4rec.core.plain import plain
from llm4rec.core.suspect import neutral, suspicious
from llm4rec.writers.describe.readable import length, readability
from llm4rec.writers.describe.styles import Style
from llm4rec.writers.explain.facts import ENDS
from llm4rec.writers.language import Language, stop_words
from llm4rec.writers.terms import Terms

MOST = 600  # characters of a sentence
FEWEST = {CHINESE: 6}  # characters of a sentence; of other languages words:
USUAL = 4
LEAD = 0.3  # what the first sentence of a text has over later ones
VARIETY = 0.5  # how much likeness to sentences already taken counts against one
ALIKE = 0.95  # cosine from which two sentences say the same
_ABBREVIATED = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|Capt|Col|Gen|Lt|Sgt|vs|No|Vol|U\.S|a\.m|p\.m)|\b[A-Z])\.$"
)
_CLOSED = re.compile(r"(?<!\.\.)[.!?。！？][\"”’)]*$")
_CONTACT = re.compile(r"@|\d[\d\s().-]{6,}\d")

Read = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True)
class Sentence:
    """A sentence of an item's text. `leans`: it begins with a word that points to the one before it (`place` - 1)."""

    text: str
    column: str
    place: int
    leans: bool

    @property
    def evidence(self) -> Evidence:
        """Where it stands."""
        return Evidence("text", name=self.column, value=self.text)


class Sentences:
    """Sentences of a catalog's texts. One that stands in several items is told of the first of them alone."""

    def __init__(self, catalog: Catalog, known: frozenset[str]) -> None:
        self.catalog = catalog
        names = [n for n, c in catalog.columns.items() if c.type is ColumnType.TEXT and n not in known]
        told = [n for n in names if n not in (TITLE, GENERATED)]
        self.columns = sorted(told, key=lambda name: name != DESCRIPTION)

    def of(self, item: int, spoken: Language) -> tuple[list[Sentence], tuple[str, ...]]:
        """What can be told of an item's texts in their order, and what was left out of them."""
        found: list[Sentence] = []
        notes: dict[str, None] = {}
        seen: set[bytes] = set()
        for name in self.columns:
            text = self.catalog.columns[name].values[item] or ""
            safe = neutral(text)
            if safe is not text:
                notes["what looked like an attack was left out of its text"] = None
            pieces = split(safe)
            for place, sentence in enumerate(pieces):
                key, shown = _key(sentence), _tellable(sentence, spoken, alone=len(pieces) == 1)
                first = self._first.get(key, item)
                if first != item and shown:
                    notes[
                        f"its text has sentences of {self.catalog.ids.ids[first]!s}, which are told there"
                    ] = None
                elif shown and key not in seen:
                    found.append(Sentence(shown, name, place, _leans(shown, spoken)))
                seen.add(key)
        other = [s for s in found if language_of(s.text) != spoken.code]
        if other:
            notes[f"sentences in another language ({language_of(other[0].text)}) were left out"] = None
        return [s for s in found if s not in other], tuple(notes)

    @cached_property
    def _first(self) -> Mapping[bytes, int]:
        """The first item that has each sentence which several have."""
        first: dict[bytes, int] = {}
        shared: set[bytes] = set()
        for name in self.columns:
            for item, text in enumerate(self.catalog.columns[name].values):
                for sentence in split(text or ""):
                    key = _key(sentence)
                    if first.setdefault(key, item) != item:
                        shared.add(key)
                        first[key] = min(first[key], item)
        return {key: first[key] for key in shared}


def split(text: str) -> list[str]:
    """Sentences as they are written; a full stop behind a title of a person or an initial ends none."""
    found: list[str] = []
    for line in text.splitlines():
        fresh = True
        for piece in ENDS.split(line):
            if not piece or not piece.strip():
                continue
            if not fresh and _ABBREVIATED.search(found[-1]):
                found[-1] = f"{found[-1]} {piece.strip()}"
            else:
                found.append(piece.strip())
            fresh = False
    return found


def chosen(sentences: Sequence[Sentence], vectors: Floats | None, style: Style, code: str) -> list[Sentence]:
    """The sentences that say most, in their own order, within the limits of a style.

    Worth is the cosine with the mean of all sentences, more for early ones, less for what is like a sentence already taken
    (maximal marginal relevance, Carbonell & Goldstein, SIGIR 1998). A sentence that leans on the one before it is taken
    only behind that one. Without `vectors` (sentences, width), sentences are counts of their words.
    """
    if not sentences or not style.sentences:
        return []
    rows = _counted([s.text for s in sentences]) if vectors is None else vectors
    rows = unit_rows(rows.astype(np.float32))
    middle = unit_rows(rows.mean(axis=0, keepdims=True))[0]
    worth = rows @ middle + LEAD / (1.0 + np.array([s.place for s in sentences]))
    alike = rows @ rows.T
    fits = np.array([_fits(s, style, code) for s in sentences])
    taken: list[int] = []
    while len(taken) < style.sentences:
        nearest = alike[:, taken].max(axis=1) if taken else np.zeros(len(sentences))
        # Rounded: how texts are read together changes the last digits, and must not change the choice.
        score = np.round((1 - VARIETY) * worth - VARIETY * nearest, 4)
        open_ = fits & (nearest < ALIKE) & _standing(sentences, taken)
        open_[taken] = False
        if not open_.any():
            break
        taken.append(int(np.where(open_, score, -np.inf).argmax()))
    return [sentences[place] for place in sorted(taken)]


def _standing(sentences: Sequence[Sentence], taken: Sequence[int]) -> NDArray[np.bool_]:
    """Which sentences can be understood after those taken."""
    before = {(sentences[t].column, sentences[t].place + 1) for t in taken}
    return np.array([not s.leans or (s.column, s.place) in before for s in sentences])


def _fits(sentence: Sentence, style: Style, code: str) -> bool:
    if length(sentence.text, code) > style.longest(code):
        return False
    return code == CHINESE or style.ease is None or readability(sentence.text, code) >= style.ease


def _counted(texts: Sequence[str]) -> Floats:
    counts = Terms(texts, stop_words()).counts
    rows = np.asarray(counts.todense(), dtype=np.float32)
    return rows if rows.shape[1] else np.ones((len(texts), 1), np.float32)


def _tellable(sentence: str, spoken: Language, alone: bool) -> str:
    """The sentence as it is told; "" where cleaning would change it, or it is no whole, sober sentence.

    One without a mark at its end was cut off, unless it stands `alone`.
    """
    shown = plain(sentence, MOST)
    if shown != " ".join(unicodedata.normalize("NFKC", sentence).split()):
        return ""
    code = language_of(shown)
    if length(shown, code) < FEWEST.get(code, USUAL) or shown[:1].islower() or not shown[:1].isalnum():
        return ""
    if shown.count('"') % 2 or shown.count("“") != shown.count("”") or shown.count("(") != shown.count(")"):
        return ""
    boasts = str(spoken.table["describe"]["boasts"])
    if (
        re.search(rf"(?<!\w)(?:{boasts})", shown, re.IGNORECASE)
        or _CONTACT.search(shown)
        or suspicious(shown)
    ):
        return ""
    if _CLOSED.search(shown):
        return shown
    return shown + ("。" if code == CHINESE else ".") if alone and shown[-1].isalnum() else ""


def _leans(sentence: str, spoken: Language) -> bool:
    words = str(spoken.table["describe"]["leaning"]).split()
    if spoken.code == CHINESE:
        return sentence.startswith(tuple(words))
    return re.split(r"[\s,'’]", sentence.lower(), maxsplit=1)[0] in words


def _key(sentence: str) -> bytes:
    """The same for sentences that differ in spaces, case and the last mark only."""
    folded = " ".join(sentence.casefold().split()).rstrip(".!?。！？… ")
    return blake2b(folded.encode("utf-8", "replace"), digest_size=8).digest()
