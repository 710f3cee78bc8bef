"""Texts of items and people that want something of a program: orders to a language model, hidden letters, stuffed words.

Finds them by pattern and takes them out of the text. Knows nothing of models, and nothing of harmful content.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from llm4rec.core.orders import PATTERNS, SIGNS
from llm4rec.core.plain import latin, looks_latin, plain, skeleton

MOST = 20_000  # characters of a text that are looked at; what is behind them is cut from a suspicious text
SURE = 1.0
"""From this score a text is taken for an attack."""
REPEATS = 2  # times that a word of a stuffed text stays
LISTED = 12  # words of a list of bare words that stay

_STOPS = re.compile(r"[.!?;。！？；]+(?:\s|$)|[。！？；]|$")
_SPACED = re.compile(r"\b(?:\w[ .\-_*|]){7,}\w\b")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SMALL = (
    "a an the and or but of to in on at by for with from as is are was were be been it its this that these those he she "
    "his her they them their we our you your i my me not no so if who which what when where how than then there here "
    "has have had do does did can could will would may one all more most into out up about over after before s t"
)
_FUNCTION = frozenset(_SMALL.split())


@dataclass(frozen=True)
class Suspicion:
    """How sure it is that a text is an attack (0 nothing, `SURE` and above an attack), and by what."""

    score: float = 0.0
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.score >= SURE


def suspicious(text: str) -> Suspicion:
    """What in a text is not meant for readers: "takeover", "demand", "spaced letters", "hidden characters",
    "letters of another script", "stuffed words", each once.
    """
    text = text[:MOST]
    reasons = []
    if not text.isascii():
        reasons += [name for name, found in _disguises(text).items() if found]
    shown = plain(text, MOST)
    seen = skeleton(shown)
    # Markup that pretends to be a part of the prompt is cut away by `plain`: it is looked for in the text as it is.
    marked = "<" in text or "[" in text
    if _first("takeover", seen) or (marked and _first("takeover", text.lower())):
        reasons.append("takeover")
    if _first("demand", seen):
        reasons.append("demand")
    if _SPACED.search(seen):
        reasons.append("spaced letters")
    if _stuffed(shown):
        reasons.append("stuffed words")
    return Suspicion(SURE * len(reasons), tuple(reasons))


def neutral(text: str) -> str:
    """The text without what is suspicious in it; the very text where nothing is.

    Behind an attempt to take over nothing stays; a demand is cut to the end of its sentence. Letters are shown as what they
    are taken for, hidden ones go, and of repeated words `REPEATS` stay.
    """
    if not suspicious(text):
        return text
    cut = _straight(plain(text, MOST))
    lost = _SPACED.search(skeleton(cut))
    if lost:
        cut = cut[: lost.start()]
    found = _first("takeover", skeleton(cut))
    if found:
        cut = cut[: found[0]]
    while (found := _first("demand", skeleton(cut))) is not None:
        end = _STOPS.search(cut, found[1])
        cut = cut[: found[0]] + (cut[end.end() :] if end else "")
    cut = _unstuffed(cut) if _stuffed(cut) else cut
    return " ".join(cut.split()).rstrip(" ,;:-([{<\"'")


def _first(kind: str, seen: str) -> tuple[int, int] | None:
    """Where the first pattern of a kind stands in a text in small letters."""
    words = frozenset(_WORD.findall(seen))
    signs = bool(SIGNS.search(seen))
    tried = (pattern.search(seen) for gate, pattern in PATTERNS[kind] if (gate & words if gate else signs))
    return min((found.span() for found in tried if found), default=None)


def _disguises(text: str) -> dict[str, bool]:
    """Characters that readers do not see, and words that mix scripts which look alike."""
    return {
        "hidden characters": any(_is_hidden(text, n) for n, c in enumerate(text) if not c.isascii()),
        "letters of another script": any(_is_mixed(word) for word in _WORD.findall(text)),
    }


def _is_hidden(text: str, place: int) -> bool:
    """Directions, tags, and zero-width characters inside Latin words; joiners of other scripts and of pictures stay."""
    code = ord(text[place])
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or 0xE0000 <= code <= 0xE007F:
        return True
    if code not in (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x180E, 0x00AD):
        return False
    near = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    return code != 0x00AD and len(near) == 2 and near.isascii() and near.isalpha()


def _is_mixed(word: str) -> bool:
    latin = sum(letter.isascii() and letter.isalpha() for letter in word)
    others = sum(looks_latin(letter) for letter in word)
    return bool(latin and others) and latin + others == len(word) >= 4


def _straight(text: str) -> str:
    """The text with words of mixed scripts in Latin letters."""

    def one(found: re.Match[str]) -> str:
        word = found.group()
        return latin(word) if _is_mixed(word) else word

    return text if text.isascii() else _WORD.sub(one, text)


def _stuffed(text: str) -> bool:
    """One word too often, the same pair again and again, or a long list of bare words."""
    words = [word.lower() for word in _WORD.findall(text)]
    said = [word for word in words if word not in _FUNCTION and not word.isdigit()]
    if len(said) < 8:
        return False
    ((_, most),) = Counter(said).most_common(1)
    if most >= 5 and most > 0.2 * len(said):
        return True
    pairs = Counter(pairwise(words)).most_common(1)[0]
    if pairs[1] >= 5 and 2 * pairs[1] > 0.25 * len(words):
        return True
    return any(len(run) > 2 * LISTED for run in _bare_runs(text))


def _bare_runs(text: str) -> list[list[str]]:
    """Runs of words in small letters without any of those that hold sentences together."""
    runs: list[list[str]] = [[]]
    for word in _WORD.findall(text):
        if word.islower() and word.isascii() and word not in _FUNCTION:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return runs


def _unstuffed(text: str) -> str:
    """Each word at most `REPEATS` times, and of a run of bare words the first `LISTED`."""
    counts: Counter[str] = Counter()
    run, kept = 0, []
    for word in text.split():
        name = "".join(c for c in word.lower() if c.isalnum())
        counts[name] += 1
        run = run + 1 if name and word.islower() and name not in _FUNCTION else 0
        if (counts[name] <= REPEATS or name in _FUNCTION) and run <= LISTED:
            kept.append(word)
    return " ".join(kept)
