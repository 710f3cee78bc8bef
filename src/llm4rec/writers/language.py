"""The languages that words are written in: one small file of templates a language. Knows nothing of items."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from llm4rec.core import SettingsError, suggest

FOLDER = "languages"


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages there are."""
    folder = resources.files("llm4rec.writers") / FOLDER
    return tuple(
        sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    )


@cache
def language(code: str) -> Language:
    """The language of a code such as "en", "en-GB" or "zh_CN"; SettingsError names those there are."""
    base = code.replace("_", "-").split("-")[0].lower()
    if base not in languages():
        raise SettingsError(
            f"no language {code!r}{suggest(base, languages())}; there are: {', '.join(languages())}"
        )
    text = (resources.files("llm4rec.writers") / FOLDER / f"{base}.toml").read_text(encoding="utf-8")
    return Language(base, tomllib.loads(text))


@cache
def stop_words() -> frozenset[str]:
    """Words that tell nothing of an item, in every language."""
    return frozenset(word for code in languages() for word in language(code).table["stop"].split())


class Language:
    """Templates of one language, and the words that a claim may use (`table["claims"]`)."""

    def __init__(self, code: str, table: Mapping[str, Any]) -> None:
        self.code = code
        self.table = table

    def title(self, title: str) -> str:
        """A title as it stands in a sentence."""
        return str(self.table["title"]).format(title)

    def quoted(self, text: str) -> str:
        """Somebody's own words, marked as such."""
        return str(self.table["quote"]).format(text)

    def column(self, name: str) -> str:
        """A column's name in words."""
        return str(self.table["columns"].get(name, name.replace("_", " ")))

    def listed(self, parts: Sequence[str]) -> str:
        """ "a, b and c"."""
        if len(parts) < 2:
            return "".join(parts)
        spaced = self.table["and"] if self.code == "zh" else f" {self.table['and']} "
        return str(self.table["comma"]).join(parts[:-1]) + spaced + parts[-1]

    def titles(self, titles: Sequence[str]) -> str:
        """Titles as a list."""
        return self.listed([self.title(title) for title in titles])

    def did(self, kind: str, titles: Sequence[str]) -> str:
        """What somebody did with items: "rated A and B"."""
        done = str(self.table["done"].get(kind, self.table["done"]["other"]))
        if "{}" in done:
            return done.format(self.titles(titles))
        return f"{done}{'' if self.code == 'zh' else ' '}{self.titles(titles)}"

    def sentence(self, template: str, **slots: object) -> str:
        """A template with its slots filled."""
        return str(self.table["templates"][template]).format(**slots)

    def joined(self, sentences: Sequence[str]) -> str:
        """Sentences as a text."""
        return ("" if self.code == "zh" else " ").join(sentences)
