"""What the engine refuses or cannot do, said in the visitor's language: the kind and what helps, then the engine's own words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from llm4rec.apps.rest.problems import of_error
from llm4rec.apps.web.notes import ENGLISH
from llm4rec.apps.web.words import Words
from llm4rec.core import Llm4recError


@cache
def kinds() -> Mapping[str, Mapping[str, str]]:
    """By the name of a class of errors, the sentence about it in each language but English."""
    return tomllib.loads((files(__package__) / "words" / "errors.toml").read_text(encoding="utf-8"))


def failure(error: Llm4recError, words: Words) -> str:
    """What went wrong and what to do. The nearest class above that has a sentence gives it."""
    problem = of_error(error, "")[1].error
    said = f"{problem.what}. {problem.remedy}"
    if words.language == ENGLISH:
        return said
    kind = next(one.__name__ for one in type(error).__mro__ if one.__name__ in kinds())
    return kinds()[kind][words.language].format(said=said)
