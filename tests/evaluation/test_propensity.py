"""Weighted metrics: unbiased where answers are missing as assumed, exact on ties, and labelled."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from llm4rec.core import SettingsError
from llm4rec.evaluation import Options, evaluate
from llm4rec.evaluation.names import parse_metrics
from llm4rec.evaluation.places import find_places
from llm4rec.evaluation.propensity import effective, inverse_propensity, weighted
from llm4rec.evaluation.samples import Rows, pooled

from .worlds import FakeEngine, dataset, knows, last_out, random_rows


def measured(scores, targets, worth, name):
    places = find_places(np.array([scores], dtype=np.float32), [np.array(targets)])
    return float(weighted(places, [np.array(targets)], np.array(worth), parse_metrics([name]))[name][0])


def by_hand(order, targets, worth, base, k):
    gains = [worth[i] if i in targets else 0.0 for i in order][:k]
    if base == "ips_recall":
        return sum(gains) / sum(worth[t] for t in targets)
    best = sorted((worth[t] for t in targets), reverse=True)[:k]
    looked = 1.0 / np.log2(np.arange(len(order)) + 2)
    return sum(g * d for g, d in zip(gains, looked, strict=False)) / sum(
        g * d for g, d in zip(best, looked, strict=False)
    )


@pytest.mark.parametrize("base", ["ips_recall", "ips_ndcg"])
@pytest.mark.parametrize("scores", [[3, 2, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0], [2, 1, 1, 1]])
@pytest.mark.parametrize("k", [1, 2, 9])
def test_ties_are_the_mean_over_every_order(base, scores, k):
    worth, targets = [1.0, 4.0, 2.0, 0.5], [1, 2]
    orders = [o for o in permutations(range(4)) if all(scores[a] >= scores[b] for a, b in pairwise(o))]
    expected = np.mean([by_hand(o, targets, worth, base, k) for o in orders])
    assert measured(scores, targets, worth, f"{base}@{k}") == pytest.approx(expected)


def test_a_propensity_is_a_power_of_popularity():
    assert inverse_propensity(np.array([8, 0]), 3, 0.5).tolist() == pytest.approx([1.0, 3.0, 3.0])
    assert inverse_propensity(np.array([8, 0]), 2, 0.0).tolist() == [1.0, 1.0]


def test_equal_weights_are_all_effective_and_one_heavy_one_is_one():
    assert effective(np.ones(7)) == pytest.approx(7.0)
    assert effective(np.array([1e9, 1.0, 1.0])) == pytest.approx(1.0)


def test_weighing_finds_the_recall_that_unseen_answers_hide():
    """Half of what people like is rare, and seen a tenth as often: a ranker that finds hits alone has recall a half."""
    rng = np.random.default_rng(0)
    chance = np.array([1.0, 0.1])
    liked = rng.integers(0, 2, 40_000)
    seen = liked[rng.random(len(liked)) < chance[liked]]
    finds = (seen == 0).astype(float)
    weighed = Rows(np.full(len(seen), -1), finds, weights=1.0 / chance[seen])
    assert finds.mean() > 0.9
    assert weighed.mean == pytest.approx(0.5, abs=0.02)
    sample = pooled([weighed])
    assert sample.mean == pytest.approx(weighed.mean)


def test_rows_of_a_person_weigh_together():
    both = pooled([Rows(np.array([0, 0, 1]), np.array([1.0, 0.0, 1.0]), weights=np.array([3.0, 1.0, 4.0]))])
    assert both.totals.tolist() == [3.0, 4.0]
    assert both.counts.tolist() == [4.0, 4.0]


@pytest.fixture
def data():
    return dataset(random_rows(people=60), 20)


def test_an_evaluation_states_the_model_of_propensity_and_how_much_is_left(data):
    split = last_out(data)
    options = Options(metrics=["ndcg@5", "ips_ndcg@5", "ips_recall@5"], resamples=200, propensity=1.0)
    found = evaluate(data, split, ["oracle"], lambda n, s: FakeEngine(knows(split)), options).as_json()
    metrics = found["models"]["oracle"]["metrics"]
    assert metrics["ips_ndcg@5"]["mean"] == metrics["ips_recall@5"]["mean"] == pytest.approx(1.0)
    (line,) = [note for note in found["protocol"]["notes"] if note.startswith("ips_")]
    weights = 1.0 / (split.folds[0].train.counts[np.concatenate(split.folds[0].tests[""].targets)] + 1.0)
    assert "popularity^1 (" in line
    assert f"{weights.sum() ** 2 / (weights**2).sum():.0f} of 60 answers" in line


def test_without_weights_it_is_the_plain_metric(data):
    split = last_out(data)

    def rule(request, items):
        return np.random.default_rng(request.user).random(items)

    options = Options(metrics=["recall@5", "ips_recall@5"], resamples=200, propensity=0.0)
    metrics = evaluate(data, split, ["x"], lambda n, s: FakeEngine(rule), options).models["x"].metrics
    assert metrics["ips_recall@5"].mean == pytest.approx(metrics["recall@5"].mean)
    assert metrics["ips_recall@5"].low == pytest.approx(metrics["recall@5"].low)


@pytest.mark.parametrize("power", [-0.1, 3.0, float("nan")])
def test_a_power_out_of_range_is_refused(power):
    with pytest.raises(SettingsError, match="propensity"):
        Options(propensity=power)
