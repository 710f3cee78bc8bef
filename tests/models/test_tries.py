"""Decoding along a tree of names: exact where all is followed, shared out by the prior elsewhere, never outside."""

import numpy as np
import pytest

from llm4rec.core import SettingsError
from llm4rec.models.tries import Trie, prior_of, texts_from, texts_state


class Table:
    """The next token by a table: weights by token, and by (path, token) where the path matters."""

    def __init__(self, weights, behind=None):
        self.weights, self.behind, self.asked = weights, behind or {}, []

    def after(self, rows, paths, wanted):
        self.asked += [tuple(path) for path in paths]
        return np.log(
            [[self.behind.get((tuple(path), t), self.weights.get(t, 1.0)) for t in wanted] for path in paths]
        )


def even(items):
    return np.ones(items, np.float32)


def chances(trie, table, beam=100):
    return np.exp(trie.scored(table, 1, beam)[0])


def test_a_name_is_the_product_of_its_choices_among_those_allowed():
    trie = Trie.of([(1, 2), (1, 3), (4, 9)], even(3))
    table = Table({1: 1.0, 4: 3.0, 2: 1.0, 3: 4.0, 7: 1e9})  # 7 is likely, but begins no name
    np.testing.assert_allclose(chances(trie, table), [0.25 * 0.2, 0.25 * 0.8, 0.75], rtol=1e-6)


def test_the_order_of_names_is_that_of_the_items():
    trie = Trie.of([(4, 9), (1, 3), (1, 2)], even(3))
    table = Table({1: 1.0, 4: 3.0, 2: 1.0, 3: 4.0})
    np.testing.assert_allclose(chances(trie, table), [0.75, 0.25 * 0.8, 0.25 * 0.2], rtol=1e-6)


def test_tokens_that_must_come_are_not_asked_for():
    trie = Trie.of([(5, 1, 7, 7, 8), (5, 2, 6, 6)], even(2))
    table = Table({})
    chances(trie, table)
    assert table.asked == [(5,)], "one question: which token after the one that all names share"


def test_what_the_beam_leaves_behind_shares_by_the_prior():
    trie = Trie.of([(1, 2), (1, 3), (4, 2), (4, 3)], np.array([3.0, 1.0, 1.0, 1.0], np.float32))
    table = Table({1: 1.0, 4: 3.0, 2: 1.0, 3: 9.0})
    np.testing.assert_allclose(
        chances(trie, table, beam=1), [0.25 * 0.75, 0.25 * 0.25, 0.75 * 0.1, 0.75 * 0.9], rtol=1e-6
    )


def test_items_of_one_name_share_it_by_the_prior():
    trie = Trie.of([(1,), (1,), (2,)], np.array([3.0, 1.0, 5.0], np.float32))
    np.testing.assert_allclose(chances(trie, Table({1: 4.0, 2: 1.0})), [0.6, 0.2, 0.2], rtol=1e-6)


@pytest.mark.parametrize("beam", [1, 3, 100])
def test_the_catalog_is_a_distribution_whatever_the_beam(beam):
    rng = np.random.default_rng(0)
    paths = sorted({tuple(rng.integers(0, 4, 5).tolist()) for _ in range(80)})
    prior = prior_of(rng.integers(0, 9, len(paths)))
    trie = Trie.of(paths, prior)
    table = Table({token: rng.random() + 0.01 for token in range(4)})
    found = trie.scored(table, 3, beam)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1.0, rtol=1e-4)


def test_what_is_drawn_is_an_item_as_often_as_its_probability_says():
    trie = Trie.of([(1, 2), (1, 3), (4, 9)], even(3))
    table = Table({1: 1.0, 4: 3.0, 2: 1.0, 3: 4.0, 7: 1e9})
    items, written = trie.drawn(table, 4000, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(items) / 4000, [0.05, 0.2, 0.75], atol=0.03)
    assert set(written) == {(1, 2), (1, 3), (4,)}, "tokens up to the last choice"


def test_one_item_or_none_is_no_question():
    for paths in ([], [(1, 2)]):
        table = Table({})
        assert Trie.of(paths, even(len(paths))).scored(table, 2, 5).shape == (2, len(paths))
        assert table.asked == []


def test_a_name_that_begins_another_is_refused():
    with pytest.raises(SettingsError, match="ending"):
        Trie.of([(1, 2), (1, 2, 3)], even(2))


def test_texts_come_back_from_bytes():
    texts = ["Amélie", "", "七人の侍"]
    assert texts_from({"names": texts_state(texts)}, "names") == texts
