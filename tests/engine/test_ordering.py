"""Rerankers of the settings and knobs of a request, through the engine."""

import math

import numpy as np
import pytest

from llm4rec.core import (
    Candidates,
    Catalog,
    Column,
    ColumnType,
    Dataset,
    History,
    Interactions,
    NotFoundError,
    Request,
    RerankContext,
    SettingsError,
    Users,
    Vocabulary,
    top_k,
)
from llm4rec.engine import Engine, Settings
from llm4rec.engine.knobs import STRENGTHS, Curve, trades

ITEMS, PEOPLE = 60, 80


@pytest.fixture(scope="module")
def subjects():
    """Everyone reads one of three subjects and a little of the others; items carry their subject."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(PEOPLE):
        near = rng.choice(np.arange(user % 3, ITEMS, 3), 7, replace=False)
        rows.append(np.unique(np.concatenate([near, rng.choice(ITEMS, 3, replace=False)])))
    users = np.repeat(np.arange(PEOPLE), [len(row) for row in rows])
    tags = np.empty(ITEMS, dtype=object)
    tags[:] = [(("robots", "gardens", "cooking")[item % 3],) for item in range(ITEMS)]
    columns = {"categories": Column(ColumnType.TAGS, tags)}
    catalog = Catalog(Vocabulary([f"i{item}" for item in range(ITEMS)]), columns)
    people = Users(Vocabulary([f"u{user}" for user in range(PEOPLE)]))
    return Dataset(Interactions.of(users, np.concatenate(rows)).sorted(), catalog, people, "subjects")


def fitted(subjects, **rerank):
    made = Settings(encoder={"name": "none"}, cache={"folder": "none"}, rerank=rerank)
    return Engine(made, model="ease", reg=5.0, tune=False, decay=None).fit(subjects)


@pytest.fixture(scope="module")
def plain(subjects):
    return fitted(subjects)


def kinds(answer):
    return len({int(item[1:]) % 3 for item in answer.items})


def test_with_all_knobs_at_zero_it_is_the_order_of_the_model(plain):
    answer = plain.recommend("u4", n=6)
    asked = plain.recommend("u4", n=6, diversity=0.0, novelty=0.0, explore=0.0)
    assert asked.items == answer.items
    assert asked.trade is None
    assert "ordering" not in plain.fitted.made.names or answer.propensities == ()


def test_the_more_diversity_is_asked_for_the_more_varied_lists_are(plain):
    found = [
        plain.recommend_many([{"user": f"u{u}", "n": 10, "diversity": knob} for u in range(PEOPLE)])
        for knob in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    varied = [np.mean([kinds(answer) for answer in answers]) for answers in found]
    assert varied == sorted(varied)
    assert varied[0] < varied[2] < varied[-1] == 3.0
    gains = [np.mean([answer.trade.diversity for answer in answers]) for answers in found[1:]]
    assert gains == sorted(gains)
    assert gains[1] == pytest.approx(gains[-1] / 2, rel=0.35), "half way is half the gain"
    costs = [np.mean([answer.trade.relevance for answer in answers]) for answers in found[1:]]
    assert costs == sorted(costs)
    assert costs[0] >= 0.0


def test_a_trade_says_what_a_list_lost_and_gained(subjects):
    before = Candidates(np.array([[0, 3, 1, 2]]), np.array([[1.0, 0.5, 0.25, 0.0]], np.float32))
    after = before.reorder(np.array([[0, 3, 1, 2]]))  # items 0 2 3 1
    context = RerankContext(subjects.catalog, counts=np.array([39, 9, 9, 39]), users=79)
    (found,) = trades([Request(History.of([]), n=2)], before, after, context)
    second = 1 / np.log2(3)
    assert math.isnan(found.relevance), "a price is measured, not read off a list"
    assert found.score == pytest.approx(1 - 1 / (1 + 0.5 * second))
    assert found.diversity == pytest.approx(1.0), "0 and 3 are of one kind, 0 and 2 are not"
    assert found.novelty == pytest.approx(1.0), "one of two items was taken by an eighth, not by half"
    (same,) = trades([Request(History.of([]), n=2)], before, before, context)
    assert (same.score, same.diversity, same.novelty) == (0.0, 0.0, 0.0)


def test_novelty_shows_what_fewer_took(plain, subjects):
    def taken(knob):
        answers = plain.recommend_many([{"user": f"u{u}", "n": 6, "novelty": knob} for u in range(PEOPLE)])
        return np.mean([subjects.counts[int(item[1:])] for answer in answers for item in answer.items])

    assert taken(1.0) < taken(0.5) < taken(0.0)


def test_exploring_says_with_which_chance_each_item_came(plain):
    answer = plain.recommend("u4", n=6, explore=0.8)
    assert len(answer.propensities) == 6
    assert all(0 < chance <= 1 for chance in answer.propensities)
    assert min(answer.propensities) < 1


def test_rerankers_of_the_settings_are_applied_to_every_list(subjects):
    engine = fitted(
        subjects, order=["rules"], options={"rules": {"quotas": [{"field": "categories", "at_most": 2}]}}
    )
    answer = engine.recommend("u4", n=6)
    assert np.bincount([int(item[1:]) % 3 for item in answer.items]).tolist() == [2, 2, 2]
    assert answer.degraded == ()
    table = engine.recommend_all(["u4"], n=6)
    assert table["item"].to_list() == list(answer.items)


def test_rules_that_cannot_be_kept_are_told(subjects):
    engine = fitted(
        subjects, order=["rules"], options={"rules": {"quotas": [{"field": "categories", "at_most": 1}]}}
    )
    assert "quota could not be kept" in " ".join(engine.recommend("u4", n=6).degraded)


def test_what_is_measured_is_what_is_served(subjects):
    engine = fitted(subjects, order=["novel", "mmr"], options={"mmr": {"strength": 0.6}})
    history = subjects.history(4)
    scores = engine.score([Request(history, user=4)])
    scores[0, history.items] = -np.inf
    listed = [subjects.catalog.ids.ids[item] for item in top_k(scores, 10)[0]]
    assert listed == list(engine.recommend("u4", n=10).items)


def test_without_rerankers_scores_are_those_of_the_model(plain, subjects):
    request = Request(subjects.history(4), user=4)
    np.testing.assert_array_equal(plain.score([request]), plain.model.score([request]))


def test_fewer_candidates_than_asked_for_are_all_shown(plain):
    answer = plain.recommend("u4", n=6, allowed=["i0", "i30", "i31"], seen="include", diversity=1.0)
    assert sorted(answer.items) == ["i0", "i30", "i31"]


def test_saved_and_loaded_the_order_is_the_same(subjects, tmp_path):
    engine = fitted(subjects, order=["fair", "mmr"], options={"fair": {"field": "categories"}})
    before = engine.recommend("u4", n=6, diversity=0.5)
    engine.save(tmp_path / "engine")
    after = Engine.load(tmp_path / "engine").recommend("u4", n=6, diversity=0.5)
    assert after.items == before.items


def test_a_default_that_adapts_gives_less_diversity_to_narrow_taste(subjects):
    engine = fitted(subjects, diversity="auto")
    narrow, _ = engine._asked(history=["i0", "i3", "i6"])
    broad, _ = engine._asked(history=["i0", "i1", "i2"])
    assert narrow.diversity == 0.0
    assert broad.diversity == pytest.approx(0.5, abs=1e-3)
    assert engine._asked(history=["i0", "i1"], diversity=0.9)[0].diversity == 0.9


@pytest.mark.parametrize(
    ("wrong", "reason"), [({"diversity": 1.5}, "0 to 1"), ({"diversty": 0.5}, "did you mean")]
)
def test_a_wrong_knob_is_refused(plain, wrong, reason):
    with pytest.raises(SettingsError, match=reason):
        plain.recommend("u4", **wrong)


def test_a_wrong_reranker_is_refused_before_fitting(subjects):
    with pytest.raises(NotFoundError, match="did you mean 'mmr'"):
        fitted(subjects, order=["mmrr"])
    with pytest.raises(SettingsError, match="strenght"):
        fitted(subjects, order=["mmr"], options={"mmr": {"strenght": 1}})


def test_half_of_a_knob_is_half_of_what_can_be_gained():
    values = [value**2 for value in STRENGTHS]
    curve = Curve.of(values)
    reached = np.interp(curve.strengths(np.array([0.0, 0.25, 0.5, 1.0], np.float32)), STRENGTHS, values)
    assert reached == pytest.approx([0.0, 0.25, 0.5, 1.0], abs=1e-6)
    flat = Curve.of([1.0] * len(STRENGTHS)).strengths(np.array([0.0, 0.5], np.float32))
    assert flat.tolist() == [0.0, 0.5]
