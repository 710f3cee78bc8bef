"""What anyone may rely on from fold-in: newcomers on data whose right answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import ComponentError, FitContext, History, Interactions, Request, Users, Vocabulary
from llm4rec.engine import Engine, Settings
from llm4rec.engine.build import build_model
from llm4rec.models.episodes import Episodes, first_events
from llm4rec.models.foldin import FoldIn, FoldInConfig
from llm4rec.testing import asking, best, context, shelf

MANY, FEW = range(10), range(10, 20)


def two_tastes(people=120, each=7, seed=0):
    """Two in three people take items of 0 to 9, the others of 10 to 19: what most people like is 0 to 9."""
    rng = np.random.default_rng(seed)
    data = shelf(*[f"thing {n}" for n in range(20)])
    rows = [rng.choice(MANY if person % 3 else FEW, each, replace=False) for person in range(people)]
    events = Interactions.of([p for p, row in enumerate(rows) for _ in row], np.concatenate(rows))
    return replace(data, interactions=events, users=Users(Vocabulary([f"p{n}" for n in range(people)])))


def world(data):
    return context(data, make=build_model)


def learnt(**options):
    data = two_tastes()
    return FoldIn(FoldInConfig(**{"embedding_size": 8, "tune": False} | options)).fit(data, world(data))


def test_before_any_event_the_prior_says_what_most_people_like():
    model = learnt()
    start = model.vectors_ @ model.prior_.mean
    assert start[:10].min() > start[10:].max()


@pytest.mark.parametrize("first", FEW)
def test_one_event_is_enough_to_leave_what_most_people_like(first):
    model = learnt()
    assert best(model, asking(first)) in FEW


def test_one_event_is_better_than_the_prior_alone_for_people_held_out():
    data = two_tastes()
    episodes = Episodes.drawn(data, np.random.default_rng(0), (1,))
    model = FoldIn(FoldInConfig(embedding_size=8)).fit(episodes.left, world(episodes.left))
    rows = model.score(episodes.asked[1].requests)
    start = model.vectors_ @ model.prior_.mean
    hits = [
        np.isin(np.argsort(-row)[:5], target).mean()
        for row, target in zip(rows, episodes.asked[1].targets, strict=True)
    ]
    alone = [np.isin(np.argsort(-start)[:5], target).mean() for target in episodes.asked[1].targets]
    assert np.mean(hits) > np.mean(alone) + 0.1


def test_scores_are_the_textbook_posterior_of_the_weighted_events():
    model = learnt(decay=2.0, strength=0.5)
    items, prior = [3, 12, 4], model.prior_
    own = model.vectors_[items]
    weights = 0.5 * np.exp(-np.array([2, 1, 0]) / 2.0) / prior.noise
    inverse = np.linalg.inv(prior.covariance)
    covariance = np.linalg.inv(inverse + (own * weights[:, None]).T @ own)
    mean = covariance @ (inverse @ prior.mean + weights @ own)
    request = Request(History.of(items))
    np.testing.assert_allclose(model.score([request])[0], model.vectors_ @ mean, rtol=1e-4, atol=1e-5)
    spread = np.sqrt(np.einsum("ij,jk,ik->i", model.vectors_, covariance, model.vectors_))
    np.testing.assert_allclose(model.uncertainty([request])[0], spread, rtol=1e-4, atol=1e-6)
    gifts = model.contributions(request, np.array([0, 15]))
    prior_part = model.vectors_ @ covariance @ inverse @ prior.mean
    for item, own_gifts in zip([0, 15], gifts, strict=True):
        assert set(own_gifts) == set(items)
        whole = sum(own_gifts.values()) + prior_part[item]
        assert whole == pytest.approx(float(model.score([request])[0, item]), rel=1e-4, abs=1e-5)


def test_doubt_shrinks_with_every_event():
    model = learnt(decay=None)
    doubts = model.uncertainty([asking(*range(n)) for n in range(4)])
    assert (np.diff(doubts.mean(axis=1)) < 0).all()


def test_kinds_that_say_more_move_more_and_kinds_of_weight_zero_say_nothing():
    model = learnt(kinds={"click": 0.0})
    assert np.isneginf(model.score([asking(1)])).all(), "no event that says anything: declined"
    strong, weak = learnt(kinds={"click": 2.0}), learnt(kinds={"click": 0.2})
    start = strong.vectors_ @ strong.prior_.mean
    away = [np.abs(model.score([asking(12)])[0] - start).sum() for model in (strong, weak)]
    assert away[0] > away[1]


def test_how_fast_the_prior_fades_is_chosen_on_people_held_out():
    data = two_tastes()
    model = FoldIn(FoldInConfig(embedding_size=8, strengths=(1e-7, 0.3), decays=(None,))).fit(
        data, world(data)
    )
    assert model.chosen.strength == 0.3, "events that hardly count would leave everybody with the first taste"
    assert model.chosen.decay is None


def test_a_base_without_vectors_is_refused_by_name():
    data = two_tastes()
    with pytest.raises(ComponentError, match=r"fold-in needs a base with vectors of items.*'ease'"):
        FoldIn(FoldInConfig(base="ease")).fit(data, FitContext(make=build_model))


def test_unknown_items_and_people_are_answered_by_the_rules_of_the_engine():
    settings = Settings(encoder={"name": "none"})
    engine = Engine(settings, model="fold-in", embedding_size=8).fit(two_tastes())
    answer = engine.recommend(history=["no such item"], n=3)
    assert len(answer.items) == 3
    assert any("no such item" in told or "not" in told for told in answer.degraded)
    known = engine.recommend(history=["no such item", engine.catalog.ids.ids[12]], n=3)
    assert {engine.catalog.ids.number(item) for item in known.items} <= set(FEW)


def test_episodes_hold_people_out_as_a_whole_and_ask_for_what_comes_next():
    data = two_tastes()
    episodes = Episodes.drawn(data, np.random.default_rng(0), (1, 3, 40))
    gone = np.setdiff1d(np.unique(data.interactions.users), np.unique(episodes.left.interactions.users))
    assert len(gone) == 24, "a fifth of 120"
    assert set(episodes.asked) == {1, 3}, "nobody has more than 40 events"
    asked = first_events(data, gone[:1], 3)
    history = data.history(int(gone[0]))
    np.testing.assert_array_equal(asked.requests[0].history.items, history.items[:3])
    np.testing.assert_array_equal(asked.targets[0], np.sort(history.items[3:]))
    assert asked.requests[0].user == -1
    assert len(Episodes.drawn(two_tastes(9), np.random.default_rng(0)).asked) == 0, "too few people"
