"""Chances that come true, rank by rank, on questions made from known chances."""

import numpy as np
import pytest

from llm4rec.models.calibration import Calibration, expected_error, groups_of, log_shares, ranks_within


def drawn(questions, candidates, sharpness, seed):
    """Values whose right answer is drawn by softmax(sharpness * value)."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(questions, candidates))
    share = np.exp(sharpness * values)
    share /= share.sum(axis=1, keepdims=True)
    answer = np.array([rng.choice(candidates, p=row) for row in share])
    hits = np.zeros((questions, candidates), dtype=bool)
    hits[np.arange(questions), answer] = True
    bounds = np.arange(questions + 1) * candidates
    return values.ravel(), hits.ravel(), bounds, share.ravel()


@pytest.mark.parametrize("sharpness", [0.5, 2.0])
def test_chances_are_those_that_the_answers_were_drawn_by(sharpness):
    values, hits, bounds, _ = drawn(4000, 30, sharpness, 0)
    found = Calibration.learn(values, hits, bounds, 0.1)
    new_values, new_hits, new_bounds, truth = drawn(4000, 30, sharpness, 1)
    chances = found.chances(new_values, new_bounds)
    top = ranks_within(new_values, new_bounds) <= 10
    assert expected_error(chances[top], new_hits[top]) < 0.01
    assert np.abs(chances[top] - truth[top]).mean() < 0.03
    raw = np.exp(log_shares(new_values, new_bounds))
    assert expected_error(raw[top].astype(np.float32), new_hits[top]) > expected_error(
        chances[top], new_hits[top]
    )


def test_without_any_right_answer_chances_are_next_to_nothing():
    values, hits, bounds, _ = drawn(50, 10, 1.0, 2)
    found = Calibration.learn(values, np.zeros_like(hits), bounds, 0.0)
    assert found.chances(values, bounds).max() < 0.05


def test_ranks_and_groups_start_anew_with_each_request():
    assert ranks_within(np.array([1.0, 3.0, 2.0, 9.0, 8.0]), np.array([0, 3, 3, 5])).tolist() == [
        3,
        1,
        2,
        1,
        2,
    ]
    assert groups_of(np.array([1, 2, 3, 4, 5, 6, 10, 11, 51])).tolist() == [0, 1, 2, 3, 3, 4, 4, 5, 7]


def test_calibration_error_is_the_gap_between_what_is_said_and_what_comes():
    assert expected_error(np.full(100, 0.3, np.float32), np.arange(100) < 50, 1) == pytest.approx(0.2)
    assert expected_error(np.repeat([0.0, 1.0], 50).astype(np.float32), np.arange(100) >= 50, 2) == 0.0


def test_state_and_back():
    values, hits, bounds, _ = drawn(100, 10, 1.0, 3)
    found = Calibration.learn(values, hits, bounds, 0.25)
    back = Calibration.from_state(found.state())
    assert back is not None
    assert back.usual == 0.25
    np.testing.assert_array_equal(back.chances(values, bounds), found.chances(values, bounds))
    assert Calibration.from_state({}) is None
