"""What anyone may rely on from the row operations on arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from llm4rec.core import as_csr, no_entries, top_k, unit_rows, zscore_rows

FEW_VALUES = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0])  # few, so that ties are common
SCORES = arrays.arrays(
    np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=FEW_VALUES
)


@given(SCORES, st.integers(0, 15))
def test_top_k_is_a_stable_sort_of_the_finite_scores(scores, k):
    found = top_k(scores, k)
    assert found.shape == (len(scores), k)
    for row, chosen in zip(scores, found, strict=True):
        order = [n for n in np.argsort(-row, kind="stable") if np.isfinite(row[n])][:k]
        assert chosen.tolist() == order + [-1] * (k - len(order))


def test_equal_scores_are_ordered_by_number_whatever_k():
    scores = np.array([[1.0, 3.0, 3.0, 3.0, 2.0]], np.float32)
    assert [top_k(scores, k)[0].tolist() for k in (1, 2, 4)] == [[1], [1, 2], [1, 2, 3, 4]]


def test_a_row_that_may_show_nothing_is_all_padding():
    scores = np.array([[-np.inf, -np.inf], [0.0, -np.inf]], np.float32)
    assert top_k(scores, 2).tolist() == [[-1, -1], [0, -1]]


def test_no_items_and_no_rows_are_answered():
    assert top_k(np.zeros((2, 0), np.float32), 3).tolist() == [[-1, -1, -1]] * 2
    assert top_k(np.zeros((0, 4), np.float32), 3).shape == (0, 3)


def test_zscores_have_mean_zero_and_spread_one():
    found = zscore_rows(np.array([[1.0, 2.0, 3.0, 6.0], [-5.0, 0.0, 5.0, 100.0]], np.float32))
    np.testing.assert_allclose(found.mean(axis=1), 0.0, atol=1e-6)
    np.testing.assert_allclose(found.std(axis=1), 1.0, rtol=1e-5)
    assert found.dtype == np.float32


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1, 1e8, -7e-5])
def test_a_constant_row_says_nothing(value):
    row = np.full((1, 7), value, np.float32)
    row[0, 3] = np.nextafter(np.float32(value), np.float32(np.inf)) if value else 0.0  # rounding noise
    np.testing.assert_array_equal(zscore_rows(row), np.zeros((1, 7), np.float32))


def test_a_declined_row_says_nothing_and_warns_of_nothing():
    rows = np.array([[-np.inf, -np.inf, -np.inf], [1.0, 2.0, 3.0]], np.float32)
    found = zscore_rows(rows)
    assert found[0].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_array_equal(found[1], zscore_rows(rows[1:])[0])


def test_zscores_of_nobody_are_nobody():
    assert zscore_rows(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_unit_rows_have_length_one_and_zeros_stay():
    found = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)


def test_any_sparse_matrix_becomes_float32_rows():
    found = as_csr(sparse.coo_matrix(np.array([[0, 2], [1, 0]])))
    assert found.dtype == np.float32
    assert found.format == "csr"
    assert found.toarray().tolist() == [[0, 2], [1, 0]]
    assert no_entries(2, 3).toarray().tolist() == [[0, 0, 0]] * 2
