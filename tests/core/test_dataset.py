"""What anyone may rely on from a checked data set, held-out questions, candidates and recommendations."""

import numpy as np
import pytest

from llm4rec.core import (
    Candidates,
    Catalog,
    Dataset,
    History,
    Holdout,
    Interactions,
    Recommendations,
    Request,
    Users,
    Vocabulary,
)


def people_and_things(interactions, users=3, items=4):
    return Dataset(interactions, Catalog(Vocabulary(range(items))), Users(Vocabulary(range(users))))


@pytest.fixture
def data():
    """User 0 took 1 twice and disliked 2; user 1 did nothing; user 2 took 3 and 1."""
    events = Interactions.of(
        [0, 0, 0, 2, 2], [1, 2, 1, 3, 1], kinds=[0, 1, 0, 0, 0], kind_names=("click", "dislike")
    )
    return people_and_things(events)


def test_unsorted_interactions_are_refused():
    with pytest.raises(ValueError, match=r"not sorted; call Interactions\.sorted"):
        people_and_things(Interactions.of([1, 0], [0, 0]))
    with pytest.raises(ValueError, match="not sorted"):
        people_and_things(Interactions.of([0, 0], [0, 1], timestamps=[2.0, 1.0]))


@pytest.mark.parametrize(
    ("users", "items", "culprit"), [([0], [4], "item"), ([3], [0], "user"), ([0], [-1], "item")]
)
def test_numbers_outside_the_vocabularies_are_refused(users, items, culprit):
    with pytest.raises(ValueError, match=f"names a {culprit} number outside"):
        people_and_things(Interactions.of(users, items))


def test_a_history_holds_the_users_own_events_in_order(data):
    assert data.history(0).items.tolist() == [1, 2, 1]
    assert data.history(0).liked.tolist() == [1, 1]
    assert data.history(1).items.tolist() == []
    assert data.history(2).items.tolist() == [3, 1]


def test_nobody_has_an_empty_history(data):
    assert len(data.history(-1)) == 0


def test_counts_are_users_not_events(data):
    assert data.counts.tolist() == [0, 2, 0, 1]


def test_the_matrix_is_binary_over_positive_events(data):
    assert data.matrix().toarray().tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1]]


def test_weights_by_kind_are_summed_and_kinds_not_named_count_nothing(data):
    assert data.matrix({"click": 2.0, "dislike": -1.0}).toarray()[0].tolist() == [0, 4, -1, 0]
    assert data.matrix({"dislike": -1.0}).nnz == 1


def test_only_keeps_people_and_things(data):
    left = data.only(data.interactions.users != 2)
    assert len(left.users) == 3
    assert len(left.catalog) == 4
    assert left.counts.tolist() == [0, 1, 0, 0]
    assert data.counts.tolist() == [0, 2, 0, 1]


def test_a_question_needs_an_answer():
    with pytest.raises(ValueError, match="1 requests for 2 targets"):
        Holdout([Request(History.of([]))], [np.array([0]), np.array([1])])


def test_a_sample_of_questions_keeps_answers_with_their_questions():
    questions = Holdout([Request(History.of([n])) for n in range(50)], [np.array([n]) for n in range(50)])
    sample = questions.sample(10, np.random.default_rng(0))
    asked = [int(r.history.items[0]) for r in sample.requests]
    assert asked == [int(t[0]) for t in sample.targets]
    assert asked == sorted(set(asked))
    assert len(asked) == 10
    assert questions.sample(50, np.random.default_rng(0)) is questions


def test_candidates_are_one_pair_of_shapes():
    with pytest.raises(ValueError, match=r"\(2, 3\) and scores \(2, 2\)"):
        Candidates(np.zeros((2, 3), np.int64), np.zeros((2, 2), np.float32))


def test_scores_travel_with_reordered_items_and_padding_stays_behind():
    found = Candidates(np.array([[5, 6, -1]]), np.array([[0.9, 0.8, -np.inf]], np.float32), "someone")
    turned = found.reorder([np.array([1, 0])])
    assert turned.items.tolist() == [[6, 5, -1]]
    np.testing.assert_allclose(turned.scores[0], np.array([0.8, 0.9, -np.inf], np.float32))
    assert turned.source == "someone"
    assert found.items.tolist() == [[5, 6, -1]]


def test_recommendations_are_as_long_as_their_items():
    assert len(Recommendations(("a", "b"), (0.2, 0.1))) == 2
