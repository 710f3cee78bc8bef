"""Explanations for the answers of an engine: its scores and its data handed to the writer. Writes no words itself."""

from __future__ import annotations

from typing import Any

from llm4rec.core import Explanation, Generator, Numbers, Request, SettingsError
from llm4rec.engine import path
from llm4rec.engine.build import component_from
from llm4rec.engine.feelings import feelings
from llm4rec.engine.fitted import Fitted


def explained(fitted: Fitted, request: Request, items: Numbers, language: str) -> tuple[Explanation, ...]:
    """Why each of `items` has its score for a request, in words of `language`."""
    question = component_from("llm4rec.writers.explain:Question")(
        request, items, lambda requests: path.scores(fitted, requests)
    )
    found: tuple[Explanation, ...] = explainer(fitted).explain(question, language)
    return found


def in_words_of(
    generator: Generator | None, explanations: tuple[Explanation, ...]
) -> tuple[Explanation, ...]:
    """The same, put more nicely by a language model where there is one and what it says is in the evidence."""
    if generator is None:
        return explanations
    found: tuple[Explanation, ...] = component_from("llm4rec.writers.explain:rephrased")(
        explanations, generator
    )
    return found


def explainer(fitted: Fitted) -> Any:
    """The writer of explanations for what has been learnt; its tables live as long as that does."""
    return fitted.made.once("explainer", lambda: _explainer(fitted))


def _explainer(fitted: Fitted) -> Any:
    facts = component_from("llm4rec.writers.explain:Facts")(fitted.dataset, feelings(fitted))
    return component_from("llm4rec.writers.explain:Explainer")(fitted.dataset, facts)


def language_of(explain: bool | str, fitted: Fitted, user: int) -> str:
    """The language asked for, "" where none is; SettingsError where there is no such language.

    "auto" is what the user's attribute `language` says, where there is one that can be spoken, else English.
    """
    if isinstance(explain, bool):
        return ""
    if explain == "auto":
        column = fitted.dataset.users.columns.get("language")
        told = column.values[user] if column is not None and user >= 0 else None
        try:
            return str(component_from("llm4rec.writers.language:language")(str(told or "en")).code)
        except SettingsError:
            return "en"
    return str(component_from("llm4rec.writers.language:language")(explain).code)
