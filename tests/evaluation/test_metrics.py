"""Ranking metrics: known values, and ties as the exact mean over every order of equal scores."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core import SettingsError
from llm4rec.evaluation.metrics import MEASURES, accuracy
from llm4rec.evaluation.names import RULES, lower_is_better, parse_metric, parse_metrics
from llm4rec.evaluation.places import average_ranks, find_places

ALL = ("hr", "recall", "precision", "f1", "ndcg", "mrr", "map")


def measured(scores, targets, *names):
    found = accuracy(
        find_places(np.array([scores], dtype=np.float32), [np.array(targets)]), parse_metrics(names)
    )
    return [float(found[name][0]) for name in names]


def by_hand(order, targets, base, k):
    """The metric of one order, from its definition."""
    right = [item in targets for item in order]
    top = right[:k]
    hits, wanted = sum(top), len(targets)
    dcg = sum(1 / np.log2(p + 2) for p, r in enumerate(top) if r)
    ideal = sum(1 / np.log2(p + 2) for p in range(min(k, wanted)))
    precisions = [sum(right[: p + 1]) / (p + 1) for p, r in enumerate(top) if r]
    p, r = hits / k, hits / wanted
    return {
        "hr": float(hits > 0),
        "recall": r,
        "precision": p,
        "f1": 2 * p * r / (p + r) if hits else 0.0,
        "ndcg": dcg / ideal,
        "mrr": 1 / (top.index(True) + 1) if hits else 0.0,
        "map": sum(precisions) / min(k, wanted),
    }[base]


def auc_by_hand(order, targets):
    wrong = [i for i in order if i not in targets]
    if not wrong:
        return 0.5
    return np.mean([order.index(t) < order.index(w) for t in targets for w in wrong])


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=6).flatmap(
        lambda scores: st.tuples(
            st.just(scores),
            st.sets(st.integers(0, len(scores) - 1), min_size=1),
            st.integers(1, len(scores) + 2),
        )
    )
)
@settings(max_examples=120, deadline=None)
def test_ties_are_the_mean_over_every_order(case):
    scores, targets, k = case
    orders = [
        o for o in permutations(range(len(scores))) if all(scores[a] >= scores[b] for a, b in pairwise(o))
    ]
    names = [f"{base}@{k}" for base in ALL]
    expected = [np.mean([by_hand(o, targets, base, k) for o in orders]) for base in ALL]
    expected.append(np.mean([auc_by_hand(o, targets) for o in orders]))
    assert measured(scores, sorted(targets), *names, "auc") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("base", ALL)
def test_a_perfect_ranker_gets_one_and_the_worst_nothing(base):
    k = 2
    best = 1.0 if base not in ("precision", "f1") else {"precision": 1.0, "f1": 1.0}[base]
    assert measured([9, 8, 1, 0], [0, 1], f"{base}@{k}") == [best]
    assert measured([1, 0, 9, 8], [0, 1], f"{base}@{k}") == [0.0]


def test_a_list_worked_out_on_paper():
    scores, targets = [5, 4, 3, 2, 1, 0], [0, 2, 5]
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    found = measured(scores, targets, "ndcg@5", "map@5", "mrr@5", "recall@5", "precision@5", "auc")
    assert found == pytest.approx([(1 + 0.5) / ideal, (1 + 2 / 3) / 3, 1.0, 2 / 3, 2 / 5, (3 + 2 + 0) / 9])


def test_a_constant_ranker_scores_what_chance_does():
    items, k = 40, 10
    discounts = sum(1 / np.log2(p + 2) for p in range(k))
    harmonic = sum(1 / (p + 1) for p in range(k))
    found = measured([0.0] * items, [7], "hr@10", "ndcg@10", "mrr@10", "auc")
    assert found == pytest.approx([k / items, discounts / items, harmonic / items, 0.5])


def test_without_a_cut_the_whole_ranking_counts():
    assert measured([3, 2, 1], [2], "mrr", "ndcg", "map") == pytest.approx([1 / 3, 0.5, 1 / 3])


def test_many_ties_and_many_targets_stay_exact():
    items, right, k = 3_000, 60, 10
    found = measured(np.zeros(items), range(right), "hr@10", "recall@10")
    miss = np.prod([(items - right - i) / (items - i) for i in range(k)])
    assert found == pytest.approx([1 - miss, k / items], rel=1e-8)


def test_masked_items_are_no_candidates():
    assert measured([-np.inf, 1.0, 2.0, -np.inf], [1], "mrr", "auc") == [0.5, 0.0]


def test_rows_do_not_depend_on_each_other():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 4, (12, 9)).astype(np.float32)
    targets = [rng.choice(9, rng.integers(1, 4), replace=False) for _ in range(12)]
    together = accuracy(find_places(scores, targets), parse_metrics(["map@4", "mrr@4", "auc"]))
    for row in range(12):
        alone = measured(scores[row], targets[row], "map@4", "mrr@4", "auc")
        assert alone == pytest.approx([together[name][row] for name in together])


def test_every_metric_of_places_is_there():
    assert set(MEASURES) == {name for name, rule in RULES.items() if rule.family == "places"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ndgc@10", "did you mean 'ndcg'"),
        ("hr", "needs a cut-off, such as 'hr@10'"),
        ("auc@10", "takes no cut-off"),
        ("hr@0", "starts at 1"),
        ("hr@ten", "no metric named"),
        ("", "there are"),
    ],
)
def test_a_wrong_name_is_refused_with_the_remedy(name, message):
    with pytest.raises(SettingsError, match=message):
        parse_metric(name)


def test_which_way_is_better():
    assert lower_is_better("rmse")
    assert lower_is_better("all/gini@10")
    assert not lower_is_better("ndcg@10")


def test_average_ranks_share_ties():
    assert average_ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_sorting_and_counting_agree(monkeypatch):
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 5, (20, 12)).astype(np.float32)
    targets = [rng.choice(12, rng.integers(1, 6), replace=False) for _ in range(20)]
    names = parse_metrics(["ndcg@5", "map", "auc", "hr@3"])
    counted = accuracy(find_places(scores, targets), names)
    monkeypatch.setattr("llm4rec.evaluation.places.FEW", 0)
    for name, values in accuracy(find_places(scores, targets), names).items():
        np.testing.assert_array_equal(values, counted[name])
