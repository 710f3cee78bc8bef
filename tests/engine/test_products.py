"""The best products are those of all products, whichever way they are found."""

import numpy as np
import pytest

from llm4rec.core import top_k
from llm4rec.engine.products import ITEMS, PEOPLE, Hidden, best_products, has_bytes

WAYS = [
    False,
    pytest.param(True, marks=pytest.mark.skipif(not has_bytes(), reason="no 8-bit instructions here")),
]


def nothing_hidden(rows):
    return Hidden(np.zeros(rows + 1, np.int64), np.zeros(0, np.int64))


def some_hidden(rows, items, rng):
    """Up to six items a row, some of them among the best."""
    lists = [np.unique(rng.integers(0, items, rng.integers(0, 7))) for _ in range(rows)]
    return Hidden(
        np.concatenate([[0], np.cumsum([len(x) for x in lists])]), np.concatenate(lists).astype(np.int64)
    )


def by_all_products(people, vectors, hidden, k):
    scores = people @ vectors.T
    for row in range(len(people)):
        scores[row, hidden.items[hidden.bounds[row] : hidden.bounds[row + 1]]] = -np.inf
    best = top_k(scores, k)
    return best, np.where(best >= 0, np.take_along_axis(scores, np.maximum(best, 0), axis=1), -np.inf)


def vectors(kind, size, width, rng):
    rows = rng.standard_normal((size, width))
    if kind == "of one length":
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    elif kind == "long and short":
        rows *= rng.lognormal(0.0, 2.0, (size, 1))
    elif kind == "one column above all":
        rows[:, 0] *= 300.0
    elif kind == "some zero":
        rows[rng.random(size) < 0.5] = 0.0
    return rows.astype(np.float32)


@pytest.mark.parametrize("coarse", WAYS)
@pytest.mark.parametrize(
    "kind", ["plain", "of one length", "long and short", "one column above all", "some zero"]
)
@pytest.mark.parametrize(
    ("people", "items", "width", "k"),
    [
        (3, 5, 1, 2),
        (PEOPLE + 9, 2 * ITEMS + 33, 7, 10),
        (70, 1_300, 64, 100),
        (1, 40, 6, 40),
        (9, 32, 130, 1),
    ],
)
def test_lists_are_those_of_all_products(coarse, kind, people, items, width, k):
    rng = np.random.default_rng(people + items)
    asked, catalog = vectors(kind, people, width, rng), vectors(kind, items, width, rng)
    hidden = some_hidden(people, items, rng)
    numbers, values = best_products(asked, catalog, hidden, k, coarse)
    expected, scores = by_all_products(asked, catalog, hidden, k)
    size = max(1.0, float(np.abs(scores[np.isfinite(scores)]).max()))
    np.testing.assert_allclose(values / size, scores / size, atol=1e-5)
    # Where products differ only by rounding their order is free.
    told = np.where(np.isfinite(scores), scores, -1e12)
    apart = np.abs(np.diff(told, axis=1, prepend=1e12, append=-2e12)) > 1e-4 * size
    clear = apart[:, :-1] & apart[:, 1:]
    np.testing.assert_array_equal(numbers[clear], expected[clear])


@pytest.mark.parametrize("coarse", WAYS)
def test_whole_numbers_leave_no_rounding_and_ties_stand_in_order(coarse):
    rng = np.random.default_rng(1)
    people, items = rng.integers(-3, 4, (600, 5)), rng.integers(-3, 4, (900, 5))
    people, items = people.astype(np.float32), items.astype(np.float32)
    hidden = some_hidden(600, 900, rng)
    numbers, values = best_products(people, items, hidden, 20, coarse)
    expected, scores = by_all_products(people, items, hidden, 20)
    np.testing.assert_array_equal(numbers, expected)
    np.testing.assert_array_equal(values, scores)


@pytest.mark.parametrize("coarse", WAYS)
def test_a_list_with_too_little_to_show_is_filled_up(coarse):
    people, items = np.ones((2, 3), np.float32), np.eye(3, dtype=np.float32)
    hidden = Hidden(np.array([0, 2, 2]), np.array([0, 2]))
    numbers, values = best_products(people, items, hidden, 4, coarse)
    np.testing.assert_array_equal(numbers, [[1, -1, -1, -1], [0, 1, 2, -1]])
    assert np.isneginf(values[numbers < 0]).all()
    assert (values[numbers >= 0] == 1.0).all()


@pytest.mark.parametrize("coarse", WAYS)
@pytest.mark.parametrize(("people", "items", "k"), [(0, 5, 3), (4, 0, 3), (4, 5, 0)])
def test_nothing_asked_or_nothing_there_is_an_answer(coarse, people, items, k):
    numbers, values = best_products(
        np.ones((people, 2), np.float32), np.ones((items, 2), np.float32), nothing_hidden(people), k, coarse
    )
    assert numbers.shape == values.shape == (people, k)
    assert (numbers == -1).all()


@pytest.mark.parametrize("coarse", WAYS)
def test_threads_change_no_list(coarse, monkeypatch):
    rng = np.random.default_rng(2)
    people, items = vectors("plain", 3 * PEOPLE + 5, 8, rng), vectors("plain", 700, 8, rng)
    found = []
    for crew in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", crew)
        found.append(best_products(people, items, nothing_hidden(len(people)), 7, coarse))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_rows_of_hidden_items_can_be_taken():
    hidden = Hidden(np.array([0, 2, 2, 5]), np.array([1, 4, 0, 2, 3])).take(np.array([2, 0, 1]))
    np.testing.assert_array_equal(hidden.bounds, [0, 3, 5, 5])
    np.testing.assert_array_equal(hidden.items, [0, 2, 3, 1, 4])


@pytest.mark.parametrize("coarse", WAYS)
def test_people_whose_copies_tell_nothing_get_their_lists(coarse):
    rng = np.random.default_rng(4)
    people, items = rng.standard_normal((40, 6)).astype(np.float32), rng.integers(-9, 10, (800, 6))
    people[:, 0], items[:, 0], items[:, 1] = (
        1_000.0,
        0,
        127,
    )  # bytes hold the items, and of people column 0 alone
    hidden = nothing_hidden(40)
    numbers, values = best_products(people, items.astype(np.float32), hidden, 10, coarse)
    np.testing.assert_allclose(
        values, by_all_products(people, items.astype(np.float32), hidden, 10)[1], rtol=1e-4
    )
    assert (numbers >= 0).all()
