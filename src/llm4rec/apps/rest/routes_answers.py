"""Routes that answer: lists, words about them, conversations. Each is a few lines over the live engine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from llm4rec.apps.rest import answers, forms
from llm4rec.apps.rest.doors import door, handed, house_of, idempotency_key, told, who_of
from llm4rec.apps.rest.routes_experiments import variant_of
from llm4rec.core import DataError, ProfileEdits, SettingsError
from llm4rec.engine.build import component_from
from llm4rec.engine.live import Live
from llm4rec.engine.ordering import KNOBS
from llm4rec.engine.remarks import KINDS

router = APIRouter(prefix="/v1", tags=["answers"])


@door(router, "POST /recommend", "read", answers.List)
async def recommend(request: Request, form: forms.Recommend) -> Response:
    """The best items for a user or a history, logged as an impression."""
    question = _question(form)
    if form.explain or form.chances or (form.experiment and form.variant is None):
        (answer,) = await handed(
            request, lambda live: _many(live, [question], explain=form.explain, chances=form.chances)
        )
    else:
        answer = await house_of(request).answer(who_of(request), question)
    return told(answers.listed(answer))


@door(router, "POST /recommend/batch", "read", answers.Lists)
async def recommend_many(request: Request, form: forms.RecommendMany) -> Response:
    """Up to 1,000 questions at once, answered by one engine version."""
    if sum(one.n for one in form.requests) > forms.MOST_PLACES:
        raise SettingsError(f"more than {forms.MOST_PLACES} places in all; ask for fewer, or in parts")
    given = [_question(one) for one in form.requests]
    lists = await handed(request, lambda live: _many(live, given, explain=form.explain, chances=form.chances))
    shown = [answers.listed(one) for one in lists]
    return told(answers.signed(shown[0]["version"], answers=shown))


@door(router, "POST /similar", "read", answers.List)
async def similar(request: Request, form: forms.Similar) -> Response:
    """What is taken with these items, or is like them."""
    return told(answers.listed(await handed(request, lambda live: live.similar(form.items, form.n))))


@door(router, "POST /explain", "read", answers.Explained)
async def explain(request: Request, form: forms.Explain) -> Response:
    """Why items are recommended, in words with their evidence."""

    def work(live: Live) -> Any:
        who: dict[str, Any] = {"user": form.user, "history": form.history}
        more: dict[str, Any] = {"items": form.items, "n": form.n, "language": form.language}
        version, found = live.spoken("explain", **who, **more, profile=_own(form.profile))
        return answers.signed(version, explanations=[one.as_json() for one in found])

    return told(await handed(request, work))


@door(router, "POST /interests", "read", answers.Profile)
async def interests(request: Request, form: forms.Interests) -> Response:
    """What somebody likes and dislikes, with the events that prove it."""
    edits = _own(form.edits)

    def work(live: Live) -> Any:
        who: dict[str, Any] = {"user": form.user, "history": form.history}
        version, found = live.spoken("interests", **who, edits=edits, language=form.language)
        return answers.signed(version, profile=found.as_json())

    return told(await handed(request, work))


@door(router, "POST /ask", "read", answers.Asked)
async def ask(request: Request, form: forms.Ask) -> Response:
    """Items for a request in plain language, and how it was understood."""

    def work(live: Live) -> Any:
        more: dict[str, Any] = {name: getattr(form, name) for name in KNOBS}
        more |= {"excluded": form.excluded, "profile": _own(form.profile), "year": time.gmtime().tm_year}
        found = live.ask(form.text, form.user, form.history, form.n, **more)
        reading = {"reading": found.reading.model_dump(mode="json"), "read": str(found.reading)}
        return {**answers.listed(found.answer), **reading}

    return told(await handed(request, work))


@door(router, "POST /chat", "read", answers.Said)
async def chat(request: Request, form: forms.Chat) -> Response:
    """One message of a conversation; give the dialogue back with the next."""

    def work(live: Live) -> Any:
        version, said = live.spoken(
            "chat",
            form.text,
            form.dialogue,
            user=form.user,
            history=form.history,
            profile=_own(form.profile),
            language=form.language,
            year=time.gmtime().tm_year,
        )
        shown = replace(said.answer, degraded=said.degraded, version=version)
        more = {"text": said.text, "act": said.act, "question": said.question, "evidence": said.evidence}
        return {**answers.listed(shown), **more, "dialogue": said.dialogue.model_dump(mode="json")}

    return told(await handed(request, work))


@door(router, "POST /remark", "write", answers.Remarked)
async def remark(request: Request, form: forms.Remark) -> Response:
    """Feedback in words about a list: how it was understood, and the list after it."""
    key = idempotency_key(request, form.key)
    if form.keep and form.user is None:
        raise SettingsError("what is kept belongs to somebody; give `user`, or leave out `keep`")
    before = None if form.remarks is None else _remarks(form.remarks)

    def work(live: Live) -> Any:
        who: dict[str, Any] = {"user": form.user, "history": form.history}
        limits: dict[str, Any] = {} if form.shown else {"n": form.n}
        said = live.remark(
            form.text, **who, shown=form.shown, so_far=before, year=time.gmtime().tm_year, **limits
        )
        rows = _events(said.read.latest, form) if form.keep else []
        kept = live.feedback(rows, key=key).rows
        after = live.recommend(**who, n=form.n, remarks=said)
        return {
            **answers.signed(after.version, (*said.read.notes, *after.degraded)),
            "impression": after.impression,
            "remarks": said.read.model_dump(mode="json"),
            "read": str(said.read),
            "kept": kept,
            "after": answers.listed(after),
        }

    return told(await handed(request, work))


@door(router, "POST /describe", "read", answers.Described)
async def describe(request: Request, form: forms.Describe) -> Response:
    """Texts about items in which every claim has its evidence."""

    def work(live: Live) -> Any:
        version, found = live.described(form.items, style=form.style, language=form.language)
        return answers.signed(version, descriptions=[one.as_json() for one in found])

    return told(await handed(request, work))


def _many(live: Live, questions: list[dict[str, Any]], **asked: Any) -> Any:
    """The answers, people of an experiment given their variant."""
    return live.recommend_many([variant_of(live, question) for question in questions], **asked)


def _question(form: forms.Question) -> dict[str, Any]:
    """A question as the engine takes it: what was said, and nothing else."""
    given = form.model_dump(exclude_unset=True, exclude={"explain", "chances"})
    asked = {name: value for name, value in given.items() if value is not None}
    if "price" in asked:
        asked["price"] = tuple(asked["price"])
    if "profile" in asked:
        asked["profile"] = _edits(asked["profile"])
    if "remarks" in asked:
        asked["remarks"] = _remarks(asked["remarks"])
    return asked


def _own(edits: forms.Edits | None) -> ProfileEdits | None:
    """The edits that a question brings itself."""
    return None if edits is None else _edits(edits.model_dump(exclude_unset=True))


def _edits(given: Mapping[str, Any]) -> ProfileEdits:
    return ProfileEdits.of(given, "the edits")


def _remarks(given: Mapping[str, Any]) -> Any:
    read = component_from("llm4rec.writers.remarks:Remarks").of(given, "remarks")
    if any(step.said >= len(read.said) for step in read.steps):
        raise DataError(
            "remarks: a step belongs to a remark that is not in it; give back what an answer gave"
        )
    return read


def _events(steps: Any, form: forms.Remark) -> list[dict[str, Any]]:
    """What was told of items, as rows of feedback that quote the words."""
    return [
        {
            "user": form.user,
            "item": item,
            "kind": KINDS[step.what],
            "text": form.text,
            "impression": form.impression,
        }
        for step in steps
        if step.kind == "event" and step.what in KINDS
        for item in step.items
    ]
