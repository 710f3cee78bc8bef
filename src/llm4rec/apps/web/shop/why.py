"""Why an item is recommended: the words, each piece of evidence, and without what it would not be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm4rec.apps.web.elements import Panel, Tag, button
from llm4rec.apps.web.notes import worded
from llm4rec.apps.web.words import Words

if TYPE_CHECKING:
    from llm4rec.core import Evidence, Explanation


def show_why(panel: Panel, words: Words, why: Explanation, wish: bool) -> None:
    """Fill the panel and open it."""
    with panel.opened():
        Tag("h2", words("why.heading", title=why.title))
        Tag("p", why.text)
        if wish:
            Tag("p", words("why.wish"), "soft")
        told = [(one, line(one, words)) for one in why.evidence]
        if told:
            Tag("h3", words("why.evidence"))
            with Tag("ul", classes="proofs"):
                for one, text in told:
                    _proof(one, text)
        for note in why.notes:
            Tag("p", worded(note, words), "soft")
        button(words("why.close"), panel.closed, "button strong")


def _proof(evidence: Evidence, text: str) -> None:
    kind = "without" if evidence.kind == "without" else ""
    with Tag("li", classes=kind):
        Tag("span", text)
        if evidence.kind == "history" and evidence.share is not None:
            share = f"{max(0.0, min(evidence.share, 1.0)):.0%}"
            with Tag("span", classes="bar", aria_hidden="true"):
                Tag("span").style(f"width: {share}")


def line(evidence: Evidence, words: Words) -> str:
    """One piece of evidence in words."""
    told: dict[str, Any] = {
        "titles": ", ".join(evidence.titles) or ", ".join(map(str, evidence.items)),
        "name": evidence.name,
        "value": evidence.value,
        "words": ", ".join(evidence.words),
        "count": evidence.count if evidence.count is not None else "",
        "total": evidence.total if evidence.total is not None else "",
        "share": f"{evidence.share:.0%}" if evidence.share is not None else "",
        "drop": f"{evidence.drop:.2f}" if evidence.drop is not None else "",
    }
    kind = evidence.kind.replace(" ", "_")
    if evidence.kind == "history":
        told["name"] = words.either(f"kind.{evidence.name}", evidence.name)
    return words(f"why.{kind}", **told)
