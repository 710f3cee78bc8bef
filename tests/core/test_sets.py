"""Formulas of variety, novelty and fit on sets whose answers are obvious."""

import numpy as np
import pytest

from llm4rec.core import History, as_csr
from llm4rec.core.sets import (
    divergence,
    effective_number,
    entropy,
    interest_shares,
    log_volume,
    mean_distance,
    popularity_groups,
    primitive_lists,
    shares,
    unexpected,
    unmet,
)

ALIKE, UNLIKE = np.ones((1, 3, 3), np.float32), np.eye(3, dtype=np.float32)[None]
ALL, TWO = np.ones((1, 3), bool), np.array([[True, True, False]])


def test_pairs_that_are_alike_are_no_distance_apart():
    assert mean_distance(ALIKE, ALL)[0] == 0.0
    assert mean_distance(UNLIKE, TWO)[0] == 1.0
    assert mean_distance(UNLIKE, np.array([[True, False, False]]))[0] == 0.0


def test_volume_is_nothing_for_equal_items_and_most_for_unlike_ones():
    assert log_volume(UNLIKE, ALL)[0] == pytest.approx(0.0)
    assert log_volume(ALIKE, ALL)[0] < -10
    half = np.array([[[1, 0.5], [0.5, 1]]], np.float32)
    assert log_volume(half, np.ones((1, 2), bool), 0.0)[0] == pytest.approx(np.log(0.75))


def test_equal_items_count_once():
    assert effective_number(ALIKE, ALL)[0] == pytest.approx(1.0)
    assert effective_number(UNLIKE, ALL)[0] == pytest.approx(3.0)
    assert effective_number(UNLIKE, TWO)[0] == pytest.approx(2.0)
    assert effective_number(UNLIKE, ~ALL)[0] == 0.0


def test_entropy_counts_kinds():
    assert entropy(np.array([[2.0, 2.0], [4.0, 0.0], [0.0, 0.0]])).tolist() == [1.0, 0.0, 0.0]


def test_divergence_is_nothing_where_shares_agree():
    wanted = np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 0.0]], np.float32)
    found = np.array([[0.5, 0.5], [0.0, 1.0], [0.3, 0.7]], np.float32)
    assert divergence(wanted, found).tolist() == pytest.approx([0.0, np.log(100), 0.0], abs=1e-5)


def test_interests_share_items_out_and_fade():
    parts = shares(as_csr(np.array([[1, 1, 0], [0, 0, 1]])))
    assert parts.toarray().tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]
    histories = [History.of([0, 1]), History.of([])]
    even = interest_shares(histories, parts, 1e9).toarray()
    assert even[0] == pytest.approx([0.25, 0.25, 0.5])
    assert even[1].tolist() == [0, 0, 0]
    assert interest_shares(histories, parts, 1.0).toarray()[0] == pytest.approx([1 / 6, 1 / 6, 2 / 3])


def test_head_middle_and_tail():
    assert popularity_groups(np.array([10, 50, 20, 5, 10, 5])).tolist() == [1, 0, 1, 2, 2, 2]
    assert popularity_groups(np.zeros(2, np.int64)).tolist() == [2, 2]


def test_the_like_minded_say_who_never_met_a_thing():
    matrix = as_csr(np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]]))
    found = unmet(matrix, [History.of([0]), History.of([])], np.array([[1, 2, -1, 9], [0, 1, 2, 3]]), 2)
    weight = 2**-0.5
    assert found[0] == pytest.approx([1 - weight / (weight + 1), 1.0, 1.0, 1.0])
    assert found[1].tolist() == [1, 1, 1, 1]


def test_what_is_popular_or_near_is_expected():
    taken = np.array([[1, 1, 0, 0, 1], [1, 1, 0, 0, 1], [0, 0, 1, 1, 0], [1, 0, 0, 0, 0]])
    primitive = primitive_lists(taken.sum(axis=0), as_csr(taken), [History.of([2])], 1)
    assert primitive.tolist() == [[0, 3]]
    assert unexpected(np.array([[0, 1, 3, 4, -1]]), primitive).tolist() == [[False, True, False, True, False]]
