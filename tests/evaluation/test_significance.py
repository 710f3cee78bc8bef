"""Intervals that cover, p-values that behave, corrections that are known."""

import numpy as np
import pytest

from llm4rec.evaluation import significance
from llm4rec.evaluation.samples import Rows, Sample, Whole, averaged, blended, pooled
from llm4rec.evaluation.significance import bootstrap, centred_interval, holm, interval, p_value


def sample(values, root=False):
    values = np.asarray(values, dtype=float)
    return Sample(values, np.ones(len(values)), root)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        low, high = interval(bootstrap([sample(rng.exponential(1.0, 80))], rng, 400)[:, 0])
        covered += low <= 1.0 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_memory_is_bounded_without_changing_the_draws(monkeypatch):
    values = [sample(np.arange(50.0)), sample(np.arange(50.0) ** 2)]
    whole = bootstrap(values, np.random.default_rng(0), 100)
    monkeypatch.setattr(significance, "CHUNK_BYTES", 24 * 50 * 7)
    np.testing.assert_allclose(bootstrap(values, np.random.default_rng(0), 100), whole)


def test_resamples_keep_the_rows_of_a_person_together():
    one_heavy = Sample(np.array([90.0, 0.0]), np.array([9.0, 1.0]))
    draws = bootstrap([one_heavy], np.random.default_rng(0), 200)
    assert set(np.unique(draws)) == {0.0, 9.0, 10.0}


def test_a_root_is_taken_of_every_draw():
    draws = bootstrap([sample([4.0, 4.0], root=True)], np.random.default_rng(0), 20)
    assert (draws == 2.0).all()
    assert sample([4.0, 4.0], root=True).mean == 2.0


def test_paired_differences_see_what_single_intervals_do_not():
    rng = np.random.default_rng(2)
    people = rng.standard_normal(100)
    draws = bootstrap([sample(people), sample(people + 0.1)], rng, 1000)
    assert p_value(draws[:, 1] - draws[:, 0]) < 0.01


def test_equal_models_do_not_differ():
    assert p_value(np.zeros(1000)) == 1.0


def test_p_is_never_zero():
    assert p_value(np.ones(999)) == pytest.approx(0.002)


def test_p_values_of_no_difference_are_spread_evenly():
    rng = np.random.default_rng(3)
    found = [p_value(bootstrap([sample(rng.standard_normal(60))], rng, 300)[:, 0]) for _ in range(200)]
    assert np.mean(np.array(found) < 0.05) < 0.11
    assert 0.4 < np.mean(found) < 0.6


def test_holm_as_in_the_book():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_an_interval_of_coverage_holds_its_value():
    low, high = centred_interval(0.98, np.array([0.6, 0.62, 0.64]))
    assert low < 0.98 < high <= 1.0


def test_rows_are_added_up_by_person_over_folds():
    first = Rows(np.array([0, 1, -1]), np.array([1.0, 2.0, 3.0]))
    second = Rows(np.array([1, -1]), np.array([4.0, 5.0]))
    found = pooled([first, second])
    assert sorted(found.totals.tolist()) == [1.0, 3.0, 5.0, 6.0]
    assert found.mean == 3.0
    assert np.isnan(Rows(np.zeros(0), np.zeros(0)).mean)


def test_seeds_are_averaged_by_person():
    assert averaged([sample([1.0, 3.0]), sample([3.0, 5.0])]).totals.tolist() == [2.0, 4.0]
    assert blended([Whole(0.2, np.array([0.1])), Whole(0.4, np.array([0.3]))]).value == pytest.approx(0.3)
