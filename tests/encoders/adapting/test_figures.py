"""Figures whose values are known, and the probe."""

import numpy as np
import pytest

from llm4rec.encoders.adapting import figures
from llm4rec.encoders.adapting.balance import BEGINNING, Balancer
from llm4rec.encoders.adapting.batches import Batches
from llm4rec.encoders.adapting.config import AdaptConfig
from llm4rec.encoders.adapting.probe import probe
from llm4rec.encoders.adapting.probe_pairs import PAIRS
from llm4rec.encoders.adapting.reading import examples_of
from llm4rec.testing import WordEncoder

from .conftest import shop


def test_ndcg_of_known_ranks():
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]], np.float32)
    nothing = np.zeros((2, 3), dtype=bool)
    assert figures.ndcg(scores, np.array([0, 2]), nothing) == 1.0
    assert figures.ndcg(scores, np.array([0, 0]), nothing) == pytest.approx((1 + 1 / 2) / 2)
    ignored = np.array([[False] * 3, [False, True, True]])
    assert figures.ndcg(scores, np.array([0, 0]), ignored) == 1.0


def test_equal_scores_share_their_ranks():
    scores, nothing = np.zeros((1, 3), np.float32), np.zeros((1, 3), dtype=bool)
    assert figures.ndcg(scores, np.array([1]), nothing) == pytest.approx(1 / np.log2(3))


def test_auc_of_known_orders():
    ones = np.array([0, 0, 1, 1], np.float32)
    assert figures.auc(np.array([1, 2, 3, 4], np.float32), ones) == 1.0
    assert figures.auc(np.array([4, 3, 2, 1], np.float32), ones) == 0.0
    assert figures.auc(np.zeros(4, np.float32), ones) == 0.5
    assert figures.auc(np.array([1, 3, 2, 4], np.float32), ones) == 0.75
    assert figures.auc(np.array([1, 2], np.float32), np.ones(2, np.float32)) == 0.5


def test_macro_f1_weighs_labels_alike():
    truth = np.eye(2, dtype=np.float32)[[0, 0, 0, 1]]
    always = np.eye(2, dtype=np.float32)[[0, 0, 0, 0]]
    assert figures.macro_f1(truth, truth) == 1.0
    assert figures.macro_f1(always, truth) == pytest.approx((6 / 7) / 2)


def test_one_of_several_tags_is_right():
    both = np.array([[0.5, 0.5], [0.0, 1.0]], np.float32)
    assert figures.macro_f1(np.array([[0.1, 0.9], [0.1, 0.9]], np.float32), both) == pytest.approx(0.5)
    assert figures.macro_f1(np.array([[0.9, 0.1], [0.1, 0.9]], np.float32), both) == 1.0


def test_explained_variance():
    values = np.array([1, 2, 3], np.float32)
    assert figures.explained(values, values) == 1.0
    assert figures.explained(np.full(3, 2, np.float32), values) == 0.0
    assert figures.explained(values[::-1].copy(), values) < 0
    assert figures.explained(values, np.ones(3, np.float32)) == 0.0


def test_rank_correlation():
    x = np.array([1, 2, 3, 4], np.float64)
    assert figures.spearman(x, x**3) == pytest.approx(1)
    assert figures.spearman(x, -x) == pytest.approx(-1)
    assert figures.spearman(x, np.ones(4)) == 0
    assert figures.spearman(np.array([1, 1, 2.0]), np.array([3, 4, 5.0])) == pytest.approx(0.8660254)


def test_the_probe_tells_language_from_noise():
    class Noise:
        def encode(self, texts):
            return np.random.default_rng(0).standard_normal((len(texts), 64)).astype(np.float32)

    assert probe(WordEncoder(64).encode) > 25
    assert abs(probe(Noise().encode)) < 20
    assert len(PAIRS) >= 80
    assert len({pair[:2] for pair in PAIRS}) == len(PAIRS)
    assert {round(pair[2]) for pair in PAIRS} == {0, 1, 2, 3, 4, 5}


def balancer(way, **weights):
    return Balancer.of(AdaptConfig(tasks=("click", "masked"), balance=way, weights=weights))


def test_scaled_gives_gradients_one_length_and_then_stays():
    scaled = balancer("scaled", masked=2.0)
    lengths = {"click": 4.0, "masked": 1.0}
    for step in range(BEGINNING):
        weights = scaled.weigh(step, lengths, lengths)
    assert weights["click"] * 4 * 2 == pytest.approx(weights["masked"])
    assert scaled.weigh(BEGINNING, lengths, {"click": 1.0, "masked": 9.0}) == weights


def test_gradnorm_favours_what_learns_slowly():
    gradnorm, losses = balancer("gradnorm"), {"click": 1.0, "masked": 1.0}
    gradnorm.weigh(0, losses, losses)
    for step in range(1, 20):
        weights = gradnorm.weigh(step, {"click": 0.2, "masked": 1.0}, {"click": 1.0, "masked": 1.0})
    assert weights["masked"] > 1.2
    assert weights["click"] < 0.8
    assert sum(weights.values()) == pytest.approx(2)


def test_uncertainty_trusts_the_smaller_loss():
    uncertainty = balancer("uncertainty")
    for step in range(400):
        weights = uncertainty.weigh(step, {"click": 2.0, "masked": 0.5}, {})
    assert weights["click"] == pytest.approx(0.25, rel=0.05)
    assert weights["masked"] == pytest.approx(1.0, rel=0.05)


def test_batches_see_every_example_once_a_pass_and_are_a_function_of_their_number():
    config = AdaptConfig(tasks=("masked",), batch_size=7)
    examples = examples_of(shop(), config)["masked"]
    batches = Batches.of(examples, config)
    learnt = examples.rows(held=False)
    seen = np.concatenate([batches.rows(n) for n in range(len(batches))])
    assert sorted(seen[: len(learnt)]) == sorted(learnt)
    np.testing.assert_array_equal(batches.rows(9), Batches.of(examples, config).rows(9))


def test_a_share_of_each_batch_is_replayed():
    config = AdaptConfig(tasks=("masked",), batch_size=8, replay=0.25)
    examples = examples_of(shop(seed=1), config, old=shop(seed=2))["masked"]
    batches = Batches.of(examples, config)
    for number in range(5):
        rows = batches.rows(number)
        assert examples.old[rows].tolist() == [False] * 6 + [True] * 2
        assert not examples.held[rows].any()
