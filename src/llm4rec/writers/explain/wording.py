"""Evidence put into words by the templates of a language. Says nothing that is not in the evidence."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core import Evidence, Id
from llm4rec.writers.language import Language


def worded(evidence: Sequence[Evidence], language: Language) -> str:
    """A short text: one sentence for the history, one for each other piece of evidence."""
    history = [e for e in evidence if e.kind == "history"]
    told = {item for e in history for item in e.items}
    outside = [e for e in evidence if e.kind == "place"]
    sentences = [_sentence(e, told, language) for e in outside]
    if history:
        sentences.append(_history(history, "history too" if outside else "history", language))
    sentences += [_sentence(e, told, language) for e in evidence if e.kind not in ("history", "place")]
    return language.joined(sentences)


def _history(evidence: Sequence[Evidence], template: str, language: Language) -> str:
    """ "Because you rated A and B and bought C."."""
    groups: dict[str, tuple[str, list[str]]] = {}
    for piece in evidence:  # kinds that are said alike stand together
        groups.setdefault(language.did(piece.name, ["{}"]), (piece.name, []))[1].append(piece.titles[0])
    done = [language.did(kind, titles) for kind, titles in groups.values()]
    return language.sentence(template, done=str(language.table["and did"]).join(done))


def _sentence(piece: Evidence, told: set[Id], language: Language) -> str:
    slots = {
        "name": language.column(piece.name),
        "value": piece.value,
        "titles": language.titles(piece.titles),
        "words": str(language.table["comma"]).join(piece.words),
        "count": piece.count,
        "total": piece.total,
    }
    if piece.kind in ("review", "own words"):
        slots["value"] = language.quoted(piece.value)
    template: str = piece.kind
    if piece.kind == "context" and piece.name in ("time", "wishes"):
        template = piece.name
    elif told and piece.kind == "attribute" and set(piece.items) >= told:
        template = "attribute too"  # titles that were just named are not named again
    elif told and piece.kind == "without" and set(piece.items) == told:
        template = "otherwise"
    return language.sentence(template, **slots)
