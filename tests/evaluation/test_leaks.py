"""Leaks that were planted are found; clean data is silent."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Catalog, Dataset, Holdout, Interactions, Users, Vocabulary
from llm4rec.data.folds import Split
from llm4rec.evaluation.leaks import find_leaks, id_order

from .worlds import REAL, dataset, last_out, random_rows


@pytest.fixture
def data():
    return dataset(random_rows(), 20)


def with_fold(split, **changes):
    return Split(split.name, (replace(split.folds[0], **changes),), split.facts)


def with_ids(data, items=None, users=None):
    catalog = data.catalog if items is None else Catalog(Vocabulary(items), data.catalog.columns)
    people = data.users if users is None else Users(Vocabulary(users))
    return Dataset(data.interactions, catalog, people, data.name)


def test_a_clean_split_has_no_warnings(data):
    assert find_leaks(data, last_out(data)).warnings == ()


def test_a_target_in_the_history_is_found(data):
    split = last_out(data)
    test = split.folds[0].tests[""]
    targets = [test.requests[0].history.items[:1], *test.targets[1:]]
    found = find_leaks(data, with_fold(split, tests={"": Holdout(test.requests, targets)}))
    assert any("1 of 30 questions ask for an item that is in their history" in w for w in found.warnings)


def test_test_interactions_in_the_training_data_are_found(data):
    split = with_fold(last_out(data), train=data)
    assert any(
        "30 of 30 test interactions are in the training data" in w for w in find_leaks(data, split).warnings
    )


def test_where_things_are_taken_again_only_the_very_event_leaks():
    data = dataset([[0, 1, 0], [2, 3, 2], [1, 0, 1]], 4)
    split = last_out(data)
    test = split.folds[0].tests[""]
    again = Holdout([replace(r, seen="include") for r in test.requests], test.targets)
    assert find_leaks(data, with_fold(split, tests={"": again})).warnings == ()
    leaking = find_leaks(data, with_fold(split, tests={"": again}, train=data)).warnings
    assert leaking == ("3 of 3 test interactions are in the training data",)
    assert len(find_leaks(data, split).warnings) == 2


def test_a_tie_at_the_cut_is_found():
    rows = random_rows(people=12)
    times = [REAL + 10 * min(p, 4) + 0.1 * u for u in range(12) for p in range(6)]
    data = dataset(rows, 20, times=times)
    assert any(
        w.startswith("12 of 12 questions have a target at the very time")
        for w in find_leaks(data, last_out(data)).warnings
    )


def test_duplicate_rows_are_counted():
    rows = Interactions.of([0, 0, 0, 1], [1, 1, 2, 1], timestamps=[REAL, REAL, REAL + 1, REAL])
    people, things = dataset([[0]] * 2, 4).users, dataset([[0]], 4).catalog
    data = Dataset(rows, things, people)
    assert any(w.startswith("1 rows repeat another") for w in find_leaks(data, last_out(data)).warnings)


def test_ids_in_the_order_of_appearance_are_found(data):
    first = np.full(20, np.inf)
    np.minimum.at(first, data.interactions.items, data.interactions.timestamps)
    telling = (1000 + 3 * np.argsort(np.argsort(first, kind="stable"))).tolist()
    found = find_leaks(with_ids(data, items=telling), last_out(data)).warnings
    assert any(w.startswith("item ids follow the order of first appearance") for w in found)
    as_text = find_leaks(with_ids(data, items=[str(n) for n in telling]), last_out(data)).warnings
    assert any("item ids" in w for w in as_text)


def test_user_ids_in_the_order_of_appearance_are_found(data):
    found = find_leaks(with_ids(data, users=list(range(30))), last_out(data)).warnings
    assert any(w.startswith("user ids follow") for w in found)


def test_shuffled_numeric_ids_are_silent(data):
    shuffled = np.random.default_rng(0).permutation(30).tolist()
    assert find_leaks(with_ids(data, users=shuffled), last_out(data)).warnings == ()


def test_ids_that_lean_towards_an_order_are_silent(data):
    starts = data.interactions.timestamps[data.offsets[:-1]]
    leaning = (np.argsort(np.argsort(starts)) + np.random.default_rng(0).normal(0, 9, 30)) * 1000
    ids = with_ids(data, users=[int(n) + 100_000 for n in leaning])
    assert 0.5 < id_order(ids.users.ids, data.interactions.users, data.interactions.timestamps) < 0.9
    assert find_leaks(ids, last_out(data)).warnings == ()


def test_timestamps_that_are_an_order_are_noted():
    rows = random_rows()
    data = dataset(rows, 20, times=list(range(180)))
    found = find_leaks(data, last_out(data))
    assert any("only an order" in n for n in found.notes)
    assert not any("future" in n for n in found.notes)


def test_leave_last_out_is_told_that_it_looks_into_the_future(data):
    assert any("looks into the future of other users" in n for n in find_leaks(data, last_out(data)).notes)


def test_a_global_cut_that_is_none_is_found(data):
    cut = float(np.median(data.interactions.timestamps))
    split = last_out(data, name="temporal", facts={"test_from": cut})
    assert any("which claims a cut for all users" in w for w in find_leaks(data, split).warnings)


def test_folds_are_named_where_there_are_several(data):
    split = with_fold(last_out(data), train=data)
    twice = Split("k-fold:2", (*last_out(data).folds, *split.folds), {})
    assert any(w.startswith("fold 2: 30 of 30") for w in find_leaks(data, twice).warnings)
