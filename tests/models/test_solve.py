"""The solvers agree with plain linear algebra in double precision."""

import numpy as np
import pytest
from scipy import sparse

from llm4rec.core import silent
from llm4rec.models.ease import woodbury
from llm4rec.models.solve import dense_with_ridge, inverse, mirror_lower, neighbourhood_solve, solve


@pytest.fixture
def counts():
    """X'X of 60 people and 15 things, and a target with zeros in it; exact, double precision."""
    rng = np.random.default_rng(0)
    taken = (rng.random((60, 15)) < 0.25).astype(np.float64)
    target = taken.T @ np.roll(taken, 1, axis=0)
    return taken.T @ taken, target


def csr(matrix):
    return sparse.csr_matrix(matrix.astype(np.float32))


def test_the_ridge_stands_on_the_diagonal_alone(counts):
    gram, _ = counts
    np.testing.assert_allclose(dense_with_ridge(csr(gram), 7.0), gram + 7.0 * np.eye(15))


def test_the_inverse_is_the_inverse(counts):
    gram, _ = counts
    found = inverse(csr(gram), 5.0)
    np.testing.assert_allclose(found, np.linalg.inv(gram + 5.0 * np.eye(15)), rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(found, found.T)


def test_solving_is_solving(counts):
    gram, target = counts
    expected = np.linalg.solve(gram + 5.0 * np.eye(15), target)
    np.testing.assert_allclose(solve(csr(gram), csr(target), 5.0), expected, rtol=1e-3, atol=1e-4)


def test_the_system_can_be_changed_before_it_is_solved(counts):
    gram, target = counts

    def tripled(system):
        system *= 3.0

    expected = np.linalg.solve(3.0 * (gram + 5.0 * np.eye(15)), target)
    np.testing.assert_allclose(solve(csr(gram), csr(target), 5.0, tripled), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("block", [1, 4, 7, 100])
def test_the_lower_triangle_is_mirrored_whatever_the_block(block):
    matrix = np.random.default_rng(1).random((10, 10)).astype(np.float32)
    expected = np.tril(matrix) + np.tril(matrix, -1).T
    mirror_lower(matrix, block)
    np.testing.assert_array_equal(matrix, expected)


def test_a_system_that_is_not_positive_says_what_to_do():
    with pytest.raises(np.linalg.LinAlgError, match="raise reg"):
        inverse(csr(-np.eye(3) * 9), 1.0)


def test_with_all_neighbours_the_sparse_form_is_the_dense_one(counts):
    gram, _ = counts
    target = gram + 1.0  # no zeros: every item is a neighbour of every other
    found = neighbourhood_solve(csr(gram), csr(target), 5.0, 15, silent).toarray()
    np.testing.assert_allclose(found, solve(csr(gram), csr(target), 5.0), rtol=1e-3, atol=1e-4)


def test_each_column_is_solved_on_its_strongest_neighbours(counts):
    gram, target = counts
    found = neighbourhood_solve(csr(gram), csr(target), 5.0, 4, silent).toarray()
    system = gram + 5.0 * np.eye(15)
    for j in range(15):
        chosen = np.flatnonzero(found[:, j])
        assert len(chosen) == 4
        assert target[chosen, j].min() >= np.delete(target[:, j], chosen).max()
        expected = np.linalg.solve(system[np.ix_(chosen, chosen)], target[chosen, j])
        np.testing.assert_allclose(found[chosen, j], expected, rtol=1e-4)


def test_items_that_nothing_leads_to_have_empty_columns():
    gram, target = np.diag([2.0, 2.0, 0.0]), np.zeros((3, 3))
    target[0, 1] = 4.0
    found = neighbourhood_solve(csr(gram), csr(target), 2.0, 2, silent).toarray()
    assert found.tolist() == [[0, 1.0, 0], [0, 0, 0], [0, 0, 0]]


def test_low_rank_updates_are_the_inverse_of_the_changed_matrix(counts):
    gram, _ = counts
    rng = np.random.default_rng(2)
    removed, added = ((rng.random((n, 15)) < 0.3).astype(np.float64) for n in (2, 3))
    start = gram + removed.T @ removed  # so that there is something to take away
    base = np.linalg.inv(start + 5.0 * np.eye(15)).astype(np.float32)
    expected = np.linalg.inv(start + added.T @ added - removed.T @ removed + 5.0 * np.eye(15))
    np.testing.assert_allclose(woodbury(base, csr(added), csr(removed)), expected, rtol=1e-3, atol=1e-5)


def test_no_update_changes_nothing(counts):
    base = np.linalg.inv(counts[0] + 5.0 * np.eye(15)).astype(np.float32)
    nobody = csr(np.zeros((0, 15)))
    np.testing.assert_allclose(woodbury(base, nobody, nobody), base, rtol=1e-6)
