"""Steps and notes of remarks in plain sentences, English or Chinese. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llm4rec.writers.asking.told import line as told_piece
from llm4rec.writers.asking.told import phrases as told_phrases
from llm4rec.writers.remarks.wordlists import trees

if TYPE_CHECKING:
    from llm4rec.writers.remarks.steps import Event, Remarks, Step, Wish

MOST = 4
"""So many titles are named; of more the count is told."""
LONG = 160
"""So many characters of a wish are told."""


def phrases(language: str) -> Mapping[str, str]:
    """What is said in a language; in English where it has no file."""
    english, chinese = trees()
    return dict((chinese if language == "zh" else english)["told"])


def note(language: str, key: str, **values: object) -> str:
    """One remark on a remark in a language."""
    return phrases(language)[key].format(**values)


def account(remarks: Remarks) -> str:
    """All steps, a line each, then the notes of the last remark."""
    words = phrases(remarks.language)
    lines = [words["step"].format(id=s.id, line=line(s, remarks.language)) for s in remarks.steps]
    marked = told_phrases(remarks.language)["note"]
    return "\n".join([*(lines or [words["none"]]), *(marked.format(told) for told in remarks.notes)])


def line(step: Step, language: str) -> str:
    """One step in words."""
    if step.kind == "event":
        return _event(step, language)
    if step.kind == "must":
        return told_piece(step.piece, told_phrases(language))
    return _wish(step, language)


def _event(step: Event, language: str) -> str:
    words = phrases(language)
    told = words[step.what].format(_named(step))
    return told if step.value is None else words["given"].format(told, f"{1 + 4 * step.value:.3g}")


def _wish(step: Wish, language: str) -> str:
    words = phrases(language)
    if step.items:
        return words["like" if step.more else "unlike"].format(_named(step))
    told = step.text or step.column
    key = "more" if step.more else "none_at_all" if step.strong else "less"
    return words[key].format(told if len(told) <= LONG else f"{told[: LONG - 1]}…")


def _named(step: Event | Wish) -> str:
    names = list(step.titles or [str(item) for item in step.items])
    return ", ".join(names[:MOST]) + (f" (+{len(names) - MOST})" if len(names) > MOST else "")
