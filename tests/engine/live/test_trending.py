"""What anyone may rely on about trends: what is taken now is what strangers are shown, and nobody lifts an item alone."""

import numpy as np
import pytest

from llm4rec.core import Feedback, Vocabulary, is_positive
from llm4rec.engine import Settings
from llm4rec.engine.live import open_live
from llm4rec.engine.live.exploring import speaks_for
from llm4rec.engine.live.trending import AGAIN, MOST_ITEMS, Trends, first_place, tilt_of

from .conftest import PLAIN

HOUR = 3_600.0
IDS = Vocabulary(["a", "b", "c"])
EVEN = np.ones(3, dtype=np.float32)


def click(user, item, time, kind="click"):
    return Feedback(user, item, kind, time)


def many(item, time, people=300, start=0):
    return [click(f"p{n}", item, time) for n in range(start, start + people)]


def test_a_taking_is_worth_half_after_a_half_life_and_leans_on_what_was_known():
    trends = Trends((2.0,), prior=10.0)
    trends.take([click("ann", "a", 0.0), click("bob", "b", 2 * HOUR)])
    shares = trends.shares(IDS, EVEN, now=4 * HOUR)
    # a: two half-lives, b: one; ten takings' worth of a third each.
    expected = (np.array([0.25, 0.5, 0.0]) + 10.0 / 3.0) / 10.75
    np.testing.assert_allclose(shares, expected, rtol=1e-6)


def test_a_shorter_half_life_leans_on_the_longer_one():
    trends = Trends((1.0, 24.0), prior=5.0)
    trends.take([click("ann", "a", 0.0)])
    now, day = 24 * HOUR, (np.array([0.5, 0, 0]) + 5.0 / 3.0) / 5.5
    hour = (np.array([2.0**-24, 0, 0]) + 5.0 * day) / (2.0**-24 + 5.0)
    np.testing.assert_allclose(trends.shares(IDS, EVEN, now), hour, rtol=1e-6)


def test_the_order_of_events_and_long_times_change_nothing():
    rng = np.random.default_rng(0)
    rows = [
        click(f"u{n}", IDS.ids[rng.integers(3)], float(t)) for n, t in enumerate(rng.uniform(0, 5e6, 400))
    ]
    one, other = Trends((1.0, 24.0), 10.0), Trends((1.0, 24.0), 10.0)
    one.take(sorted(rows, key=lambda row: row.time))
    for row in rows:
        other.take([row])
    np.testing.assert_allclose(one.shares(IDS, EVEN, 5e6), other.shares(IDS, EVEN, 5e6), rtol=1e-4)
    assert np.isfinite(one.shares(IDS, EVEN, 9e9)).all()


def test_one_person_counts_once_a_day_for_an_item_and_what_speaks_against_it_never():
    trends = Trends((24.0,), 1.0)
    trends.take([click("bot", "a", float(n)) for n in range(500)])
    trends.take([click("ann", "b", 5.0, "dislike")])
    once = Trends((24.0,), 1.0)
    once.take([click("bot", "a", 0.0)])
    np.testing.assert_allclose(trends.shares(IDS, EVEN, 500.0), once.shares(IDS, EVEN, 500.0), rtol=1e-6)
    trends.take([click("bot", "a", AGAIN + 1.0)])
    assert trends.shares(IDS, EVEN, AGAIN + 1.0)[0] > once.shares(IDS, EVEN, AGAIN + 1.0)[0] + 0.1


@pytest.mark.parametrize("kind", ["click", "rating", "dislike", "impression", "purchase", "hide"])
@pytest.mark.parametrize("value", [None, 0.0, 1.0, -1.0])
def test_one_event_speaks_for_its_item_as_many_do(kind, value):
    number = np.array([np.nan if value is None else value], np.float32)
    whole = is_positive(np.zeros(1, np.int64), number, (kind,))[0]
    assert speaks_for(Feedback("u", "i", kind, 0.0, value)) == whole


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("llm4rec.engine.live.trending.MOST_ITEMS", 10)
    monkeypatch.setattr("llm4rec.engine.live.trending.MOST_PAIRS", 10)
    trends = Trends((24.0,), 1.0)
    trends.take([click(f"u{n}", f"i{n}", float(n)) for n in range(100)])
    assert (len(trends), len(trends._pairs)) == (10, 10)
    assert MOST_ITEMS > 10


def test_a_tilt_is_capped_and_zero_where_nothing_has_changed():
    even = np.full(3, 1 / 3)
    assert tilt_of(even, EVEN, 0.0) is None
    np.testing.assert_allclose(tilt_of(even, 1e6 * EVEN, 0.2), 0.0, atol=1e-5)
    rising = tilt_of(np.array([0.998, 0.001, 0.001]), np.array([1, 1, 1e6], np.float32), 0.2)
    assert rising[0] == pytest.approx(0.2)
    assert rising[2] == pytest.approx(-0.2)


def test_strangers_are_shown_what_is_taken_now_and_the_known_are_not_moved(lively, growing, clock, store):
    live = lively(growing, trend_minutes=1.0, trend_hours=(24.0,))
    known = live.recommend(user="user-4", n=5)
    before = live.recommend(user="stranger", n=3)
    live.upsert_items([{"item": "new", "attributes": {"title": "even"}}])
    live.feedback(many("new", clock.time) + many("item-13", clock.time, 200))
    live.tick()
    now = live.recommend(user="stranger", n=3)
    assert now.items[:2] == ("new", "item-13")
    assert now.items != before.items
    assert "nothing is known" in str(now.degraded)
    assert live.recommend(user="user-4", n=5, excluded=["new"]).items == known.items
    assert live.figures()["trends"]["items"] == 2
    live.upsert_items([{"item": "newer", "attributes": {"title": "odd"}}])
    assert live.recommend(user="stranger", n=3).items == now.items, "trends stay when items come"
    with open_live(growing, store, settings=live._given(), now=clock) as again:
        again.tick()
        assert again.recommend(user="stranger", n=3).items == now.items, "a restart comes to the same"


def test_a_weight_lifts_what_rises_in_the_lists_of_the_known_as_well(lively, board, clock):
    live = lively(board, trend_minutes=1.0, trend_hours=(24.0,), trend_weight=0.3)
    first = live.recommend(user="user-0", n=20)
    rising = first.items[-1]
    live.feedback(many(rising, clock.time, 600))
    live.tick()
    after = live.recommend(user="user-0", n=20)
    assert after.items.index(rising) < len(first.items) - 1
    asked = live.recommend(user="user-0", n=3, excluded=[rising])
    assert rising not in asked.items


def test_the_posterior_knows_items_that_came_since(lively, growing):
    live = lively(growing, explore="thompson", explore_share=1.0, cold_share=1.0, impressions="wait")
    live.recommend(user="user-0", n=3)
    live.upsert_items([{"item": "new", "attributes": {"title": "even"}}])
    explorer = live.explorer(live.serving)
    assert len(explorer.vectors) == len(live.serving.engine.catalog)
    lists = [live.recommend(user=f"user-{n}", n=10) for n in range(20)]
    shown = next(answer for answer in lists if "new" in answer.items)
    live.follow()
    before = explorer.learnt.posterior.mean
    live.feedback([{"user": "user-0", "item": "new", "kind": "click", "impression": shown.impression}])
    live.follow()
    vector = explorer.features(np.array([live.serving.engine.catalog.ids.number("new")]), np.ones(1))[0]
    assert explorer.learnt.posterior.mean @ vector > before @ vector


def test_trends_are_off_by_default_and_a_round_of_work_begins_them(lively, board):
    plain = lively(board)
    plain.work()
    assert plain.figures()["trends"] is None
    live = lively(board, trend_minutes=5.0)
    live.work()
    assert live.figures()["trends"] == {"items": 0, "trouble": ""}


def test_reading_begins_where_events_are_young_enough(store):
    for day in range(50):
        store.append([click(f"u{day}", "a", day * 86_400.0)])
        store.append(
            [click("x", "a", 49 * 86_400.0)] if day == 49 else [click(f"v{day}", "b", day * 86_400.0)]
        )
    place = first_place(store, "default", 40 * 86_400.0)
    rows = store.read(Feedback, after=place).rows
    assert rows[0].time <= 40 * 86_400.0
    assert 18 <= len(rows) <= 24
    assert first_place(store, "default", -1.0) == 0
    assert Settings(**PLAIN).live.trend_minutes == 0.0
