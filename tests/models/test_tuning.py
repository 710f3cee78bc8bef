"""Gains are NDCG as anyone computes it by hand, and choosing is by them."""

import numpy as np
import pytest

from llm4rec.core import History, Holdout, Request, gains, masked
from llm4rec.models.tuning import best_of, quality
from llm4rec.testing import asking, context


def gain(scores, *targets, k=10):
    return float(gains(np.array([scores], np.float32), [np.array(targets, np.int64)], k)[0])


@pytest.mark.parametrize(("place", "expected"), [(0, 1.0), (1, 1 / np.log2(3)), (2, 0.5), (3, 0.0)])
def test_one_target_gains_by_its_rank_and_nothing_beyond_k(place, expected):
    scores = [4.0, 3.0, 2.0, 1.0]
    assert gain(scores, place, k=3) == pytest.approx(expected)


def test_equal_scores_stand_at_their_mean_rank():
    # Three share ranks 1 to 3, so that each stands at rank 2.
    assert gain([5.0, 5.0, 5.0, 1.0], 1) == pytest.approx(1 / np.log2(3))
    assert gain([1.0, 1.0], 0) == pytest.approx(1 / np.log2(2.5))


def test_a_model_that_scores_all_alike_gains_little():
    assert gain([0.0] * 100, 0) == 0.0


def test_several_targets_are_measured_against_the_best_order():
    ideal = 1 + 1 / np.log2(3)
    assert gain([3.0, 2.0, 1.0], 0, 1) == pytest.approx(1.0)
    assert gain([3.0, 2.0, 1.0], 0, 2) == pytest.approx((1 + 0.5) / ideal)


def test_more_targets_than_places_can_still_be_perfect():
    assert gain([5.0, 4.0, 3.0, 2.0], 0, 1, 2, 3, k=2) == pytest.approx(1.0)


def test_what_may_not_be_shown_gains_nothing():
    assert gain([-np.inf, 1.0], 0) == 0.0


def test_no_target_and_no_question_gain_nothing():
    assert gain([1.0, 2.0]) == 0.0
    assert gains(np.zeros((0, 3), np.float32), []).shape == (0,)


def test_masking_hides_the_history_the_excluded_and_all_that_is_not_allowed():
    past = History.of([0])
    requests = [
        Request(past),
        Request(past, seen="include", excluded=np.array([1])),
        Request(past, seen="include", allowed=np.array([0, 2])),
        Request(past, allowed=np.array([0, 2])),
    ]
    shown = np.isfinite(masked(np.ones((4, 4), np.float32), requests))
    assert shown.tolist() == [
        [False, True, True, True],
        [True, False, True, True],
        [True, False, True, False],
        [False, False, True, False],
    ]


class Shifted:
    """Puts the item `step` behind the latest first."""

    step = 0

    def score(self, requests, items=None):
        rows = np.zeros((len(requests), 10), np.float32)
        for row, request in zip(rows, requests, strict=True):
            row[(request.history.items[-1] + self.step) % 10] = 1.0
        return rows


@pytest.fixture
def questions():
    return Holdout([asking(n) for n in range(9)], [np.array([(n + 2) % 10]) for n in range(9)])


def test_quality_is_the_mean_gain_whatever_the_chunk(questions):
    model = Shifted()
    model.step = 2
    assert quality(model, questions) == pytest.approx(1.0)
    model.step = 3
    half = Holdout(questions.requests, [np.array([(n + (3 if n < 3 else 9)) % 10]) for n in range(9)])
    assert quality(model, half, chunk=2) == pytest.approx(quality(model, half))
    assert quality(model, half) > 1 / 3


def test_the_best_value_wins_and_the_model_is_left_as_it_came(questions):
    model = Shifted()
    assert best_of(model, "step", (1, 2, 3), context(holdout=questions)) == 2
    assert model.step == 0


def test_the_first_value_wins_a_tie(questions):
    assert best_of(Shifted(), "step", (5, 4, 6), context(holdout=questions)) == 5
