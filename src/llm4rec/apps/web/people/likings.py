"""Interests as they stand on the page: how much, how sure, by which events, and the buttons that change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llm4rec.apps.web.elements import Tag, button
from llm4rec.apps.web.words import Words
from llm4rec.core import Liking, Profile, ProfileEdits

STEP = 0.5  # of a wish from -1 to 1
Edit = Callable[[str, str, str], Any]
"""Kind, name and what (more, less, without, all) to a handler."""


def draw_likings(words: Words, profile: Profile, edit: Edit | None) -> None:
    """All of a profile; without `edit` it can only be read."""
    Tag("h2", words("people.interests"))
    if not (profile.topics or profile.keywords or profile.disliked):
        Tag("p", words("people.none"), "soft")
        return
    for key, likings in (
        ("topics", profile.topics),
        ("keywords", profile.keywords),
        ("disliked", profile.disliked),
    ):
        if likings:
            Tag("h3", words(f"people.{key}"))
            with Tag("ul", classes="interests"):
                for liking in likings:
                    _liking(words, liking, edit)
    if edit is not None:
        button(words("people.ignore"), edit("", "", "all"), icon="hide")


def _liking(words: Words, liking: Liking, edit: Edit | None) -> None:
    with Tag("li"):
        with Tag("div", classes="what"):
            Tag("strong", liking.name)
            Tag(
                "span",
                words("people.owner" if liking.edited else "people.certain", sure=f"{liking.sure:.0%}"),
                "by",
            )
            with Tag("span", classes="bar less" if liking.weight < 0 else "bar", aria_hidden="true"):
                Tag("span").style(f"width: {min(abs(liking.weight) * 250, 100):.0f}%")
        if edit is not None:
            _acts(words, liking, edit)
        if liking.proof:
            with Tag("details"):
                Tag("summary", words("people.proofs", n=len(liking.proof)))
                with Tag("ul"):
                    for proof in liking.proof:
                        kind = words.either(f"kind.{proof.kind}", proof.kind)
                        Tag("li", f"{proof.title} · {kind}")


def _acts(words: Words, liking: Liking, edit: Edit) -> None:
    with Tag("div", classes="acts", role="group", aria_label=words("people.change", name=liking.name)):
        for what, icon in (("more", "add"), ("less", "less"), ("without", "close")):
            label = words(f"people.{what}", name=liking.name)
            handler = edit(liking.kind, liking.name, what)
            button("", handler, "tiny", icon=icon, aria_label=label, title=label)


def changed(kind: str, name: str, what: str, edits: ProfileEdits) -> ProfileEdits:
    """The edits with one more said: all, without, or a step more or less of a topic or keyword."""
    if what == "all":
        return edits.model_copy(update={"erased": True})
    if what == "without":
        return edits.model_copy(update={"removed": tuple(dict.fromkeys((*edits.removed, name)))})
    part = "topics" if kind == "topic" else "keywords"
    told = dict(getattr(edits, part))
    wanted = told.get(name, 0.0) + (STEP if what == "more" else -STEP)
    told[name] = max(-1.0, min(1.0, wanted))
    if not told[name]:
        del told[name]
    return edits.model_copy(update={part: told})


def edits_text(edits: ProfileEdits, words: Words) -> str:
    """What their owner has said."""
    told = [f"{name} {value:+g}" for part in (edits.topics, edits.keywords) for name, value in part.items()]
    told += [words("people.removed", name=name) for name in edits.removed]
    told += [words("people.erased")] if edits.erased else []
    return words("people.said", edits=" · ".join(told))
