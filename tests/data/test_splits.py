"""What anyone may rely on from a split: whose events are fitted on, who is asked what, and that nothing leaks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core import Catalog, DataError, Dataset, Interactions, SettingsError, Users, Vocabulary
from llm4rec.data.splits import PROTOCOLS, split

START = 1_000_000_000.0
DRAWN = ["leave-last-out", "temporal", "k-fold:3", "leave-one-out", "official:words", "folds:one,two"]


def dataset(users, items, times=None, **columns):
    """Interactions sorted; times are days after START."""
    times = START + 86_400.0 * np.asarray(range(len(users)) if times is None else times, dtype=float)
    rows = Interactions.of(users, items, timestamps=times, **columns).sorted()
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(1 + max(items))]))
    people = Users(Vocabulary([f"u{n}" for n in range(1 + max(users))]))
    return Dataset(rows, catalog, people, "tiny")


def asked(holdout):
    """User, history and targets of each question as plain lists."""
    pairs = zip(holdout.requests, holdout.targets, strict=True)
    return [(r.user, r.history.items.tolist(), t.tolist()) for r, t in pairs]


def test_leave_last_out_asks_for_the_last_event_and_chooses_by_the_one_before():
    data = dataset([0, 0, 0, 0, 1, 1], [4, 3, 2, 1, 0, 4])
    made = split(data, "leave-last-out")
    (fold,) = made.folds
    assert asked(fold.tests[""]) == [(0, [4, 3, 2], [1])]
    assert asked(fold.validation) == [(0, [4, 3], [2])]
    assert fold.train.interactions.items.tolist() == [4, 3, 0, 4]
    assert fold.refit.interactions.items.tolist() == [4, 3, 2, 0, 4]
    assert made.facts["users_only_in_train"] == 1
    assert made.facts["dropped_seen_targets"] == 0


def test_only_positive_events_are_targets_and_no_history_reaches_past_its_target():
    kinds = [0, 1, 0, 1, 0, 1]
    data = dataset([0] * 6, [0, 1, 2, 3, 4, 5], kinds=kinds, kind_names=("click", "dislike"))
    (fold,) = split(data, "leave-last-out").folds
    assert asked(fold.tests[""]) == [(0, [0, 1, 2, 3], [4])]
    assert asked(fold.validation) == [(0, [0, 1], [2])]
    assert fold.train.interactions.items.tolist() == [0, 1]


def test_a_target_already_in_the_history_is_dropped_and_counted():
    data = dataset([0, 0, 0, 1, 1, 1], [0, 1, 0, 2, 3, 4])
    made = split(data, "leave-last-out")
    assert asked(made.folds[0].tests[""]) == [(1, [2, 3], [4])]
    assert made.facts["targets_already_in_history"] == 1
    assert made.facts["dropped_seen_targets"] == 1


def test_equal_times_keep_the_order_of_the_file():
    data = dataset([0] * 4, [3, 1, 2, 0], times=[5, 5, 5, 5])
    (fold,) = split(data, "leave-last-out").folds
    assert asked(fold.tests[""]) == [(0, [3, 1, 2], [0])]


def test_official_words_give_a_validation_and_all_test_items_of_a_user_are_one_question():
    data = dataset([0, 0, 0, 0, 1], [0, 1, 2, 3, 0])
    marks = {"split": np.array(["train", "valid", "test", "test", "train"], dtype=object)}
    (fold,) = split(data, "official:split", marks).folds
    assert asked(fold.tests[""]) == [(0, [0, 1], [2, 3])]
    assert asked(fold.validation) == [(0, [0], [1])]
    assert fold.pairs is None


def test_official_booleans_leave_the_validation_to_the_engine_and_ratings_become_pairs():
    stars = [5.0, 1.0, 3.0]
    data = dataset([0, 0, 1], [0, 1, 1], values=stars, kind_names=("rating",))
    (fold,) = split(data, "official:test", {"test": np.array([False, True, True])}).folds
    assert fold.validation is None
    assert fold.refit is None
    assert fold.pairs.items.tolist() == [1, 1]
    assert fold.pairs.values.tolist() == [1.0, 3.0]
    assert [r.user for r in fold.pairs.requests] == [0, 1]
    assert [len(r.history) for r in fold.pairs.requests] == [1, 0]


def test_impressions_that_were_not_clicked_are_pairs_but_no_targets():
    data = dataset(
        [0, 0, 0, 1],
        [0, 1, 2, 0],
        values=[1.0, 0.0, 1.0, 1.0],
        kind_names=("impression",),
        impressions=np.array(["a", "b", "b", "c"], dtype=object),
    )
    (fold,) = split(data, "official:test", {"test": np.array([False, True, True, False])}).folds
    assert asked(fold.tests[""]) == [(0, [0], [2])]
    assert fold.pairs.values.tolist() == [0.0, 1.0]
    assert len(set(fold.pairs.groups.tolist())) == 1


def test_folds_are_one_fit_a_column():
    data = dataset([0, 0, 1, 1], [0, 1, 0, 1], values=[1, 2, 3, 4], kind_names=("rating",))
    marks = {"u1": np.array([True, False, False, False]), "u2": np.array([0, 0, 0, 1])}
    made = split(data, "folds:u1,u2", marks)
    assert [fold.pairs.values.tolist() for fold in made.folds] == [[1.0], [4.0]]
    assert [asked(fold.tests[""]) for fold in made.folds] == [[(0, [1], [0])], [(1, [0], [1])]]
    assert made.facts["folds"] == 2


def test_k_fold_tests_every_row_once():
    data = dataset([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1])
    made = split(data, "k-fold:3")
    assert [len(fold.train.interactions) for fold in made.folds] == [4, 4, 4]
    assert sum(len(t) for fold in made.folds for t in fold.tests[""].targets) == 6


def test_leave_one_out_draws_among_all_events_of_a_user():
    data = dataset([0] * 5 + [1], [0, 1, 2, 3, 4, 0])
    drawn = {
        split(data, "leave-one-out", rng=np.random.default_rng(seed)).folds[0].tests[""].targets[0][0]
        for seed in range(60)
    }
    assert drawn == {0, 1, 2, 3, 4}


def test_temporal_cuts_everyone_at_the_same_moment():
    users, times = [0, 0, 0, 0, 1, 1, 2, 2, 2, 0], [0, 1, 2, 8, 3, 4, 5, 6, 7, 9]
    data = dataset(users, [0, 1, 2, 3, 0, 1, 0, 1, 4, 5], times=times)
    (fold,) = split(data, "temporal:0.7,0.8").folds
    assert fold.validation is not None
    assert fold.train.interactions.timestamps.max() == START + 5 * 86_400
    assert asked(fold.validation) == [(2, [0], [1])]
    assert asked(fold.tests[""]) == [(0, [0, 1, 2], [3, 5]), (2, [0, 1], [4])]
    (alone,) = split(data, "temporal:0.8").folds
    assert alone.validation is None
    assert asked(alone.tests[""]) == asked(fold.tests[""])


def test_temporal_keeps_newcomers_as_questions_without_history():
    made = split(dataset([0, 0, 0, 1], [0, 1, 2, 0]), "temporal:0.9")
    assert asked(made.folds[0].tests[""])[-1] == (1, [], [0])
    assert made.facts["questions_without_history"] == 1


def test_temporal_puts_events_of_one_moment_on_one_side():
    data = dataset([0, 1, 2, 3], [0, 1, 2, 0], times=[0, 5, 5, 5])
    (fold,) = split(data, "temporal:0.9").folds
    assert fold.train.interactions.users.tolist() == [0]


def test_target_time_is_told_only_where_asked():
    data = dataset([0, 0, 0], [0, 1, 2])
    assert split(data, "leave-last-out").folds[0].tests[""].requests[0].time is None
    told = split(data, "leave-last-out", target_time=True)
    assert told.folds[0].tests[""].requests[0].time == START + 2 * 86_400
    assert told.folds[0].validation.requests[0].time == START + 86_400
    assert told.facts["request_time"] != split(data, "leave-last-out").facts["request_time"]


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        ("leave-last-uot", "did you mean 'leave-last-out'"),
        ("leave-last-out:3", "takes no arguments"),
        ("k-fold:1", "from 2 to 3"),
        ("temporal:2", "between 0 and 1"),
        ("temporal:0.9,0.8", "second share"),
        ("official:tset", "did you mean 'test'"),
        ("official", "needs one column"),
        ("folds", "needs columns"),
        ("cold-users:a", "cold-users:0.2"),
        ("cold-items:0.1,0.2", "at most 1"),
    ],
)
def test_a_wrong_protocol_is_refused_by_name(protocol, says):
    data = dataset([0, 0, 0], [0, 1, 2])
    with pytest.raises(SettingsError, match=says):
        split(data, protocol, {"test": np.array([False, False, True])})


@pytest.mark.parametrize("protocol", ["temporal", "cold-items"])
def test_an_order_is_no_time(protocol):
    data = Dataset(
        Interactions.of([0, 0], [0, 1]), Catalog(Vocabulary(["a", "b"])), Users(Vocabulary(["u"])), "x"
    )
    with pytest.raises(DataError, match="only an order"):
        split(data, protocol)


def test_marks_that_cannot_be_read_are_named():
    data = dataset([0, 0, 0], [0, 1, 2])
    with pytest.raises(DataError, match="hold 'later'"):
        split(data, "official:m", {"m": np.array(["train", "later", "test"])})
    with pytest.raises(DataError, match="2 rows for 3"):
        split(data, "official:m", {"m": np.array([True, False])})


def test_a_split_without_a_question_says_so():
    with pytest.raises(DataError, match="no question"):
        split(dataset([0, 1], [0, 1]), "leave-last-out")


def test_facts_are_plain_values():
    facts = split(dataset([0, 0, 0], [0, 1, 2]), "leave-last-out").facts
    assert all(isinstance(value, str | int | float) for value in facts.values())
    assert (facts["questions"], facts["target_items"]) == (1, 1)
    assert isinstance(facts["targets"], str), "the rule, not a count"
    assert set(PROTOCOLS) >= {"temporal", "cold-items", "cold-users"}


events = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 8), st.integers(0, 1)),
    min_size=12,
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(rows=events, protocol=st.sampled_from(DRAWN), seed=st.integers(0, 5))
def test_every_protocol_partitions_without_leaks_and_repeats_under_its_seed(rows, protocol, seed):
    users, items, times, kinds = (list(side) for side in zip(*rows, strict=True))
    data = dataset(
        users, items, times, kinds=kinds, kind_names=("rating", "dislike"), values=np.arange(len(rows))
    )
    chance = np.random.default_rng(seed)
    marks = {
        "words": chance.choice(["train", "valid", "test"], len(rows)),
        "one": chance.random(len(rows)) < 0.3,
        "two": chance.random(len(rows)) < 0.3,
    }
    try:
        made = split(data, protocol, marks, np.random.default_rng(seed))
    except DataError:
        return
    again = split(data, protocol, marks, np.random.default_rng(seed))
    for fold, other in zip(made.folds, again.folds, strict=True):
        check_parts(data, fold, made.facts, len(made.folds))
        for view in [*fold.tests.values(), *([fold.validation] if fold.validation else [])]:
            check_questions(view)
        assert asked(fold.tests[""]) == asked(other.tests[""])


def check_parts(data, fold, facts, folds):
    known = fold.refit or fold.train
    assert set(fold.train.interactions.values) <= set(known.interactions.values)
    if folds == 1:
        sizes = [facts[f"{part}_rows"] for part in ("train", "validation", "test")]
        assert sum(sizes) == len(data.interactions)
        assert len(known.interactions) == sizes[0] + sizes[1]
    for request in fold.tests[""].requests:
        assert request.history.items.tolist() == known.history(request.user).items.tolist()


def check_questions(view):
    users = [r.user for r in view.requests]
    assert users == sorted(set(users))
    for request, targets in zip(view.requests, view.targets, strict=True):
        assert len(targets) == len(set(targets.tolist())) > 0
        assert not set(targets.tolist()) & set(request.history.items.tolist())
