"""Chances of drawn orders against enumeration of all orders."""

from itertools import permutations

import numpy as np
import pytest

from llm4rec.core import Candidates, History, Request, RerankContext
from llm4rec.core.plackett import drawn_places, following_chances, place_chances, slot_chances
from llm4rec.rerankers.explore import Explore, ExploreConfig
from llm4rec.testing import shelf

LOGITS = np.array([[2.0, 0.0, -1.5, 0.7, 0.1]])


def by_enumeration(logits, n):
    """Chances of each candidate at each place, added up over all orders."""
    weights = np.exp(logits)
    found = np.zeros((n, len(logits)))
    for order in permutations(range(len(logits))):
        chance, left = 1.0, weights.sum()
        for one in order:
            chance *= weights[one] / left
            left -= weights[one]
        for place in range(n):
            found[place, order[place]] += chance
    return found


def test_places_are_as_likely_as_enumeration_says():
    np.testing.assert_allclose(place_chances(LOGITS, 4)[0], by_enumeration(LOGITS[0], 4), atol=1e-9)


@pytest.mark.parametrize("spread", [0.0, 1.0, 20.0])
def test_every_place_is_filled_by_somebody_and_nobody_twice(spread):
    logits = np.random.default_rng(0).normal(size=(2, 12)) * spread
    found = place_chances(logits, 12)
    np.testing.assert_allclose(found.sum(axis=2), 1.0, atol=1e-8)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-8)


def test_padding_is_never_shown():
    logits = np.array([[0.0, -np.inf, 0.0]])
    np.testing.assert_allclose(place_chances(logits, 2)[0], [[0.5, 0.0, 0.5]] * 2, atol=1e-9)
    np.testing.assert_array_equal(np.sort(drawn_places(logits, 3, np.random.default_rng(0))[0]), [-1, 0, 2])


def test_the_chance_of_a_slot_is_among_what_is_left():
    logits = np.log([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(slot_chances(logits, np.array([[1, 2, 0]])), [[2 / 6, 3 / 4, 1.0]])
    np.testing.assert_allclose(following_chances(logits, np.array([[1, 2]]))[0, 1], [1 / 4, 0.0, 3 / 4])


def test_orders_are_drawn_as_often_as_their_chances_say():
    drawn = drawn_places(np.repeat(LOGITS, 40_000, axis=0), 2, np.random.default_rng(0))
    seen = np.stack([np.bincount(drawn[:, place], minlength=5) for place in range(2)]) / len(drawn)
    np.testing.assert_allclose(seen, by_enumeration(LOGITS[0], 2), atol=0.01)


def test_exploration_logs_the_chances_that_are_computed_here():
    catalog = shelf("a", "b", "c", "d").catalog
    candidates = Candidates(np.arange(4)[None], np.array([[4.0, 3.0, 1.0, 0.0]], np.float32))
    context = RerankContext(catalog, n=3, rng=np.random.default_rng(3))
    made = Explore(ExploreConfig(strength=0.5)).rerank([Request(History.of([]))], candidates, context)
    logits = (candidates.scores / 4.0 - 1.0) / 0.5
    np.testing.assert_allclose(made.propensities[:, :3], slot_chances(logits, made.items[:, :3]), rtol=1e-5)
