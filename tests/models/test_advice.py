"""A second opinion: bounded in weight and in places, and none at all without a sure gain."""

import numpy as np
import pytest

from llm4rec.models.advice import FURTHEST, HEAVIEST, JUDGES, Advice, agreement, borda, moved, within
from llm4rec.models.slates import slate_gains


def worlds(questions, size=20, seed=0):
    """Values of candidates, one right answer each that the values find only by chance, and where questions begin."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(questions * size)
    hits = np.zeros(questions * size, dtype=bool)
    places = rng.integers(0, size, questions)
    hits[np.arange(questions) * size + places] = True
    bounds = np.arange(questions + 1) * size
    return values, hits, bounds


def learnt(values, advice, hits, bounds):
    answers = np.ones(len(bounds) - 1, dtype=np.int64)
    judge = (bounds, lambda order: slate_gains(order, hits, bounds, answers))
    return Advice.learn(["wise"], values, advice[:, None].astype(np.float32), judge)


@pytest.mark.parametrize("furthest", [1, 5, 100])
def test_nobody_moves_further_than_allowed(furthest):
    rng = np.random.default_rng(1)
    for size in (1, 2, 6, 40):
        wished = rng.standard_normal(size)
        order = within(wished, furthest)
        assert sorted(order.tolist()) == list(range(size))
        assert np.abs(order - np.arange(size)).max() <= furthest


def test_whoever_may_move_anywhere_stands_as_wished():
    wished = np.random.default_rng(2).standard_normal(40)
    np.testing.assert_array_equal(within(wished, 100), np.argsort(-wished))


def test_an_item_that_bribes_the_adviser_rises_five_places_and_the_values_stay():
    values = -np.arange(30.0)
    advice = np.zeros(30, np.float32)
    advice[29] = 1e6
    after = moved(values, advice, np.array([0, 30]), HEAVIEST)
    ranks = np.argsort(np.argsort(-after))
    assert ranks[29] == 29 - FURTHEST
    np.testing.assert_array_equal(np.sort(after), np.sort(values))


def test_an_adviser_who_knows_is_heard_within_bounds():
    values, hits, bounds = worlds(200)
    found = learnt(values, hits + 0.0, hits, bounds)
    assert 0 < found.weights["wise"] <= HEAVIEST
    assert "advises with weight" in found.told[0]
    better = slate_gains(found.applied(values, hits[:, None] + 0.0, bounds), hits, bounds, np.ones(200, int))
    assert better.mean() > slate_gains(values, hits, bounds, np.ones(200, int)).mean()


@pytest.mark.parametrize("seed", range(5))
def test_an_adviser_who_guesses_is_refused(seed):
    values, hits, bounds = worlds(200, seed=seed)
    guess = np.random.default_rng(seed + 100).standard_normal(len(values))
    found = learnt(values, guess, hits, bounds)
    assert found.weights == {"wise": 0.0}
    assert "refused" in found.told[0]
    assert found.kept().weights == {}


def test_too_few_questions_decide_nothing():
    values, hits, bounds = worlds(JUDGES - 1)
    assert learnt(values, hits + 0.0, hits, bounds).weights == {"wise": 0.0}


def test_points_of_several_orders_and_how_much_they_agree():
    orders = [np.array([2, 0, 1]), np.array([2, 1, 0])]
    np.testing.assert_array_equal(borda(orders), [0.5, 0.5, 2.0])
    assert agreement([np.arange(4), np.arange(4)]) == 1.0
    assert agreement([np.arange(4), np.arange(4)[::-1]]) == -1.0
    assert agreement(orders) == pytest.approx(1 / 3)
