"""Candidates of a batch: proposed by every input, measured as full lists are, put back without loss."""

import numpy as np
import pytest

from llm4rec.core import Request, gains, masked
from llm4rec.models import slates
from llm4rec.models.rankers import Lessons
from llm4rec.models.slates import Slates, slate_gains
from llm4rec.testing import asking


def scores_of(rows, size, seed):
    return np.random.default_rng(seed).normal(size=(rows, size)).astype(np.float32)


def test_candidates_are_the_best_of_each_input_that_may_be_shown():
    scored = {"one": np.array([[9, 8, 7, 6, 5]], np.float32), "two": np.array([[1, 2, 3, 4, 5]], np.float32)}
    slates = Slates.proposed(scored, [asking(0)], depth=2)
    assert slates.items.tolist() == [1, 2, 3, 4]
    assert slates.ranks["one"].tolist() == [1, 2, 0, 0]
    assert slates.ranks["two"].tolist() == [0, 0, 2, 1]


def test_limits_of_a_request_hold_for_candidates():
    scored = {"one": scores_of(2, 8, 0)}
    requests = [
        Request(asking(0).history, allowed=np.array([0, 3, 5])),
        Request(asking(1).history, seen="include"),
    ]
    slates = Slates.proposed(scored, requests, depth=8)
    assert slates.items[slates.rows == 0].tolist() == [3, 5]
    assert slates.items[slates.rows == 1].tolist() == list(range(8))


def test_gains_over_all_items_are_those_of_full_lists():
    scores = np.round(scores_of(6, 12, 1), 1)
    requests = [asking(u) for u in range(6)]
    targets = [np.array([7, 9]), *(np.array([u]) for u in range(6, 11))]
    slates = Slates.proposed({"all": scores}, requests, depth=12)
    found = slate_gains(
        scores[slates.rows, slates.items].astype(np.float64),
        slates.hits(targets),
        slates.bounds,
        np.array([len(t) for t in targets]),
    )
    np.testing.assert_allclose(found, gains(masked(scores.copy(), requests), targets), atol=1e-6)


def test_a_right_answer_that_is_no_candidate_gains_nothing():
    slates = Slates.proposed({"one": scores_of(1, 9, 2)}, [asking(0)], depth=3)
    missing = next(i for i in range(1, 9) if i not in slates.items)
    hits = slates.hits([np.array([missing])])
    assert slate_gains(np.zeros(3), hits, slates.bounds, np.array([1])).tolist() == [0.0]


@pytest.mark.parametrize("at_once", [1, 40, 1 << 20])
def test_gains_are_those_of_one_right_answer_after_the_other(at_once, monkeypatch):
    monkeypatch.setattr(slates, "AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    bounds = np.concatenate(([0], np.cumsum(rng.integers(0, 30, 60))))
    values = rng.integers(0, 12, bounds[-1]) / 4.0  # many are equal
    hits, answers = rng.random(bounds[-1]) < 0.2, rng.integers(1, 15, 60)
    ideal = np.cumsum(1.0 / np.log2(np.arange(10) + 2.0))
    for row, found in enumerate(slate_gains(values, hits, bounds, answers)):
        own = values[bounds[row] : bounds[row + 1]]
        gain = 0.0
        for value in own[hits[bounds[row] : bounds[row + 1]]]:
            rank = (own > value).sum() + 0.5 * ((own == value).sum() - 1)
            gain += 1.0 / np.log2(rank + 2.0) if rank < 10 else 0.0
        assert found == np.float32(gain / ideal[min(answers[row], 10) - 1])
    assert slate_gains(values[:0], hits[:0], np.zeros(4, int), np.ones(3, int)).tolist() == [0.0] * 3


def test_scores_are_shared_out_highest_to_highest():
    base = np.array([[5.0, 4.0, 3.0, 2.0], [1.0, 1.0, 1.0, 0.0]], np.float32)
    slates = Slates.proposed({"base": base}, [asking(), asking()], depth=3)
    base = base.copy()
    slates.reordered(base, np.array([0.0, 2.0, 1.0, 3.0, 9.0, 4.0]))
    assert base[0].tolist() == [3.0, 5.0, 4.0, 2.0]
    assert base[1].argsort()[::-1].tolist() == [1, 2, 0, 3]
    np.testing.assert_allclose(base[1, :3], 1.0, atol=1e-6)


def test_each_slate_is_shared_out_by_itself_however_long_it_is():
    rng = np.random.default_rng(5)
    requests = [Request(asking(0).history, allowed=np.arange(n)) for n in (3, 9, 0, 6)]
    base = np.round(rng.normal(size=(4, 9)), 1).astype(np.float32)
    slates = Slates.proposed({"base": base}, requests, depth=9)
    values = np.round(rng.normal(size=len(slates)), 1)
    together = base.copy()
    slates.reordered(together, values)
    for row in range(4):
        own = slice(slates.bounds[row], slates.bounds[row + 1])
        had = base[row, slates.items[own]]
        best_first = slates.items[own][np.lexsort((-had, -values[own]))]
        np.testing.assert_allclose(together[row, best_first], -np.sort(-had), atol=1e-5)
        assert (np.diff(together[row, best_first]) < 0).all()  # equals are told apart
    assert (together != base).any()


def test_lessons_are_taken_whole():
    lessons = Lessons(
        np.arange(12, dtype=np.float32).reshape(6, 2),
        np.array([0, 1, 0, 0, 0, 1], bool),
        np.array([0, 2, 2, 4, 6]),
        np.ones(4, np.int64),
    )
    assert lessons.take(np.array([3, 0])).features[:, 0].tolist() == [8.0, 10.0, 0.0, 2.0]
    assert lessons.teaching().hits.tolist() == [False, True, False, True]
    assert lessons.gains(np.arange(6.0)) == pytest.approx([1.0, 0.0, 0.0, 1.0])
