"""What anyone may rely on when whole items or whole users are held out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core import Catalog, Column, ColumnType, DataError, Dataset, Interactions, Users, Vocabulary
from llm4rec.data.splits import split

START = 1_000_000_000.0


def shop(orders, kinds=None):
    """One order of item numbers a user; time runs with the rows. Item 9 is never touched."""
    users = [user for user, items in enumerate(orders) for _ in items]
    items = [item for order in orders for item in order]
    rows = Interactions.of(
        users,
        items,
        timestamps=START + np.arange(len(users)),
        kinds=kinds or [0] * len(users),
        kind_names=("click", "dislike"),
    )
    titles = Column(ColumnType.TEXT, np.array([f"title {n}" for n in range(10)], dtype=object))
    catalog = Catalog(Vocabulary(range(10)), {"title": titles})
    return Dataset(rows, catalog, Users(Vocabulary([f"u{n}" for n in range(len(orders))])), "shop")


# Items 0 to 3 have three events, 4 has one; item 1 is the last of the four to appear.
ORDERS = [[0, 2, 3], [0, 2, 3, 4], [0, 2, 3, 1], [1, 2, 0, 3], [1]]


def test_the_items_that_appeared_last_are_held_out_and_numbered_behind_the_warm_ones():
    made = split(shop(ORDERS), "cold-items:0.3")
    (fold,) = made.folds
    assert fold.train.catalog.ids.ids == (0, 2, 3, 4, 5, 6, 7, 8, 9)
    assert fold.newcomers.ids.ids == (1,)
    assert fold.newcomers.titles == ["title 1"]
    assert made.facts["cold_items"] == 1
    names = fold.train.catalog.extended(fold.newcomers).ids
    assert [names.names(t) for t in fold.tests[""].targets] == [[1], [1], [1]]


def test_cold_questions_have_the_warm_history_and_only_cold_candidates():
    (fold,) = split(shop(ORDERS), "cold-items:0.3").folds
    cold, everything = fold.tests[""], fold.tests["all"]
    assert [r.user for r in cold.requests] == [2, 3, 4]
    assert [r.history.items.tolist() for r in cold.requests] == [[0, 1, 2], [1, 0, 2], []]
    assert all(r.allowed.tolist() == [9] for r in cold.requests)
    assert all(r.allowed is None for r in everything.requests)
    assert everything.targets == cold.targets


def test_the_price_for_warm_items_is_asked_with_and_without_cold_ones():
    (fold,) = split(shop(ORDERS), "cold-items:0.3").folds
    warm, alone = fold.tests["warm"], fold.tests["warm-only"]
    assert [t.tolist() for t in warm.targets] == [[2], [3], [2], [2]]
    assert [r.history.items.tolist() for r in warm.requests] == [[0, 1], [0, 1, 2], [0, 1], [1, 0]]
    assert all(r.allowed is None for r in warm.requests)
    assert all(r.allowed.tolist() == list(range(9)) for r in alone.requests)
    assert fold.train.interactions.items.tolist() == [0, 1, 0, 1, 2, 0, 1, 1, 0]


def test_drawn_cold_items_have_three_events_and_follow_the_seed():
    data = shop(ORDERS)
    drawn = {
        split(data, "cold-items:random,0.3", rng=np.random.default_rng(seed)).folds[0].newcomers.ids.ids
        for seed in range(30)
    }
    assert drawn == {(0,), (1,), (2,), (3,)}
    same = [split(data, "cold-items:random").folds[0].newcomers.ids.ids for _ in range(2)]
    assert same[0] == same[1]


def test_no_items_to_hold_out_is_said():
    with pytest.raises(DataError, match="0 items have 3 positive"):
        split(shop([[0, 1], [2, 3]]), "cold-items")


def test_cold_users_are_bare_histories_and_nothing_of_them_is_fitted_on():
    made = split(shop([[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]]), "cold-users:0.4")
    (fold,) = made.folds
    assert made.facts["cold_users"] == 2
    held = {int(r.history.items[0]) for r in fold.tests[""].requests}
    assert set(fold.train.interactions.users.tolist()) == set(range(5)) - held
    assert len(held) == 2
    for request, target in zip(fold.tests[""].requests, fold.tests[""].targets, strict=True):
        assert request.user == -1
        assert len(request.history) == 2
        assert target.tolist() == [request.history.items[-1] + 1]


def test_shortened_histories_choose_among_the_same_items():
    order = list(range(9))
    (fold,) = split(shop([order, [9]]), "cold-users:0.9").folds
    views = {name: view.requests[0] for name, view in fold.tests.items()}
    assert views[""].history.items.tolist() == order[:-1]
    assert views["first-3"].history.items.tolist() == [0, 1, 2]
    assert views["latest-3"].history.items.tolist() == [5, 6, 7]
    assert views["first-10"].history.items.tolist() == order[:-1]
    assert {tuple(r.excluded.tolist()) for r in views.values()} == {tuple(order[:-1])}
    assert {view.targets[0].tolist()[0] for view in fold.tests.values()} == {8}
    assert set(views) == {""} | {f"{side}-{k}" for side in ("first", "latest") for k in (1, 3, 5, 10)}


def test_a_dislike_is_neither_counted_nor_asked_for():
    data = shop([[0, 1, 2, 3, 4], [5]], kinds=[0, 1, 0, 0, 1, 0])
    (fold,) = split(data, "cold-users:0.9").folds
    assert fold.tests[""].targets[0].tolist() == [3]
    assert fold.tests["first-1"].requests[0].history.items.tolist() == [0]
    assert fold.tests["latest-1"].requests[0].history.items.tolist() == [2]
    assert fold.tests["first-3"].requests[0].history.items.tolist() == [0, 1, 2]


def test_a_stranger_who_comes_back_for_the_same_is_counted_not_asked():
    made = split(shop([[0, 1, 0], [2, 3, 4], [5]]), "cold-users:0.9")
    assert made.facts["dropped_seen_targets"] == 1
    assert [t.tolist() for t in made.folds[0].tests[""].targets] == [[4]]


orders = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=4, max_size=8)
COLD = ["cold-items", "cold-items:random", "cold-users"]


@settings(max_examples=30, deadline=None)
@given(orders=orders, protocol=st.sampled_from(COLD), seed=st.integers(0, 3))
def test_what_is_cold_is_nowhere_in_train_and_no_target_is_in_its_history(orders, protocol, seed):
    try:
        made, again = (split(shop(orders), protocol, rng=np.random.default_rng(seed)) for _ in range(2))
    except DataError:
        return
    (fold,) = made.folds
    assert made.facts == again.facts
    for name, view in fold.tests.items():
        other = again.folds[0].tests[name]
        assert [t.tolist() for t in view.targets] == [t.tolist() for t in other.targets]
        for request, targets in zip(view.requests, view.targets, strict=True):
            assert not set(targets.tolist()) & set(request.history.items.tolist())
    if fold.newcomers is not None:
        warm = len(fold.train.catalog)
        assert set(fold.train.catalog.ids.ids) | set(fold.newcomers.ids.ids) == set(range(10))
        assert all((t >= warm).all() for t in fold.tests[""].targets)
        assert all((t < warm).all() for t in fold.tests["warm"].targets)
    else:
        fitted = np.bincount(fold.train.interactions.users, minlength=len(orders)).tolist()
        assert all(have in (0, len(order)) for have, order in zip(fitted, orders, strict=True))
