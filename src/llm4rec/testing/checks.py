"""Contract checks: what a component must keep to be plugged into any engine. Plain asserts with reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from llm4rec.core import (
    Before,
    Continues,
    Dataset,
    Embeds,
    Encoder,
    Explains,
    Features,
    FitContext,
    Floats,
    Forgets,
    Grows,
    History,
    Model,
    NotFittedError,
    Request,
    Saves,
    Situated,
    Table,
    Updates,
)
from llm4rec.testing.shelves import checkerboard, context

World = Callable[[Dataset], FitContext]


def _close(found: Floats, expected: Floats, why: str, tolerance: float = 2e-3) -> None:
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=why)


def _fit(model: Model, data: Dataset, world: World) -> Model:
    """A new model of the same class and config, fitted on `data` in the world of fakes."""
    fresh: Model = type(model)(model.config)  # type: ignore[call-arg]
    return fresh.fit(data, world(data))


def check_model(model: Model, dataset: Dataset | None = None, world: World = context) -> None:
    """A model that passes can be fitted, served, saved and grown by any engine.

    `world` gives what it is fitted with; the default is made of fakes.
    """
    data = dataset or checkerboard()
    _refuses_before_fit(model)
    given = data.interactions.items.copy(), data.interactions.timestamps.copy()
    model = model.fit(data, world(data))
    np.testing.assert_array_equal(data.interactions.items, given[0], "fit leaves its data alone")
    np.testing.assert_array_equal(data.interactions.timestamps, given[1], "fit leaves its data alone")
    requests = _requests(data)
    scores = model.score(requests)
    _sane(scores, len(requests), len(data.catalog))
    _batch_free(model, requests, scores)
    some = np.array([3, 0, 2])
    _close(model.score(requests, some), scores[:, some], "some items score as among all")
    _deterministic(model, data, requests, world)
    _capabilities(model, data, requests, scores, world)


def _requests(data: Dataset) -> list[Request]:
    known = [Request(data.history(u), user=u) for u in range(min(4, len(data.users)))]
    stranger = Request(History.of([0, 1, 2]))
    nobody = Request(History.of([]))
    return [*known, stranger, nobody]


def _refuses_before_fit(model: Model) -> None:
    refused = ""
    try:
        type(model)(model.config).score([Request(History.of([0]))])  # type: ignore[call-arg]
    except NotFittedError as error:
        refused = str(error)
    assert "fit" in refused, "score before fit raises NotFittedError, which says what to do"


def _sane(scores: Floats, rows: int, columns: int) -> None:
    assert scores.shape == (rows, columns), f"scores are (requests, items), not {scores.shape}"
    assert scores.dtype == np.float32, f"scores are float32, not {scores.dtype}"
    declined = np.isneginf(scores).all(axis=1)
    assert np.isfinite(scores[~declined]).all(), "scores are finite unless the whole row is declined"


def _batch_free(model: Model, requests: Sequence[Request], scores: Floats) -> None:
    alone = np.concatenate([model.score([r]) for r in requests])
    _close(alone, scores, "a row does not depend on its batch")
    assert model.score([]).shape == (0, scores.shape[1]), "an empty batch is a batch"


def _deterministic(model: Model, data: Dataset, requests: Sequence[Request], world: World) -> None:
    again = _fit(model, data, world)
    np.testing.assert_array_equal(again.score(requests), model.score(requests), "same data, same scores")


def _capabilities(
    model: Model, data: Dataset, requests: Sequence[Request], scores: Floats, world: World
) -> None:
    if isinstance(model, Saves):
        fresh: Model = type(model)(model.config).restore(model.state(), world(data))  # type: ignore[call-arg]
        np.testing.assert_array_equal(fresh.score(requests), scores, "saving and loading change no score")
    if isinstance(model, Embeds):
        _embeds(model, requests, scores)
    if isinstance(model, Grows):
        _grows(model, data, requests, world)
    if isinstance(model, Forgets):
        _forgets(model, data, requests, world)
    if isinstance(model, Updates):
        _updates(model, data, requests, world)
    if isinstance(model, Continues):
        _continues(model, data, requests, scores, world)
    if isinstance(model, Explains):
        _explains(model, requests, scores)
    if isinstance(model, Situated):
        _situated(model, requests, scores)


def _situated(model: Situated, requests: Sequence[Request], scores: Floats) -> None:
    assert isinstance(model, Model)
    for name in ("no such name", *model.contexts):
        strange = [replace(request, context={name: "no such word"}) for request in requests]
        np.testing.assert_array_equal(
            model.score(strange), scores, "a context that nobody knows changes no score"
        )


def _embeds(model: Embeds, requests: Sequence[Request], scores: Floats) -> None:
    people, items = model.user_vectors(requests), model.item_vectors()
    assert items.dtype == people.dtype == np.float32, "vectors are float32"
    declined = np.isneginf(scores).all(axis=1)
    _close(people[~declined] @ items.T, scores[~declined], "a score is the product of the vectors")
    served = np.isfinite(people[declined]).all(axis=1) & people[declined].any(axis=1)
    assert not served.any(), "the vector of a declined request is not finite, or zero"
    assert model.user_vectors([]).shape == (0, items.shape[1]), "an empty batch is a batch"


def _grows(model: Grows, data: Dataset, requests: Sequence[Request], world: World) -> None:
    newcomer = data.catalog.take(np.array([0]))
    renamed = type(newcomer)(type(newcomer.ids)(["newcomer"]), newcomer.columns)
    grown = model.grow(data.catalog.extended(renamed), world(data))
    assert isinstance(grown, Model)
    assert isinstance(model, Model)
    assert grown.score(requests).shape[1] == len(data.catalog) + 1, "a grown model scores the new item"
    assert model.score(requests).shape[1] == len(data.catalog), "growing leaves the old model alone"


def _forgets(model: Forgets, data: Dataset, requests: Sequence[Request], world: World) -> None:
    assert isinstance(model, Model)
    leaver = 0
    stay = data.only(data.interactions.users != leaver)
    forgotten = model.forget([data.history(leaver)])
    assert isinstance(forgotten, Model)
    never = _fit(model, stay, world)
    _close(forgotten.score(requests), never.score(requests), "forgetting = never having seen")


def _updates(model: Updates, data: Dataset, requests: Sequence[Request], world: World) -> None:
    assert isinstance(model, Model)
    late = 1
    first = data.history(late).take(slice(0, 2))
    cut = np.ones(len(data.interactions), dtype=bool)
    cut[data.offsets[late] + 2 : data.offsets[late + 1]] = False
    short = _fit(model, data.only(cut), world)
    assert isinstance(short, Updates)
    caught_up = short.partial_fit([first], [data.history(late)])
    assert isinstance(caught_up, Model)
    _close(caught_up.score(requests), model.score(requests), "updating = fitting on all")


def _continues(
    model: Continues, data: Dataset, requests: Sequence[Request], scores: Floats, world: World
) -> None:
    assert isinstance(model, Model)
    before = Before(world(data), np.arange(len(data.catalog)))
    once, twice = (model.continued(data, world(data), before) for _ in range(2))
    assert isinstance(once, Model)
    assert isinstance(twice, Model)
    _sane(once.score(requests), *scores.shape)
    np.testing.assert_array_equal(
        once.score(requests), twice.score(requests), "going on twice gives the same"
    )
    np.testing.assert_array_equal(model.score(requests), scores, "going on leaves the old model alone")
    assert once.begun_, "it says what it began from"


def _explains(model: Explains, requests: Sequence[Request], scores: Floats) -> None:
    request = requests[0]
    items = np.argsort(-scores[0])[:3]
    for row in model.contributions(request, items):
        assert set(row) <= set(request.history.items.tolist()), (
            "only what is in the history can have contributed"
        )
        assert np.isfinite(list(row.values())).all(), "contributions are finite"


def check_encoder(encoder: Encoder) -> Floats:
    """An encoder that passes can feed any model."""
    texts = ["a book of robots", "", "soil and roses and more words than the others have", "a book of robots"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), encoder.width), "(texts, width)"
    assert vectors.dtype == np.float32, "float32"
    assert np.isfinite(vectors).all(), "finite"
    np.testing.assert_allclose(vectors[0], vectors[3], rtol=1e-3, atol=1e-3, err_msg="same text, same vector")
    alone = np.concatenate([encoder.encode([t]) for t in texts])
    np.testing.assert_allclose(
        alone, vectors, rtol=2e-2, atol=2e-2, err_msg="a vector does not depend on its batch"
    )
    assert encoder.encode([]).shape == (0, encoder.width), "an empty batch is a batch"
    assert encoder.name, "a name keys the cache"
    return vectors


def check_features(features: Features, table: Table) -> None:
    """Features that pass give the same columns for any table."""
    fitted = features.fit(table)
    matrix = fitted.transform(table)
    assert matrix.shape == (len(table), len(fitted.names)), "(rows, names)"
    assert matrix.dtype == np.float32, "float32"
    assert np.isfinite(matrix.data).all(), "finite"
