"""Every item map says the same of a history, whichever way it is asked."""

import numpy as np
import pytest
from scipy import sparse

from llm4rec.models.content import dense_product
from llm4rec.models.maps import (
    DenseMap,
    InverseMap,
    PackedMap,
    SparseMap,
    part,
    read_map,
    shared_columns,
    under,
)


def matrices():
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((6, 6)).astype(np.float32)
    few = np.where(rng.random((6, 6)) < 0.4, dense, 0).astype(np.float32)
    spread = dense @ dense.T + 6 * np.eye(6, dtype=np.float32)
    packed = PackedMap.of(dense)
    inverse = np.linalg.inv(spread).astype(np.float32)
    return {
        "dense": (DenseMap(dense), dense),
        "packed": (packed, packed.codes * packed.scales[:, None]),
        "sparse": (SparseMap(sparse.csr_matrix(few)), few),
        "inverse": (InverseMap(inverse), np.eye(6) - inverse / np.diagonal(inverse)),
    }


@pytest.fixture(params=["dense", "packed", "sparse", "inverse"])
def pair(request):
    """A map, and the plain matrix it stands for."""
    return matrices()[request.param]


@pytest.fixture
def weights():
    return sparse.csr_matrix(np.array([[0, 1, 0, 0.5, 0, 0], [0, 0, 0, 0, 0, 0]], np.float32))


def test_a_history_is_multiplied_with_the_map(pair, weights):
    found, matrix = pair
    np.testing.assert_allclose(found.apply(weights), weights.toarray() @ matrix, rtol=1e-4, atol=1e-5)
    assert found.size == 6


@pytest.mark.parametrize("shown", [1.0, 0.1], ids=["alike", "of many people"])
def test_many_histories_are_multiplied_as_each_alone(pair, shown):
    rng = np.random.default_rng(1)
    rows = np.where(rng.random((9, 6)) < shown, rng.random((9, 6)), 0.0).astype(np.float32)
    rows[:, 4] = 0.0
    rows[3] = 0.0
    assert (shared_columns(sparse.csr_matrix(rows)) is not None) == (shown == 1.0)
    found, matrix = pair
    np.testing.assert_allclose(found.apply(sparse.csr_matrix(rows)), rows @ matrix, rtol=1e-4, atol=1e-5)
    content = sparse.csr_matrix(np.where(rng.random((6, 40)) < 0.3, 1.0, 0.0).astype(np.float32))
    product = dense_product(sparse.csr_matrix(rows), content)
    np.testing.assert_allclose(product, rows @ content.toarray(), rtol=1e-4, atol=1e-5)


def test_a_thing_taken_twice_counts_twice_among_shared_columns():
    twice = sparse.csr_matrix(
        (np.array([1.0, 0.5] * 4, np.float32), np.full(8, 2), np.arange(0, 9, 2)), shape=(4, 5)
    )
    columns, weights = shared_columns(twice)
    assert (columns.tolist(), weights[:, 0].tolist()) == ([2], [1.5] * 4)


def test_entries_are_blocks_of_the_map(pair):
    found, matrix = pair
    rows, columns = np.array([5, 0, 2]), np.array([2, 5])
    expected = matrix[np.ix_(rows, columns)]
    np.testing.assert_allclose(found.entries(rows, columns), expected, rtol=1e-4, atol=1e-6)


def test_products_from_both_sides(pair):
    found, matrix = pair
    right = np.arange(12, dtype=np.float32).reshape(6, 2)
    np.testing.assert_allclose(found.times(right), matrix @ right, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.left(right.T.copy()), right.T @ matrix, rtol=1e-3, atol=1e-4)


def test_a_map_comes_back_from_its_arrays_under_any_name(pair, weights):
    found, _ = pair
    state = under("a", found.state()) | under("ab", {"data": np.zeros(1)})
    back = read_map(part("a", state))
    assert type(back) is type(found)
    np.testing.assert_array_equal(back.apply(weights), found.apply(weights))


def test_no_item_leads_to_itself_in_the_inverse_form():
    found, _ = matrices()["inverse"]
    every = np.arange(6)
    np.testing.assert_array_equal(np.diagonal(found.entries(every, every)), np.zeros(6))
    alone = found.apply(sparse.identity(6, format="csr", dtype=np.float32))
    np.testing.assert_allclose(np.diagonal(alone), 0.0, atol=1e-6)


def test_a_packed_map_is_off_by_no_more_than_it_says():
    rng = np.random.default_rng(0)
    matrix = (rng.standard_normal((40, 40)) * 10.0 ** rng.integers(-6, 6, (40, 1))).astype(np.float32)
    matrix[7] = 0.0
    packed = PackedMap.of(matrix)
    every = np.arange(40)
    off = np.abs(packed.entries(every, every) - matrix)
    assert (off <= np.abs(matrix).max(axis=1, keepdims=True) / 65_534 * 1.001).all()
    assert not packed.entries(np.array([7]), every).any()
    assert packed.codes.nbytes == matrix.nbytes / 2
