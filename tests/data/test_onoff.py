"""What anyone may rely on from a comparison on and off: paired, honest about luck, and of one accord with theory."""

import numpy as np
import pytest

from llm4rec.core import DataError, SettingsError
from llm4rec.data import on_off


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_same_figures_differ_by_nothing():
    found = on_off([1, 0, 1], [1, 0, 1], rng())
    assert (found.on, found.off, found.difference, found.low, found.high) == (2 / 3, 2 / 3, 0, 0, 0)
    assert not found.clear
    assert str(found).startswith("off 0.6667, on 0.6667: +0.0000 (95 % interval +0.0000 to +0.0000, 3 rows")


def test_the_interval_is_that_of_a_paired_mean():
    base = rng(1).normal(0, 10, 400)
    gain = rng(2).normal(0.5, 1, 400)
    found = on_off(base + gain, base, rng(3), resamples=10_000)
    half = 1.96 * gain.std() / 20
    assert found.low == pytest.approx(gain.mean() - half, abs=0.006)
    assert found.high == pytest.approx(gain.mean() + half, abs=0.006)
    assert found.clear, "the spread of the base, which is far larger, cancels"


def test_a_figure_of_all_rows_can_be_compared():
    truth = np.array([0] * 90 + [1] * 10)
    good, poor = truth.copy(), np.zeros(100, dtype=int)

    def found_share(rows):
        ones = rows[:, 0] == 1
        return float((rows[ones, 1] == 1).mean()) if ones.any() else 0.0

    found = on_off(np.c_[truth, good], np.c_[truth, poor], rng(), figure=found_share)
    assert (found.on, found.off) == (1.0, 0.0)
    assert found.low == 1.0


def test_rows_of_one_group_are_drawn_together():
    gain = np.repeat(rng(5).normal(0.1, 1, 20), 50)
    alone = on_off(gain, np.zeros(1000), rng())
    grouped = on_off(gain, np.zeros(1000), rng(), groups=np.repeat(np.arange(20), 50))
    assert (grouped.high - grouped.low) > 5 * (alone.high - alone.low)
    assert grouped.difference == alone.difference


def test_rows_that_do_not_match_are_refused():
    with pytest.raises(DataError, match="ask both the same rows"):
        on_off([1, 0], [1], rng())
    with pytest.raises(DataError, match="'on' has no rows"):
        on_off([], [], rng())
    with pytest.raises(DataError, match="'off' has values that are not finite"):
        on_off([1.0], [np.nan], rng())
    with pytest.raises(DataError, match="groups are"):
        on_off([1.0], [1.0], rng(), groups=[1, 2])
    with pytest.raises(SettingsError, match="level 95"):
        on_off([1.0], [1.0], rng(), level=95)
