"""The bridge from content to behaviour agrees with its formulas, written out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from llm4rec.models.bridge import Bridge, GrownMap, posterior, ridge, subtract_prior, widest
from llm4rec.models.maps import DenseMap, PackedMap, SparseMap

ITEMS, WIDTH = 12, 5


@pytest.fixture
def content():
    rng = np.random.default_rng(0)
    return sparse.csr_matrix(rng.standard_normal((ITEMS, WIDTH)).astype(np.float32))


@pytest.fixture
def item_map():
    return DenseMap(np.random.default_rng(1).standard_normal((ITEMS, ITEMS)).astype(np.float32))


@pytest.mark.parametrize("shape", [(12, 5), (5, 12), (6, 6)])
def test_a_ridge_is_the_same_from_either_side(shape):
    features = np.random.default_rng(2).standard_normal(shape)
    rows, width = shape
    primal = features @ np.linalg.inv(features.T @ features + 0.5 * np.eye(width))
    dual = np.linalg.inv(features @ features.T + 0.5 * np.eye(rows)) @ features
    np.testing.assert_allclose(primal, dual)
    found = ridge(sparse.csr_matrix(features.astype(np.float32)), 0.5)
    np.testing.assert_allclose(found, primal, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("strength", [0.1, 1.0, 7.0])
def test_the_prior_is_the_penalty_of_the_gaussian_process(content, strength):
    reg, full = 50.0, content.toarray().astype(np.float64)
    gram = np.diag(np.arange(1.0, ITEMS + 1))
    system = (gram + reg * np.eye(ITEMS)).astype(np.float32, order="F")
    subtract_prior(system, content, strength, reg)
    expected = gram + reg * np.linalg.inv(np.eye(ITEMS) + strength * full @ full.T)
    np.testing.assert_allclose(system, expected, rtol=1e-3, atol=1e-3)


def test_the_fullest_columns_are_used():
    matrix = sparse.csr_matrix(np.array([[1, 0, 1, 1], [1, 0, 0, 1], [1, 1, 0, 0]], np.float32))
    assert widest(matrix, 2).tolist() == [0, 3]
    assert widest(matrix).tolist() == [0, 1, 2, 3]


LEVELS = np.linspace(0.5, 1.5, ITEMS).astype(np.float32)
LOUDNESS = np.linspace(2.0, 0.5, ITEMS).astype(np.float32)


@pytest.fixture
def full(content):
    return content.toarray()


@pytest.fixture
def bridge(item_map, full):
    return Bridge.of(item_map, ridge(full, 2.0), LEVELS)


def test_the_bridge_is_the_ridge_regression_of_levelled_columns_and_of_rows(full, item_map, bridge):
    wide = full.astype(np.float64)
    coefficients = np.linalg.solve(wide.T @ wide + 2.0 * np.eye(WIDTH), wide.T)
    levelled = (item_map.matrix * LEVELS) @ coefficients.T
    np.testing.assert_allclose(bridge.columns.matrix, levelled, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(bridge.rows, coefficients @ item_map.matrix, rtol=1e-3, atol=1e-3)


def predicted_columns(bridge, full):
    """(items, items): what content says of every column, nobody leading to itself."""
    predicted = bridge.columns.matrix @ full.T * LOUDNESS
    np.fill_diagonal(predicted, 0.0)
    return predicted


def test_columns_stand_between_behaviour_and_what_content_predicts(full, item_map, bridge):
    before = item_map.matrix.copy()
    share = np.linspace(0.1, 1.0, ITEMS).astype(np.float32)
    found = posterior(item_map, bridge, full, LOUDNESS, share).matrix
    expected = share * before + (1 - share) * predicted_columns(bridge, full)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_an_item_never_taken_has_the_predicted_row_and_column(full, item_map, bridge):
    share = np.ones(ITEMS, np.float32)
    share[4] = 0.0
    before = item_map.matrix.copy()
    found = posterior(item_map, bridge, full, LOUDNESS, share).matrix
    others = np.arange(ITEMS) != 4
    column = predicted_columns(bridge, full)[others, 4]
    np.testing.assert_allclose(found[others, 4], column, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found[4], full[4] @ bridge.rows, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(found[np.ix_(others, others)], before[np.ix_(others, others)])


def test_the_sparse_posterior_is_the_dense_one_where_it_has_room(full, item_map, bridge):
    share = np.linspace(0.1, 1.0, ITEMS).astype(np.float32)
    thin = posterior(SparseMap(sparse.csr_matrix(item_map.matrix)), bridge, full, LOUDNESS, share)
    dense = posterior(item_map, bridge, full, LOUDNESS, share)
    np.testing.assert_allclose(thin.matrix.toarray(), dense.matrix, rtol=1e-3, atol=1e-3)


def grown_map(old, new, width, seed):
    """A map of `old` items with `new` ones behind it, all numbers random."""
    rng = np.random.default_rng(seed)
    known, newcomers = (rng.standard_normal((n, width)).astype(np.float32) for n in (old, new))
    base = DenseMap(rng.standard_normal((old, old)).astype(np.float32))
    bridge = Bridge.of(base, ridge(known, 1.0), LEVELS[:old])
    return GrownMap(base, bridge, newcomers, rng.uniform(0.5, 2.0, new).astype(np.float32)), known


@pytest.fixture
def grown():
    return grown_map(ITEMS, 3, WIDTH, 3)[0]


def test_a_grown_map_leaves_known_items_as_they_were(grown):
    known = sparse.csr_matrix(np.eye(ITEMS, ITEMS + 3, dtype=np.float32))
    np.testing.assert_allclose(grown.apply(known)[:, :ITEMS], grown.base.matrix, rtol=1e-5)


def test_newcomers_are_scored_by_predicted_columns_and_speak_by_predicted_rows():
    grown, known = grown_map(ITEMS, 3, WIDTH, 3)
    new = grown.newcomers
    matrix = grown.apply(sparse.identity(ITEMS + 3, format="csr", dtype=np.float32))
    columns = grown.bridge.columns.matrix @ new.T * grown.loudness
    np.testing.assert_allclose(matrix[:ITEMS, ITEMS:], columns, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(matrix[ITEMS:, :ITEMS], new @ grown.bridge.rows, rtol=1e-3, atol=1e-3)
    said = (
        new @ grown.bridge.rows
    )  # a newcomer's row; a newcomer's column is what content predicts of such rows
    between = (said * LEVELS) @ ridge(known, 1.0) @ new.T * grown.loudness
    np.testing.assert_allclose(matrix[ITEMS:, ITEMS:], between, rtol=1e-3, atol=1e-3)


def test_packed_columns_are_the_same_to_rounding(grown, monkeypatch):
    monkeypatch.setattr("llm4rec.models.maps.PACKED", 2)
    thin = replace(grown, bridge=grown.bridge.packed())
    assert isinstance(thin.bridge.columns, PackedMap)
    known = sparse.csr_matrix(np.eye(ITEMS, ITEMS + 3, dtype=np.float32))
    np.testing.assert_allclose(thin.apply(known), grown.apply(known), rtol=1e-3, atol=1e-3)


def test_a_bridge_comes_back_from_its_arrays(grown):
    for bridge in (grown.bridge, replace(grown.bridge, columns=PackedMap.of(grown.bridge.columns.matrix))):
        again = Bridge.from_state(bridge.state())
        assert type(again.columns) is type(bridge.columns)
        rows = sparse.identity(ITEMS, format="csr", dtype=np.float32)
        np.testing.assert_array_equal(again.columns.apply(rows), bridge.columns.apply(rows))
        np.testing.assert_array_equal(again.rows, bridge.rows)
        np.testing.assert_array_equal(again.echo, bridge.echo)


@given(st.integers(1, 6), st.integers(0, 4), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_entries_of_any_grown_map_are_its_answers_and_it_is_linear(old, new, width, seed):
    grown, _ = grown_map(old, new, width, seed)
    rng = np.random.default_rng(seed)
    every = np.arange(grown.size)
    matrix = grown.entries(every, every)
    weights = np.where(rng.random((4, grown.size)) < 0.4, rng.random((4, grown.size)), 0).astype(np.float32)
    right = rng.random((grown.size, 2)).astype(np.float32)
    near = {"rtol": 1e-3, "atol": 1e-3 * max(1.0, float(np.abs(matrix).max()))}
    np.testing.assert_allclose(grown.apply(sparse.csr_matrix(weights)), weights @ matrix, **near)
    np.testing.assert_allclose(grown.left(weights), weights @ matrix, **near)
    np.testing.assert_allclose(grown.times(right), matrix @ right, **near)
    rows, columns = rng.integers(0, grown.size, 3), rng.integers(0, grown.size, 4)
    np.testing.assert_allclose(grown.entries(rows, columns), matrix[np.ix_(rows, columns)], **near)
