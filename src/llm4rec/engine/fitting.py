"""From a data set to a fitted value: whiten the texts, choose settings on held-out events, fit on everything."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from llm4rec.core import (
    Before,
    Continues,
    DataError,
    Dataset,
    FitContext,
    Holdout,
    Learns,
    Model,
    Progress,
    Request,
    Tunes,
)
from llm4rec.data import FeatureBlocks, default_blocks, default_words
from llm4rec.engine.build import (
    build_encoder,
    build_generator,
    build_model,
    component_from,
    maker,
    whitened,
)
from llm4rec.engine.choosing import AUTO, DEFAULT, ENOUGH, FALLBACK, QUESTIONS, Choice, choose
from llm4rec.engine.fitted import PRICES, Fitted, Since, version_of
from llm4rec.engine.index import index_for
from llm4rec.engine.memory import give_back
from llm4rec.engine.safety import Safety, judged, safe_data
from llm4rec.engine.settings import Settings
from llm4rec.engine.shield import Shield

LARGE = 10_000  # events from which what fitting leaves behind is worth collecting


def fit(
    settings: Settings,
    dataset: Dataset,
    holdout: Holdout | None,
    refit: Dataset | None,
    progress: Progress,
) -> Fitted:
    """The model of the settings, fitted.

    With `holdout`: settings are chosen on it and the model is fitted on `dataset` alone, or with those settings on
    `refit` where that is given. Without: some last events of `dataset` are held out for choosing, and the model
    is then fitted on all of `dataset`.
    """
    return _fitted(
        settings,
        (dataset, refit),
        progress,
        lambda data, more, context: _learnt(settings, data, holdout, more, context),
    )


def fit_like(
    settings: Settings, known: Fitted, dataset: Dataset, progress: Progress, warm: bool = False
) -> Fitted:
    """The model of `known`, fitted on other data with all that it has chosen, or learnt of held-out questions.

    Nothing is chosen anew: it takes one fit, and what differs between the two is what differs between their data. With
    `warm` it begins from what `known` has learnt, where its model can (`Continues`): then texts are whitened as they were,
    and the version is another than that of a fit from the start.
    """
    model, own = known.model, known.dataset.catalog.ids
    goes_on = warm and isinstance(model, Continues)

    def again(data: Dataset, refit: Dataset | None, context: FitContext) -> Choice:
        del refit
        if warm and isinstance(model, Continues):
            items = own.found(data.catalog.ids.ids)
            found = model.continued(data, context, Before(known.context(settings), items))
            return Choice(known.name, found, f"refit: {found.begun_}")
        cannot = f"refit: {known.name!r} takes its settings over and is fitted from the start"
        return Choice(known.name, fit_again(model, data, context), cannot if warm else "")

    fitted = _fitted(settings, (dataset, None), progress, again, known.whitening if goes_on else None)
    events = known.since.events or len(known.dataset.interactions)
    since = Since(known.version if goes_on else "", known.since.refits + 1, events)
    version = version_of(fitted.model, fitted.dataset, since.version)
    result = replace(fitted, since=since, version=version, pseudonyms=known.pseudonyms)
    if result.rerank == known.rerank:
        result.made.share(known.made, (PRICES,))
    return result


def _fitted(
    settings: Settings,
    told_of: tuple[Dataset, Dataset | None],
    progress: Progress,
    learn: Callable[[Dataset, Dataset | None, FitContext], Choice],
    whitening: Any = None,
) -> Fitted:
    """What `learn` makes of the data that models may see, and all that an engine needs beside."""
    dataset, refit = _with_events(*told_of)
    told = (refit or dataset).catalog
    dataset, refit, cut = safe_data(settings.safety, dataset, refit)
    shield, data = Shield.of(settings.fit), refit or dataset
    dataset, refit = shield.data(dataset), None if refit is None else shield.data(refit)
    context, whitening = fit_context(settings, dataset, progress, whitening)
    safety = judged(settings.safety, told, context.raw_encoder)
    choice, seconds = _timed(lambda: learn(dataset, refit, context))
    model, fallback = choice.model, build_model("popular", FALLBACK).fit(refit or dataset, context)
    if len(data.interactions) >= LARGE:
        give_back()
    return Fitted(
        model=model,
        fallback=fallback,
        dataset=data,
        encoder=context.encoder,
        raw_encoder=context.raw_encoder,
        features=context.features,
        words=context.words,
        people=context.people,
        whitening=whitening,
        version=version_of(model, data),
        notes=_notes(choice, cut + shield.notes(data), safety),
        name=choice.name,
        index=index_for(model, data, settings.index),
        safety=safety,
        rerank=settings.rerank,
        seed=settings.fit.seed,
        since=Since(events=len(data.interactions)),
        settings=settings,
        seconds=seconds,
    )


def _with_events(dataset: Dataset, refit: Dataset | None) -> tuple[Dataset, Dataset | None]:
    """Both as given; DataError where there is nothing to learn from."""
    if not len(dataset.interactions):
        raise DataError("there are no interactions to learn from; add some, or loosen the cleaning")
    return dataset, refit


def _timed(learn: Callable[[], Choice]) -> tuple[Choice, float]:
    """What was learnt, and the seconds that it took."""
    began = time.monotonic()
    return learn(), time.monotonic() - began


def _notes(choice: Choice, cut: tuple[str, ...], safety: Safety | None) -> tuple[str, ...]:
    """What the choice, the model, the data and the guard want known."""
    told = (choice.why, *getattr(choice.model, "notes_", ()), *cut)
    return tuple(line for line in told if line) + (safety.notes if safety else ())


def _learnt(
    settings: Settings,
    dataset: Dataset,
    holdout: Holdout | None,
    refit: Dataset | None,
    context: FitContext,
) -> Choice:
    """The model of the settings, or the one chosen, fitted on what it may see in the end."""
    name = settings.fit.model
    if name == AUTO and not settings.fit.tune:
        name = DEFAULT
    model = None if name == AUTO else build_model(name, settings.models.get(name, {}))
    if model is not None and not (isinstance(model, Tunes) and settings.fit.tune):
        return Choice(name, model.fit(refit or dataset, context))
    wanted = _questions(settings, model, len(dataset.interactions))
    final = refit
    if holdout is None:
        final = refit or dataset
        dataset, holdout = hold_out_last(dataset, wanted, context.rng)
    questions = holdout.sample(wanted, np.random.default_rng(settings.fit.seed))
    if model is None:
        choice = choose(settings, dataset, questions, context)
    elif not len(questions):
        return Choice(name, model.fit(final or dataset, context))
    else:
        choice = Choice(name, model.fit(dataset, replace(context, holdout=questions)))
    return choice if final is None else replace(choice, model=fit_again(choice.model, final, context))


def _questions(settings: Settings, model: Model | None, events: int) -> int:
    """How many held-out questions to ask; None is a model yet to be chosen."""
    if model is None and events >= ENOUGH:
        return max(QUESTIONS, settings.fit.questions)
    return model.questions if isinstance(model, Learns) else settings.fit.questions


def fit_again(model: Model, final: Dataset, context: FitContext) -> Model:
    """The model with all that it chose, fitted on other data."""
    if isinstance(model, Learns):
        return model.refit(final, context)
    config = model.chosen if isinstance(model, Tunes) else model.config
    return type(model)(config).fit(final, context)  # type: ignore[call-arg]


def fit_context(
    settings: Settings, dataset: Dataset, progress: Progress, known: Any = None
) -> tuple[FitContext, Any]:
    """What models are given: encoder, attributes, words, language model; and the whitening behind the encoder: the one
    `known`, or one of this catalog."""
    catalog = dataset.catalog
    raw = build_encoder(settings, progress)
    whitening, encoder = None, raw
    if raw is None or not any(catalog.texts):
        raw, encoder = None, None
    elif settings.encoder.whiten:
        whitening = known or component_from("llm4rec.encoders:Whitening").fit(
            raw.encode(catalog.texts), settings.encoder.width
        )
        encoder = whitened(raw, whitening)
    left_out = settings.features.exclude
    features = default_blocks(catalog, exclude=left_out, idf=settings.features.idf).fit(catalog)
    words = default_words(catalog, exclude=left_out).fit(catalog)
    people = default_blocks(dataset.users, exclude=left_out).fit(dataset.users)
    context = FitContext(
        rng=np.random.default_rng(settings.fit.seed),
        encoder=encoder,
        raw_encoder=raw,
        features=_unless_empty(features),
        words=_unless_empty(words),
        people=_unless_empty(people),
        generator=build_generator(settings),
        progress=progress,
        make=maker(settings),
    )
    return context, whitening


def _unless_empty(features: FeatureBlocks) -> FeatureBlocks | None:
    return features if len(features.names) else None


def hold_out_last(dataset: Dataset, questions: int, rng: np.random.Generator) -> tuple[Dataset, Holdout]:
    """The data without the last positive event of some users with three events or more, and those as questions.

    At most `questions` users and never more than a fifth of the events, so that what remains is still the same data.
    """
    last = _last_positive(dataset)
    users = np.flatnonzero(last >= 0)
    size = min(questions, len(dataset.interactions) // 5, len(users))
    chosen = np.sort(rng.choice(users, size, replace=False)) if size else users[:0]
    keep = np.ones(len(dataset.interactions), dtype=bool)
    keep[last[chosen]] = False
    left = dataset.only(keep)
    requests, targets = [], []
    for user in chosen:
        history = left.history(int(user))
        target = dataset.interactions.items[last[user]]
        if target not in history.items:
            asked_in = dataset.interactions.context(int(last[user]))
            requests.append(Request(history, user=int(user), context=asked_in))
            targets.append(np.array([target]))
    return left, Holdout(requests, targets)


def _last_positive(dataset: Dataset) -> np.ndarray:
    """Row of each user's last positive event; -1 for users with fewer than three of them."""
    rows = np.flatnonzero(dataset.interactions.positive)
    users = dataset.interactions.users[rows]
    last = np.full(len(dataset.users), -1, dtype=np.int64)
    last[users] = rows  # rows ascend, so the last assignment wins
    few = np.bincount(users, minlength=len(dataset.users)) < 3
    last[few] = -1
    return last
