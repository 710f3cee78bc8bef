"""All that the page says of itself, in English and Chinese. Texts of items and people are no part of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = {"en": "English", "zh": "中文"}
HTML = {"en": "en-US", "zh": "zh-CN"}
"""The languages as the browser names them."""


@dataclass(frozen=True)
class Words:
    """The words of one language: words("nav.shop"), words("shop.count", n=3)."""

    language: str
    told: Mapping[str, str]

    def __call__(self, key: str, **values: Any) -> str:
        """The words of a key, with values put in; KeyError where there are none."""
        return self.told[key].format(**values) if values else self.told[key]

    def either(self, key: str, otherwise: str) -> str:
        """The words of a key that may not be there: names that come from a catalog."""
        return self.told.get(key, otherwise)


@cache
def words_in(language: str) -> Words:
    """The words of "en" or "zh"."""
    told = tomllib.loads((files(__package__) / "words" / f"{language}.toml").read_text(encoding="utf-8"))
    return Words(
        language, {f"{part}.{key}": text for part, all_ in told.items() for key, text in all_.items()}
    )


def preferred(accepted: str) -> str:
    """The language for a header Accept-Language: Chinese where it comes before English."""
    first = next(
        (part[:2] for part in accepted.lower().replace(" ", "").split(",") if part[:2] in LANGUAGES), ""
    )
    return first or "en"
