"""Known users as columns are the same questions as one by one."""

import numpy as np
import pytest

from llm4rec.core import History, KnownUsers, Request
from llm4rec.core.known import joined_ranges
from llm4rec.models.histories import liked_items
from llm4rec.testing import checkerboard, shelf


def with_a_dislike(data):
    kinds = np.zeros(len(data.interactions), np.int64)
    kinds[3] = 1
    return type(data)(
        type(data.interactions).of(
            data.interactions.users,
            data.interactions.items,
            kinds=kinds,
            kind_names=("click", "dislike"),
            timestamps=data.interactions.timestamps,
        ),
        data.catalog,
        data.users,
    )


def test_a_place_is_a_request_and_a_slice_is_more_of_them():
    data = shelf()
    asked = KnownUsers(data, np.array([2, 0, 1]), n=3, seen="include")
    assert len(asked) == 3
    first = asked[0]
    assert isinstance(first, Request)
    assert (first.user, first.n, first.seen) == (2, 3, "include")
    np.testing.assert_array_equal(first.history.items, data.history(2).items)
    assert [r.user for r in asked[1:]] == [0, 1]
    assert [r.user for r in asked] == [2, 0, 1]
    with pytest.raises(IndexError):
        asked[3]


@pytest.mark.parametrize("users", [[0, 1, 2, 3], [3, 1], [2, 2], []])
@pytest.mark.parametrize("window", [None, 1, 3])
def test_liked_items_are_those_of_single_requests(users, window):
    data = with_a_dislike(shelf())
    asked = KnownUsers(data, np.array(users, dtype=np.int64))
    for found, expected in zip(liked_items(asked, window), liked_items(list(asked), window), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_events_are_all_events_oldest_first():
    data = checkerboard()
    events, bounds = KnownUsers(data, np.array([4, 4, 7])).events
    assert isinstance(events, History)
    for place, user in enumerate((4, 4, 7)):
        rows = slice(bounds[place], bounds[place + 1])
        np.testing.assert_array_equal(events.items[rows], data.history(user).items)
        np.testing.assert_array_equal(events.timestamps[rows], data.history(user).timestamps)


def test_ranges_are_joined():
    rows, bounds = joined_ranges(np.array([5, 0, 2]), np.array([7, 0, 4]))
    np.testing.assert_array_equal(rows, [5, 6, 2, 3])
    np.testing.assert_array_equal(bounds, [0, 2, 2, 4])
    assert joined_ranges(np.array([1, 3]), np.array([3, 6]))[0] == slice(1, 6)
