"""What anyone may rely on from calibrated widths."""

import numpy as np
import pytest

from llm4rec.models.conformal import Mondrian


def errors_of(group, size, rng):
    """Scaled errors that are twice as large for every further group."""
    return np.abs(rng.standard_normal(size)) * 2.0**group


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_widths_hold_in_every_group_of_activity(coverage):
    rng = np.random.default_rng(0)
    activity = np.repeat([1.0, 10.0, 100.0, 1000.0, 10_000.0], 2_000)
    groups = np.repeat(np.arange(5), 2_000)
    width = Mondrian.fit(errors_of(groups, len(groups), rng), activity)
    fresh = errors_of(groups, len(groups), rng)
    held = fresh <= width.factor(activity, coverage)
    by_group = np.bincount(groups, held) / 2_000
    np.testing.assert_allclose(by_group, coverage, atol=0.03)


def test_the_rank_is_that_of_the_theorem():
    width = Mondrian.fit(np.arange(1.0, 10.0), np.zeros(9))
    assert width.factor(np.zeros(1), 0.9) == [9.0], "the 9th of 9: (9 + 1) x 0.9"
    assert width.factor(np.zeros(1), 0.5) == [5.0]
    assert np.isinf(width.factor(np.zeros(1), 0.91)), "nine errors cannot promise more than 90 %"


def test_without_errors_nothing_is_promised():
    assert np.isinf(Mondrian.fit(np.zeros(0), np.zeros(0)).factor(np.array([3.0]), 0.9)).all()


def test_it_comes_back_from_its_state():
    rng = np.random.default_rng(1)
    activity = rng.integers(1, 100, 1_000)
    width = Mondrian.fit(rng.random(1_000), activity)
    back = Mondrian.of(width.state())
    np.testing.assert_array_equal(back.factor(activity, 0.8), width.factor(activity, 0.8))
