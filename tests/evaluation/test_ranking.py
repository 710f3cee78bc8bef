"""Full ranking: chunks change nothing, rules of requests hold, mistakes are named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core import ComponentError
from llm4rec.evaluation.names import parse_metrics
from llm4rec.evaluation.ranking import rank

from .worlds import FixedScores, asks

NAMES = parse_metrics(["ndcg@3", "hr@3", "map@3", "mrr", "auc", "coverage@2"])


def ranked(matrix, holdout, **options):
    return rank(FixedScores(matrix), holdout, np.shape(matrix)[1], NAMES, **options)


@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
@settings(max_examples=30, deadline=None)
def test_the_batch_size_changes_no_metric(seed, chunk_bytes):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(0, 5, (9, 8))
    targets = [rng.choice(5, rng.integers(1, 4), replace=False) for _ in range(9)]
    histories = [[5 + n % 3] for n in range(9)]
    holdout = asks(range(9), targets, histories)
    whole, parts = ranked(matrix, holdout), ranked(matrix, holdout, chunk_bytes=chunk_bytes)
    for name in whole.values:
        np.testing.assert_array_equal(whole.values[name], parts.values[name])
    np.testing.assert_array_equal(whole.lists, parts.lists)


def test_items_of_the_history_are_out_of_the_way():
    found = ranked([[9, 8, 7]], asks([0], [[2]], [[0, 1]]))
    assert found.values["hr@3"] == [1.0]
    assert found.values["mrr"] == [1.0]
    assert found.lists.tolist() == [[2, -1]]


def test_items_of_the_history_can_be_asked_for():
    found = ranked([[9, 8, 7]], asks([0], [[1]], [[0, 1]], seen="include"))
    assert found.values["mrr"] == [0.5]


def test_only_the_allowed_compete_and_the_excluded_do_not():
    found = ranked([[9, 8, 7, 6]], asks([0], [[3]], allowed=np.array([1, 2, 3]), excluded=np.array([1])))
    assert found.values["mrr"] == [0.5]


@pytest.mark.parametrize(
    ("history", "limits", "why"),
    [
        ([2], {}, "in the history"),
        ([], {"excluded": np.array([2])}, "excluded"),
        ([], {"allowed": np.array([0])}, "not among the allowed"),
    ],
)
def test_a_target_that_is_ruled_out_is_a_mistake_of_the_split(history, limits, why):
    with pytest.raises(ValueError, match=f"question 1 .*item 2.*{why}"):
        ranked([[1, 2, 3]] * 2, asks([0, 1], [[0], [2]], [[], history], **({} if history else limits)))


@pytest.mark.parametrize(("target", "what"), [([], "no target"), ([7], "outside the 3 items")])
def test_a_question_without_an_answer_is_a_mistake_of_the_split(target, what):
    with pytest.raises(ValueError, match=what):
        ranked([[1, 2, 3]], asks([0], [np.array(target, dtype=np.int64)]))


@pytest.mark.parametrize(("bad", "what"), [(np.nan, "NaN"), (np.inf, "infinite"), (-np.inf, "infinite")])
def test_scores_that_are_not_numbers_name_their_model(bad, what):
    with pytest.raises(ComponentError, match=f"ease gave {what} scores"):
        ranked([[1, bad, 3]], asks([0], [[0]]), name="ease")


def test_scores_of_the_wrong_shape_name_their_model():
    with pytest.raises(ComponentError, match=r"ease gave scores of shape \(1, 3\), not \(1, 4\)"):
        rank(FixedScores([[1, 2, 3]]), asks([0], [[0]]), 4, NAMES, "ease")


def test_a_declined_question_is_a_tie_and_is_counted():
    found = ranked([[-np.inf] * 4, [4, 3, 2, 1]], asks([0, 1], [[0], [0]]))
    assert found.declined == 1
    assert found.values["auc"].tolist() == [0.5, 1.0]


def test_the_scores_of_the_model_are_left_alone():
    matrix = np.ones((1, 3), dtype=np.float32)

    class Owner:
        def score(self, requests):
            return matrix

    rank(Owner(), asks([0], [[0]], [[1]]), 3, NAMES)
    assert (matrix == 1).all()


def test_nothing_to_rank_says_so():
    with pytest.raises(ValueError, match="no questions"):
        ranked([[1, 2, 3]], asks([], []))
