"""Every reranker of the registry keeps the contract, alone and behind any other, on any candidates."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core import Candidates, ComponentError, Request, RerankContext
from llm4rec.engine.registry import TABLE, component
from llm4rec.rerankers.chain import Chain
from llm4rec.testing import check_reranker, rerank_world, some_candidates

NAMES = list(TABLE["reranker"])
RULES = {
    "quotas": [{"field": "categories", "at_most": 1}],
    "spacing": [{"field": "categories"}],
    "pins": [{"item": "item-3", "place": 2}],
}
VARIANTS = [
    *((name, {}) for name in NAMES),
    ("mmr", {"strength": 1.0, "kernel": {"text": 1.0, "categories": 2.0}}),
    ("mmr", {"kernel": {"cosine": 1.0}}),
    ("dpp", {"strength": 1.0, "window": 3}),
    ("dpp", {"strength": 0.5, "kernel": {"taste": 1.0}}),
    ("ssd", {"strength": 1.0, "window": 2}),
    ("xquad", {"strength": 1.0, "most": 2}),
    ("calibrated", {"strength": 1.0, "most": 2}),
    ("calibrated", {"by": "popularity"}),
    ("novel", {"distance": 1.0, "unmet": 1.0, "diversity": 1.0}),
    ("rules", RULES),
    ("explore", {"how": "epsilon", "strength": 0.5}),
]
SOFT = [name for name in NAMES if "strength" in component("reranker", name).config_type.model_fields]


def make(name, options=None):
    kind = component("reranker", name)
    return kind(kind.config_type.of(options or {}))


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
def test_every_reranker_keeps_the_contract(name, options):
    check_reranker(make(name, options))


@pytest.mark.parametrize("name", SOFT)
def test_strength_zero_is_the_order_of_the_ranker(name):
    requests, context = rerank_world()
    candidates = some_candidates(len(requests), 30)
    alone = make(name, {"strength": 0.0}).rerank(requests, candidates, context)
    np.testing.assert_array_equal(alone.items, candidates.items)
    zero = replace(context, strengths=np.zeros(len(requests), np.float32))
    asked = make(name, {"strength": 1.0}).rerank(requests, candidates, zero)
    np.testing.assert_array_equal(asked.items, candidates.items)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("fair", "explore")])
def test_a_row_does_not_depend_on_its_batch(name):
    requests, context = rerank_world()
    candidates = some_candidates(len(requests), 30)
    reranker = make(name, RULES if name == "rules" else {})
    together = reranker.rerank(requests, candidates, context).items
    for row, request in enumerate(requests):
        one = slice(row, row + 1)
        alone = reranker.rerank([request], candidates.take(one), context.part(one)).items
        np.testing.assert_array_equal(alone[0], together[row])


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("fair", "explore")])
def test_parts_change_nothing(name, monkeypatch):
    requests, context = rerank_world()
    candidates = some_candidates(len(requests), 30)
    whole = make(name).rerank(requests, candidates, context).items
    monkeypatch.setattr("llm4rec.rerankers.greedy.CHUNK_BYTES", 1)
    np.testing.assert_array_equal(make(name).rerank(requests, candidates, context).items, whole)


KINDS = st.sampled_from(["varied", "equal", "zero", "huge"])


def vectors(kind, items):
    if kind == "zero":
        return np.zeros((items, 3), np.float32)
    if kind == "equal":
        return np.ones((items, 3), np.float32)
    scale = 1e30 if kind == "huge" else 1.0
    return (scale * np.random.default_rng(items).standard_normal((items, 3))).astype(np.float32)


@st.composite
def worlds(draw):
    items = draw(st.integers(1, 12))
    requests, context = rerank_world(items, users=draw(st.integers(1, 3)))
    k = draw(st.integers(1, items))
    rows = len(requests)
    numbers = np.stack(
        [np.random.default_rng(draw(st.integers(0, 99))).permutation(items)[:k] for _ in range(rows)]
    )
    values = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.sampled_from([0.0, 1.0, -1.0])
    scores = np.array(
        [draw(st.lists(values, min_size=k, max_size=k)) for _ in range(rows)], np.float32
    ).reshape(rows, k)
    there = np.array([[draw(st.integers(0, k))] for _ in range(rows)]) > np.arange(k)
    candidates = Candidates(np.where(there, numbers, -1), np.where(there, scores, -np.inf).astype(np.float32))
    context = replace(context, n=draw(st.integers(1, 14)), vectors=vectors(draw(KINDS), items))
    if draw(st.booleans()):
        context = all_of_one_category(context)
    return requests, candidates, context


def all_of_one_category(context: RerankContext) -> RerankContext:
    column = context.catalog.columns["categories"]
    tags = np.empty(len(column), dtype=object)
    tags[:] = [("red",)] * len(column)
    columns = {**context.catalog.columns, "categories": replace(column, values=tags)}
    return replace(context, catalog=replace(context.catalog, columns=columns))


@settings(max_examples=40, deadline=None)
@given(world=worlds(), variants=st.lists(st.sampled_from(VARIANTS), min_size=1, max_size=3))
def test_any_chain_loses_none_and_invents_none(world, variants):
    requests, candidates, context = world
    check_reranker(Chain([make(*one) for one in variants]), requests, candidates, context)


@settings(max_examples=30, deadline=None)
@given(world=worlds(), variant=st.sampled_from(VARIANTS), place=st.integers(0, 99))
def test_what_is_not_a_number_is_refused(world, variant, place):
    requests, candidates, context = world
    rows, columns = np.nonzero(candidates.items >= 0)
    if len(rows):
        scores = candidates.scores.copy()
        at = place % len(rows)
        scores[rows[at], columns[at]] = np.nan if place % 2 else np.inf
        with pytest.raises(ComponentError, match="NaN"):
            make(*variant).rerank(requests, Candidates(candidates.items, scores), context)


def test_a_chain_says_who_lost_an_item():
    class Loses:
        config = None

        def rerank(self, requests, candidates, context):
            return candidates.reorder([order[:1] for order in np.zeros(candidates.items.shape, np.int64)])

    requests, context = rerank_world()
    with pytest.raises(ComponentError, match="Loses"):
        Chain([Loses()]).rerank(requests, some_candidates(len(requests), 30), context)


def test_the_reranker_behind_starts_from_the_order_of_the_one_before():
    requests, context = rerank_world(users=1)
    candidates = some_candidates(1, 30, k=6)

    class Turns:
        config = None

        def rerank(self, requests, candidates, context):
            order = np.argsort(np.where(candidates.items >= 0, -np.arange(6), 9), axis=1, kind="stable")
            return candidates.reorder(order)

    turned = Turns().rerank(requests, candidates, context)
    after = Chain([Turns(), make("mmr", {"strength": 0.0})]).rerank(requests, candidates, context)
    assert after.items.tolist() == turned.items.tolist() != candidates.items.tolist()


def test_strengths_outside_their_range_are_refused():
    from llm4rec.core import SettingsError

    requests, context = rerank_world(users=2)
    with pytest.raises(SettingsError, match="0 to 1"):
        make("mmr").rerank(
            requests, some_candidates(2, 30), replace(context, strengths=np.array([0.5, 1.5], np.float32))
        )
    assert isinstance(requests[0], Request)
