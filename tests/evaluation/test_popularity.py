"""Popularity bias of lists whose answers are obvious: item 0 is a hit, item 5 hardly known."""

import numpy as np
import pytest

from llm4rec.core import Dataset, History, Holdout, Interactions, Request, Users, Vocabulary
from llm4rec.evaluation.names import RULES, lower_is_better
from llm4rec.evaluation.once import OF_LISTS
from llm4rec.evaluation.popularity import POPULARITY
from llm4rec.evaluation.variety import Shelf

from .worlds import catalog


def world(histories, targets, items=6):
    """Ten people: all took 0, five took 1, three 2, and one each of 3, 4 and 5."""
    rows = [[0] for _ in range(10)]
    for item, takers in ((1, 5), (2, 3), (3, 1), (4, 1), (5, 1)):
        for user in range(takers):
            rows[user].append(item)
    users = np.repeat(np.arange(10), [len(r) for r in rows])
    data = Dataset(
        Interactions.of(users, np.concatenate(rows)).sorted(), catalog(6), Users(Vocabulary(range(10)))
    )
    asked = Holdout([Request(History.of(h)) for h in histories], [np.array(t) for t in targets])
    return Shelf(catalog(items), data, asked, None)


def test_average_popularity_is_the_mean_share_of_takers():
    found = POPULARITY["arp"](np.array([[0, 1], [5, -1]]), world([[], []], [[0], [0]]))
    assert found.tolist() == pytest.approx([0.75, 0.1])


def test_the_tail_are_the_least_taken_with_a_fifth_of_events():
    shelf = world([[]], [[0]])
    # 21 events: items 3, 4 and 5 have 3 of them, item 2 would make it 6.
    assert POPULARITY["tail"](np.array([[0, 3, 4, 2]]), shelf).tolist() == [0.5]


def test_a_newcomer_was_taken_by_nobody_and_lies_in_the_tail():
    shelf = world([[]], [[0]], items=8)
    lists = np.array([[7, 0]])
    assert POPULARITY["arp"](lists, shelf).tolist() == [0.5]
    assert POPULARITY["tail"](lists, shelf).tolist() == [0.5]


def test_lift_compares_with_the_own_history():
    shelf = world([[5], [0], []], [[0], [1], [1]])
    assert POPULARITY["lift"](np.array([[1], [1], [1]]), shelf).tolist() == pytest.approx([0.4, -0.5, 0.0])
    assert POPULARITY["lift"](np.array([[1]]), world([[]], [[0]])) is None


def test_deviation_is_none_of_the_same_kind_and_all_of_another():
    shelf = world([[0], [5], [5, 0]], [[1], [0], [1]])
    found = POPULARITY["deviation"](np.array([[0, -1], [0, -1], [0, 4]]), shelf)
    assert found.tolist() == pytest.approx([0.0, 1.0, 0.0])


def test_opportunity_is_the_recall_of_hits_less_that_of_the_tail():
    shelf = world([[], [], [], []], [[0], [0], [5], [4]])
    lists = np.array([[0], [0], [5], [0]])
    assert POPULARITY["opportunity"](lists, shelf).mean() == pytest.approx(1.0 - 0.5)


def test_opportunity_needs_answers_of_both_kinds():
    assert POPULARITY["opportunity"](np.array([[0]]), world([[]], [[0]])) is None


def test_every_metric_of_lists_is_there_and_less_bias_is_better():
    alone = {"coverage", "gini", "novelty", "ild"}
    assert {n for n, rule in RULES.items() if rule.family == "lists"} == {*OF_LISTS, *alone}
    assert all(lower_is_better(f"{name}@10") for name in POPULARITY if name != "tail")
