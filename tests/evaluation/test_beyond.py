"""Metrics of lists on lists whose answers are obvious."""

import numpy as np
import pytest
from scipy import sparse

from llm4rec.core import rarity
from llm4rec.evaluation.beyond import content, exposed, gini, ild, novelty
from llm4rec.testing import shelf

from .worlds import catalog


def test_coverage_counts_what_anybody_was_shown():
    lists = np.array([[0, 1], [0, -1]])
    assert exposed("coverage", lists, 4).tolist() == [0.5]


def test_gini_is_nothing_for_all_alike_and_nearly_one_for_one_item():
    assert gini(np.array([[2.0, 2.0, 2.0]]))[0] == pytest.approx(0.0)
    assert gini(np.array([[0.0, 0.0, 0.0, 5.0]]))[0] == pytest.approx(0.75)
    assert gini(np.array([[0.0, 0.0]]))[0] == 0.0


def test_draws_weigh_lists():
    lists = np.array([[0], [1]])
    draws = exposed("coverage", lists, 2, np.array([[2.0, 0.0], [1.0, 1.0]]))
    assert draws.tolist() == [0.5, 1.0]


def test_what_nobody_took_is_rare_and_what_all_took_is_not():
    rarities = rarity(np.array([7, 0]), users=7, items=3)
    assert rarities.tolist() == [0.0, 3.0, 3.0]
    assert novelty(np.array([[0, 1], [1, -1], [-1, -1]]), rarities).tolist() == [1.5, 3.0, 0.0]


def test_variety_is_one_less_the_mean_cosine_of_pairs():
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((6, 4)).astype(np.float32)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    listed = [1, 4, 5]
    pairs = [units[a] @ units[b] for a in listed for b in listed if a < b]
    found = ild(np.array([[1, 4, 5, -1], [2, -1, -1, -1]]), vectors)
    assert found == pytest.approx([1 - np.mean(pairs), 0.0], abs=1e-6)
    assert ild(np.array([[1, 4, 5]]), sparse.csr_matrix(vectors))[0] == pytest.approx(found[0])


def test_items_are_compared_by_category_and_else_by_words():
    vectors, made_of = content(catalog(4))
    assert made_of == "colour"
    assert ild(np.array([[0, 2], [0, 1]]), vectors).tolist() == pytest.approx([0.0, 1.0])
    vectors, made_of = content(shelf().catalog)
    assert "words" in made_of
    assert ild(np.array([[0, 1], [0, 2]]), vectors).tolist() == pytest.approx([1 - 1 / 6**0.5, 1.0])
