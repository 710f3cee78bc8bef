"""What turning a knob costs: told in shares of NDCG@10 with an interval that holds, or not told."""

import math
import threading
from dataclasses import replace

import numpy as np
import pytest

from llm4rec import Engine, sample_shop
from llm4rec.engine import Settings
from llm4rec.engine.made import Made
from llm4rec.engine.prices import ENOUGH, SETTINGS, TOGETHER, UNIT, Answered, rising
from llm4rec.engine.pricing import PARTS, PATIENCE, gained, prices

KNOBS = ("diversity", "novelty", "explore")


def plain(**rerank):
    made = Settings(encoder={"name": "none"}, cache={"folder": "none"}, rerank=rerank)
    return Engine(made, model="ease", decay=None, tune=False)


@pytest.fixture(scope="module")
def shop():
    return sample_shop(readers=120, days=60)


@pytest.fixture(scope="module")
def engine(shop):
    return plain().fit(shop)


def world(people, rng, lost):
    """People of very different worth to the ranker, who lose `lost` on average at each setting, each for themselves."""
    worth = rng.gamma(2.0, 0.1, size=(people, 1))
    own = worth * rng.exponential(1.0, size=(people, PARTS))
    kept = (1.0 - lost) * rng.gamma(4.0, 0.25, size=(people, 1, len(lost)))
    turned = own[:, :, None] * kept
    turned[:, :, 0] = own
    return Answered(own, turned, np.ones(len(lost)))


def test_the_loss_of_other_people_lies_in_the_interval_as_often_as_it_says():
    rng, lost = np.random.default_rng(3), 0.6 * SETTINGS**1.5
    within, near, width = [], [], []
    for _ in range(120):
        price = world(80, rng, lost).price(rng)
        others = world(80, rng, lost)
        true = 1.0 - others.turned[:, 0].sum(axis=0) / others.own[:, 0].sum()
        within.append((price.low <= true) & (true <= price.high))
        near.append(price.cost)
        width.append(price.high - price.low)
    share = np.mean(within, axis=0)[1:]
    assert (share >= 0.89).all()
    assert share.mean() <= 0.98, "an interval that always holds says nothing"
    assert np.mean(near, axis=0) == pytest.approx(lost, abs=0.015), "the price is the truth on average"
    assert np.mean(width, axis=0)[-1] < 0.4


def test_a_price_never_falls_and_is_nothing_at_nothing():
    assert rising(np.array([0.0, 0.2, 0.1, 0.4]), True) == pytest.approx([0.0, 0.15, 0.15, 0.4])
    assert rising(np.array([0.0, -0.3, 0.1, 1.4]), True).tolist() == [0.0, 0.0, 0.1, 1.0]
    assert rising(np.array([-0.2, -0.3, 0.1]), False) == pytest.approx([-0.25, -0.25, 0.1]), (
        "rerankers may gain"
    )
    price = world(60, np.random.default_rng(0), 0.5 * SETTINGS).price(np.random.default_rng(0))
    assert price.at(0.0)[:3].tolist() == [0.0, 0.0, 0.0]


def test_each_knob_has_a_price_that_rises(engine):
    found = prices(engine.fitted)
    assert set(found.by_knob) == set(KNOBS)
    for price in found.by_knob.values():
        assert price.cost[0] == price.low[0] == price.high[0] == price.changed[0] == 0.0
        assert (np.diff(price.cost) >= 0).all()
        assert price.cost[-1] > 0.1
        assert (price.low <= price.cost).all()
        assert (price.cost <= price.high).all()
        assert price.changed[-1] > 0.9


@pytest.mark.parametrize("knob", KNOBS)
def test_means_over_lists_are_the_price_of_the_setting(engine, shop, knob):
    asked = [{"user": user, "n": 10, knob: 0.25} for user in shop.users.ids.ids]
    told = [answer.trade for answer in engine.recommend_many(asked)]
    cost, low, high, _ = prices(engine.fitted).by_knob[knob].at(0.25)
    found = np.mean([[t.relevance, t.low, t.high] for t in told], axis=0)
    assert found == pytest.approx([cost, low, high], rel=0.1, abs=0.003)
    assert {t.unit for t in told} == {UNIT}
    assert all(0.0 <= t.score <= 1.0 for t in told)


def test_a_list_that_stays_costs_nothing(engine):
    answer = engine.recommend(
        "reader-001", n=3, allowed=list(engine.catalog.ids.ids[:1]), seen="include", diversity=1.0
    )
    assert (answer.trade.relevance, answer.trade.low, answer.trade.high) == (0.0, 0.0, 0.0)


def test_what_knobs_cost_together_was_not_measured_and_is_not_made_up(engine):
    trade = engine.recommend("reader-001", n=10, diversity=0.5, novelty=0.5).trade
    assert trade.unpriced == TOGETHER
    assert math.isnan(trade.relevance)
    assert trade.score > 0


def test_rerankers_of_the_settings_have_a_price_too(shop):
    engine = plain(order=["novel"], options={"novel": {"strength": 0.9}}).fit(shop)
    trade = engine.recommend("reader-001", n=10).trade
    assert trade.relevance > 0.1
    assert trade.low <= trade.relevance <= trade.high
    assert engine.recommend("reader-001", n=10, diversity=1.0).trade.relevance > trade.relevance


def test_a_saved_engine_keeps_its_prices(engine, tmp_path):
    before = engine.recommend("reader-001", n=10, novelty=0.5).trade
    engine.save(tmp_path / "engine")
    loaded = Engine.load(tmp_path / "engine")
    assert loaded.fitted.made.get("prices") is not None
    assert loaded.recommend("reader-001", n=10, novelty=0.5).trade == before


def test_without_held_out_answers_there_is_no_price():
    few = plain().fit(sample_shop(readers=ENOUGH - 10, days=40))
    trade = few.recommend("reader-001", n=5, diversity=1.0).trade
    assert math.isnan(trade.relevance)
    assert math.isnan(trade.low)
    assert trade.unit == ""
    assert f"at least {ENOUGH} people" in trade.unpriced


def test_what_would_take_too_long_is_measured_when_asked_for(shop):
    engine = plain(price_seconds=0.0).fit(shop)
    trade = engine.recommend("reader-001", n=5, diversity=1.0).trade
    assert "price_knobs() measures" in trade.unpriced
    assert engine.price_knobs()
    assert not engine.recommend("reader-001", n=5, diversity=1.0).trade.unpriced


def test_who_turns_a_knob_does_not_wait_long_for_its_price(shop):
    """A slow fit: the answer says so, and a service that measures beside its answers gives the price to later ones."""
    engine = plain().fit(shop)
    engine._fitted = replace(engine.fitted, seconds=PATIENCE / PARTS + 1.0)
    trade = engine.recommend("reader-001", n=5, diversity=1.0).trade
    assert "nobody should wait" in trade.unpriced
    assert not prices(engine.fitted).why
    assert not engine.recommend("reader-001", n=5, diversity=1.0).trade.unpriced


def test_prices_stay_when_items_join_before_or_while_they_are_measured(engine):
    fitted = replace(engine.fitted)  # of which nothing was made yet
    early = fitted.with_changes(engine.settings)
    known = prices(fitted)
    assert prices(early) is known
    assert prices(fitted.with_changes(engine.settings)) is known


def test_nobody_waits_for_a_price_that_another_thread_measures():
    made, begun, go = Made(), threading.Event(), threading.Event()

    def slow():
        begun.set()
        go.wait(5)
        return 1

    thread = threading.Thread(target=lambda: made.once("a", slow))
    thread.start()
    begun.wait(5)
    assert made.unless_busy("a", slow) is None
    go.set()
    thread.join()
    assert made.unless_busy("a", slow) == 1


def test_gain_of_lists_is_that_of_their_places():
    lists = np.array([[3, 1, -1], [0, 2, 4]])
    assert gained(lists, [np.array([1]), np.array([0, 4, 9])]) == pytest.approx([1 / np.log2(3), 1.5])
