"""What anyone may rely on from drawn places: chances that are true, cold items within bounds, learning from the store."""

from collections import Counter

import numpy as np
import pytest

from llm4rec.core import Feedback, Impression, Shown, stream
from llm4rec.engine.live.posterior import NOISE, PRIOR, Posterior


def test_the_posterior_is_ridge_regression():
    rng = np.random.default_rng(0)
    rows, weights = rng.standard_normal((200, 4)), np.array([1.0, -1.0, 0.5, 0.0])
    rewards = rows @ weights > 0
    learnt = Posterior.prior(4)
    learnt.shown(rows)
    for row in rows[rewards]:
        learnt.taken(row)
    ridge = np.linalg.solve(rows.T @ rows + np.eye(4) * NOISE / PRIOR, rows.T @ rewards)
    np.testing.assert_allclose(learnt.mean, ridge)
    drawn = learnt.drawn(rng, 20_000)
    np.testing.assert_allclose(np.cov(drawn.T), np.linalg.inv(learnt.precision), atol=3e-4)
    np.testing.assert_allclose(learnt.bound(rows[:1]) > rows[:1] @ learnt.mean, True)


@pytest.mark.parametrize("how", ["plackett-luce", "thompson", "linucb"])
def test_inverse_chances_count_every_item_once(board, lively, how):
    """Over many lists, 1 / chance of an item at a place sums to one a list, for every item that can come there."""
    live = lively(board, explore=how, explore_share=0.5, explore_floor=0.5, impressions="none")
    live.explorer(live.serving).rng = np.random.default_rng(1)
    lists, weight = 1_500, Counter()
    for answer in live.recommend_many([{"history": ["item-0"], "n": 2}] * lists):
        assert len(answer.propensities) == 2
        assert answer.propensities[0] == 1.0, "one of two places is reserved: the second"
        weight[answer.items[1]] += 1.0 / answer.propensities[1]
    assert len(weight) == 18, "19 items are left, and the best goes first"
    for total in weight.values():
        assert total / lists == pytest.approx(1.0, abs=0.6)
    assert np.mean(list(weight.values())) / lists == pytest.approx(1.0, abs=0.06)


def test_chances_agree_with_how_often_an_item_is_drawn(board, lively):
    live = lively(board, explore="plackett-luce", explore_share=0.5, impressions="none", temperature=0.5)
    live.explorer(live.serving).rng = np.random.default_rng(2)
    lists, seen, told = 2_000, Counter(), {}
    for answer in live.recommend_many([{"history": ["item-0", "item-3"], "n": 2}] * lists):
        seen[answer.items[1]] += 1
        told[answer.items[1]] = answer.propensities[1]
    assert sum(told.values()) == pytest.approx(1.0, abs=1e-4)
    for item, chance in told.items():
        assert seen[item] / lists == pytest.approx(chance, abs=4 * np.sqrt(chance / lists))


def test_a_place_that_is_reserved_now_and_then_says_the_whole_chance(board, lively):
    live = lively(board, explore="linucb", explore_share=0.1, explore_floor=1.0, impressions="none")
    live.explorer(live.serving).rng = np.random.default_rng(3)
    answers = live.recommend_many([{"history": ["item-0"], "n": 2}] * 1_000)
    best = live.recommend_many([{"history": ["item-0"], "n": 2}] * 50)
    usual = Counter(answer.items[1] for answer in best).most_common(1)[0][0]
    share = sum(answer.items[1] == usual for answer in answers) / len(answers)
    (chance,) = {answer.propensities[1] for answer in answers if answer.items[1] == usual}
    assert chance == pytest.approx(0.8 + 0.2 / 18, abs=1e-6)
    assert share == pytest.approx(chance, abs=0.06)


def test_what_was_drawn_is_logged_with_its_chances(board, lively, store):
    live = lively(board, explore="plackett-luce", explore_share=0.3)
    answer = live.recommend(user="user-4", n=10)
    store.append([Feedback("x", "y", "click", 1.0)])
    (row,) = stream(store, Impression)
    assert row.policy == answer.policy == "plackett-luce:0.3"
    assert [slot.propensity for slot in row.slots] == pytest.approx(list(answer.propensities))
    assert sum(slot.propensity < 1 for slot in row.slots) == 3


def test_cold_items_get_no_more_than_their_share_and_that_is_seen(growing, lively):
    live = lively(growing, explore="plackett-luce", explore_share=0.8, explore_floor=1.0, cold_share=0.2)
    live.upsert_items([{"item": f"new-{n}", "attributes": {"title": f"thing {n}"}} for n in range(30)])
    answers = live.recommend_many([{"history": ["item-0"], "n": 5}] * 100)
    cold = [sum(item.startswith("new-") for item in answer.items) for answer in answers]
    assert max(cold) == 1
    figures = live.figures()["exploration"]
    assert (figures["places"], figures["reserved"], figures["cold_items"]) == (500, 400, 30)
    assert figures["cold"] == sum(cold) > 0


def test_what_speaks_for_an_item_is_learnt_from_the_store_and_learnt_again_after_a_restart(
    board, lively, store
):
    live = lively(board, explore="linucb", explore_share=0.5, explore_floor=0.1)

    def odd():
        answers = live.recommend_many([{"history": ["item-0"], "n": 2}] * 100)
        return sum(int(answer.items[1].split("-")[1]) % 2 for answer in answers)

    before = odd()
    items = [f"item-{n}" for n in range(1, 20)]
    slots = tuple(Shown(item, 0.5) for item in items)
    shown = [Impression(f"i{n}", "ann", 1.0, slots) for n in range(50)]
    taken = [Feedback("ann", items[2 * n % 19], "click", 1.0, impression=f"i{n}") for n in range(50)]
    store.append([*shown, *(row for row in taken if int(row.item.split("-")[1]) % 2)])
    live.follow()
    assert odd() > max(before, 80)
    again = lively(board, explore="linucb", explore_share=0.5, explore_floor=0.1, impressions="none")
    again.recommend(history=["item-0"], n=2)
    store.append([Feedback("x", "y", "click", 1.0)])
    for one in (live, again):
        one.follow()
    ours, theirs = (one.explorer(one.serving).learnt.posterior for one in (live, again))
    assert ours.rewards.any()
    np.testing.assert_allclose(ours.rewards, theirs.rewards)
    np.testing.assert_allclose(ours.precision, theirs.precision)


def test_who_turns_the_knob_is_left_alone(board, lively):
    live = lively(board, explore="plackett-luce", explore_share=1.0, explore_floor=1.0)
    answers = live.recommend_many([{"user": "user-4", "n": 5, "explore": 1e-6}] * 10)
    assert {answer.items[0] for answer in answers} == {"item-4"}


def test_thompson_tries_what_the_model_doubts(board, lively, monkeypatch):
    """The least of the candidates is drawn oftener once the model says that it hardly knows its score."""
    live = lively(board, explore="thompson", explore_share=0.5, explore_floor=0.01, impressions="none")
    found = []
    for doubt in (0.0, 100.0):
        sure = np.zeros((1, 20), np.float32)
        sure[0, 17] = doubt
        # Of this model alone: Python remembers for good which classes have once kept a protocol.
        doubts = lambda _, items, sure=sure: sure[:, items]  # noqa: E731
        monkeypatch.setattr(board.fitted.model, "uncertainty", doubts, raising=False)
        live.explorer(live.serving).rng = np.random.default_rng(4)
        lists = live.recommend_many([{"history": ["item-0"], "n": 2}] * 300)
        found.append(sum(answer.items[1] == "item-17" for answer in lists))
    assert found[1] > 2 * max(found[0], 1)
