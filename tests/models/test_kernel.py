"""Likeness as features: their products are the kernel, written out."""

import numpy as np
import pytest
from scipy import sparse

from llm4rec.models.kernel import Kernel, distances


@pytest.fixture
def content():
    return np.random.default_rng(0).standard_normal((9, 4)).astype(np.float32)


def test_distances_are_euclidean_and_zero_for_the_same(content):
    expected = np.linalg.norm(content[:, None] - content[None, :3], axis=2)
    np.testing.assert_allclose(distances(content, content[:3]), expected, rtol=1e-4, atol=1e-5)
    assert (np.diagonal(distances(content, content)) == 0).all()


def test_products_of_features_are_the_exponential_kernel(content):
    kernel = Kernel.of(sparse.csr_matrix(content))
    features = kernel.features(sparse.csr_matrix(content))
    apart = np.linalg.norm(content[:, None] - content[None], axis=2)
    scale = np.median(apart[~np.eye(9, dtype=bool)])
    np.testing.assert_allclose(features @ features.T, np.exp(-apart / scale), atol=1e-3)


def test_an_item_is_most_like_the_one_that_says_the_same(content):
    kernel = Kernel.of(sparse.csr_matrix(content))
    known, new = (kernel.features(sparse.csr_matrix(rows)) for rows in (content, content[[5]]))
    assert int((new @ known.T).argmax()) == 5


@pytest.mark.parametrize("rows", [1, 3])
def test_items_that_all_say_the_same_are_all_alike(rows):
    same = sparse.csr_matrix(np.ones((rows, 2), np.float32))
    features = Kernel.of(same).features(same)
    np.testing.assert_allclose(features @ features.T, np.ones((rows, rows)), atol=1e-2)
