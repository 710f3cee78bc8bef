"""Requests answered from vectors: what the model declines, and what a request rules out."""

import numpy as np
import pytest

from llm4rec.core import History, KnownUsers, Request
from llm4rec.engine.vectors import by_products, hidden_of
from llm4rec.testing import shelf


class Product:
    """Item n lies in the direction n; a person's vector counts their items; nobody's is zero, or not finite."""

    def __init__(self, nobody):
        self.nobody = nobody

    def item_vectors(self):
        return np.eye(4, dtype=np.float32)

    def user_vectors(self, requests):
        rows = np.zeros((len(requests), 4), np.float32)
        for row, request in zip(rows, requests, strict=True):
            np.add.at(row, request.history.items, 1.0)
            if not len(request.history):
                row[:] = self.nobody
        return rows


@pytest.mark.parametrize("nobody", [0.0, np.nan, -np.inf])
def test_those_without_a_vector_and_those_limited_to_some_items_are_left_out(nobody):
    asked = [
        Request(History.of([1, 1, 2]), seen="include"),
        Request(History.of([])),
        Request(History.of([3]), allowed=np.array([2])),
        Request(History.of([0, 3, 3]), excluded=np.array([2])),
    ]
    items, scores = np.full((4, 2), -7), np.full((4, 2), -7.0, np.float32)
    left = by_products(Product(nobody), asked, (items, scores))
    np.testing.assert_array_equal(left, [1, 2])
    np.testing.assert_array_equal(items, [[1, 2], [-7, -7], [-7, -7], [1, -1]])
    np.testing.assert_array_equal(scores, [[2, 1], [-7, -7], [-7, -7], [0, -np.inf]])


def test_hidden_items_are_those_of_the_history_and_the_excluded_ones_in_order():
    hidden = hidden_of(
        [
            Request(History.of([3, 1, 3]), excluded=np.array([0])),
            Request(History.of([2]), seen="include"),
            Request(History.of([2, 1]), seen="include", excluded=np.array([3])),
        ]
    )
    np.testing.assert_array_equal(hidden.bounds, [0, 4, 4, 5])
    np.testing.assert_array_equal(hidden.items, [0, 1, 3, 3, 3])


@pytest.mark.parametrize("seen", ["exclude", "include"])
@pytest.mark.parametrize("excluded", [None, [], [0, 2]])
def test_columns_hide_what_single_requests_hide(seen, excluded):
    never = None if excluded is None else np.array(excluded, dtype=np.int64)
    asked = KnownUsers(shelf(), np.array([3, 0, 1]), seen=seen, excluded=never)
    columns, singles = hidden_of(asked), hidden_of(list(asked))
    np.testing.assert_array_equal(columns.bounds, singles.bounds)
    np.testing.assert_array_equal(columns.items, singles.items)
