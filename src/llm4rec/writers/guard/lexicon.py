"""Harmful content by words: acts near things, and context that lets a sentence through. Learns nothing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.harm import HARMS
from llm4rec.core.plain import plain, skeleton

MOST = 20_000  # characters of a text that are judged
_SENTENCES = re.compile(r"(?<=[.!?;。！？；])\s+|(?<=[。！？；])|\n+")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_][ .\-_*|]+){3,}[^\W_](?![^\W_])")
_DIGITS = str.maketrans("013457@$", "oieastas")
_HIDING = re.compile(r"(?=[a-z@$]*[013457@$])(?=[013457@$]*[a-z])[a-z@$013457]{3,}")
_ENDING = re.compile(r"(?:1|3)?\d?(?:st|nd|rd|th|s|am|pm|d)|\d+[a-z]{1,2}")


@dataclass(frozen=True)
class Words:
    """The words of one category: a sentence is a hit if it has one of `stems`, `what`, and of `needs` where there are any."""

    stems: tuple[str, ...]
    what: re.Pattern[str]
    needs: re.Pattern[str] | None = None

    def hit(self, sentence: str) -> bool:
        """Whether the words are there; stems are only quicker to look for."""
        if not any(stem in sentence for stem in self.stems):
            return False
        return bool(self.what.search(sentence)) and (self.needs is None or bool(self.needs.search(sentence)))


@dataclass(frozen=True)
class Lexicon:
    """Patterns by category, and the context that lets a sentence of medicine, news, law, history or help through.

    Each sentence is judged by itself: a hit counts unless the sentence has a word of context and offers nothing.
    """

    words: Mapping[str, Words]
    frames: re.Pattern[str]
    offers: re.Pattern[str]

    @classmethod
    @lru_cache(maxsize=1)
    def default(cls) -> Lexicon:
        """The lexicon that comes with llm4rec: English, and a few phrases of Chinese."""
        file = resources.files("llm4rec.writers.guard") / "lexicon.toml"
        return cls.of(tomllib.loads(file.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> Lexicon:
        """From a tree such as that of `lexicon.toml`."""
        found: dict[str, Words] = {name: _words(tree[name]) for name in HARMS}
        context = tree["context"]
        return cls(found, _any(context["frames"]), _any(context["offers"]))

    def judge(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(texts, HARMS): which text is harmful in which way."""
        result = np.zeros((len(texts), len(HARMS)), dtype=bool)
        for row, text in zip(result, texts, strict=True):
            for sentence in _SENTENCES.split(_told(text)) if text else ():
                row |= self._sentence(sentence)
        return result

    def _sentence(self, sentence: str) -> NDArray[np.bool_]:
        hits = np.array([self.words[name].hit(sentence) for name in HARMS], dtype=bool)
        if hits.any() and self.frames.search(sentence) and not self.offers.search(sentence):
            hits[:] = False
        return hits


def _told(text: str) -> str:
    """What a reader takes a text for: small letters, look-alikes, digits for letters and spaced-out words resolved."""
    seen = skeleton(plain(text, MOST))
    seen = _SPACED.sub(lambda found: re.sub(r"[ .\-_*|]+", "", found.group()), seen)
    return _HIDING.sub(lambda found: _unhidden(found.group()), seen)


def _unhidden(word: str) -> str:
    return word if _ENDING.fullmatch(word) else word.translate(_DIGITS)


def _compiled(words: Mapping[str, Any]) -> re.Pattern[str]:
    groups = "(?:" + "|".join(words.get("groups", ())) + ")"
    things = "(?:" + "|".join(words.get("things", ())).replace("GROUP", groups) + ")"
    ways = [one.replace("GROUP", groups) for one in words.get("phrases", ())]
    if groups != "(?:)":
        ways.append(things)
    elif words.get("before"):
        ways.append(f"(?:{'|'.join(words['before'])})" + r"\W+(?:[\w'-]+\W+){0,6}?" + things)
    if words.get("after"):
        ways.append(things + r"\W+(?:[\w'-]+\W+){0,4}?" + f"(?:{'|'.join(words['after'])})")
    return _any(ways)


def _words(words: Mapping[str, Any]) -> Words:
    needs = _any(words["needs"]) if words.get("needs") else None
    return Words(tuple(words["stems"]), _compiled(words), needs)


def _any(parts: Sequence[str]) -> re.Pattern[str]:
    """One of the parts, as whole words where they are of Latin letters; Chinese has no spaces."""
    han = [part for part in parts if re.search("[\u4e00-\u9fff]", part)]
    latin = [part for part in parts if part not in han]
    return re.compile("|".join([rf"(?<!\w)(?:{'|'.join(latin)})(?!\w)", *han]))
