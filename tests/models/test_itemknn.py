"""What anyone may rely on from item-kNN."""

import numpy as np
import pytest
from scipy import sparse

from llm4rec.core import Request
from llm4rec.models.itemknn import ItemKnn, ItemKnnConfig, shrunk_cosine, strongest
from llm4rec.testing import asking, best, checkerboard, fitted, shelf


def test_what_a_user_of_the_checkerboard_lacks_comes_first():
    data = checkerboard()
    model = fitted(ItemKnn(), data)
    assert [best(model, Request(data.history(u))) for u in range(20)] == list(range(20))


def test_same_subject_comes_first_whatever_the_catalog_says():
    assert best(fitted(ItemKnn()), asking(2)) == 3


@pytest.mark.parametrize(("decay", "expected"), [(0.5, 3), (None, 1)])
def test_a_fading_history_follows_the_latest(decay, expected):
    model = fitted(ItemKnn(ItemKnnConfig(decay=decay)))
    assert best(model, asking(0, 2)) == expected


def test_the_cosine_is_shrunk_by_users_in_the_denominator():
    gram = sparse.csr_matrix(np.array([[4.0, 2.0, 0.0], [2.0, 9.0, 3.0], [0.0, 3.0, 1.0]], np.float32))
    found = shrunk_cosine(gram, 10.0).toarray()
    np.testing.assert_allclose(found, [[0, 2 / 16, 0], [2 / 16, 0, 3 / 13], [0, 3 / 13, 0]], rtol=1e-5)


def test_only_the_strongest_neighbours_are_kept_and_ties_go_by_number():
    matrix = np.array([[0, 1, 5], [2, 0, 5], [2, 3, 0], [2, 2, 9]], np.float32)
    kept = strongest(sparse.csr_matrix(matrix), 2).toarray()
    assert kept.tolist() == [[0, 0, 5], [2, 0, 0], [2, 3, 0], [0, 2, 9]]


def test_an_item_taken_by_nobody_has_no_neighbours():
    model = fitted(ItemKnn(), shelf("a", "b", "never touched"))
    assert model.score([asking(2)])[0].tolist() == [0.0, 0.0, 0.0]
    assert model.score([asking(0)])[0, 2] == 0.0
