"""Weights move to a part that knows the answers and stay where nothing is to be gained."""

import numpy as np
import pytest

from llm4rec.core import Holdout, zscore_rows
from llm4rec.models.blend import ROWS, Trial, choose_weights
from llm4rec.testing import asking

ITEMS, QUESTIONS = 40, 150


@pytest.fixture
def parts():
    """A part that knows the answer, one that half knows it, and noise."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, ITEMS, QUESTIONS)
    noise = rng.standard_normal((3, QUESTIONS, ITEMS)).astype(np.float32)
    answer = np.eye(ITEMS, dtype=np.float32)[targets]
    made = {"knows": 8 * answer + noise[0], "guesses": 2 * answer + noise[1], "noise": noise[2]}
    questions = Holdout([asking() for _ in targets], [np.array([t]) for t in targets])
    return Trial(questions, {name: zscore_rows(part) for name, part in made.items()})


def test_gains_do_not_depend_on_the_rows_blended_at_once(parts):
    assert len(parts.questions) > ROWS
    expected = parts.gains({"knows": 1.0})
    by_hand = [
        (part > part[t[0]]).sum()
        for part, t in zip(parts.parts["knows"], parts.questions.targets, strict=True)
    ]
    np.testing.assert_allclose(expected, [1 / np.log2(r + 2) if r < 10 else 0 for r in by_hand], rtol=1e-6)


def test_weights_move_to_the_part_that_knows(parts):
    start = {"guesses": 1.0, "knows": 0.0, "noise": 0.0}
    chosen = choose_weights(parts, start, grid=(0.0, 1.0, 4.0))
    assert chosen["knows"] > 0
    assert parts.gains(chosen).mean() > parts.gains(start).mean() + 0.1


def test_noise_is_weighted_down_to_nothing(parts):
    chosen = choose_weights(parts, {"guesses": 1.0, "noise": 1.0}, grid=(0.0, 0.5, 1.0), fixed=("guesses",))
    assert chosen == {"guesses": 1.0, "noise": 0.0}


def test_flat_directions_stay_put(parts):
    only_scale = choose_weights(parts, {"knows": 0.4}, grid=(0.1, 0.4, 1.6))
    assert only_scale == {"knows": 0.4}


def test_fixed_parts_do_not_move_and_missing_parts_are_left_out(parts):
    chosen = choose_weights(parts, {"noise": 1.0, "knows": 0.0, "absent": 3.0}, (0.0, 2.0), fixed=("noise",))
    assert chosen["noise"] == 1.0
    assert set(chosen) == {"noise", "knows"}


def test_an_equal_blend_is_not_better(parts):
    best = parts.gains({"knows": 1.0})
    assert parts.better({"knows": 2.0}, best) is None
    assert parts.better({"noise": 1.0}, best) is None


@pytest.mark.parametrize(("mean", "moves"), [(0.1, True), (0.01, False), (-0.01, False), (-0.1, False)])
def test_a_change_must_gain_more_than_a_quarter_of_its_standard_error(parts, mean, moves):
    # Differences of plus and minus one: a standard error of 1 / sqrt(150), a quarter of it is 0.02.
    found = parts.gains({"knows": 1.0})
    difference = np.where(np.arange(QUESTIONS) % 2, 1.0, -1.0) + mean
    assert (parts.better({"knows": 1.0}, found - difference.astype(np.float32)) is not None) == moves
