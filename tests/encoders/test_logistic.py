"""What anyone may rely on from the head and from judging it: the optimum, the same for any scale, honest figures."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from llm4rec.core import DataError, NotFittedError
from llm4rec.encoders.few_labels import (
    Logistic,
    LogisticConfig,
    best_amount,
    best_temperature,
    calibration_error,
    evened,
    log_loss,
    macro_f1,
    stratified,
    tempered,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def known_world(rows, seed=0):
    """Labels drawn from a softmax whose weights are known."""
    weights = np.array([[1.5, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    biases = np.array([0.5, 0.0, -0.5])
    x = rng(seed).normal(size=(rows, 2)).astype(np.float32)
    chances = softmax(x @ weights.T + biases, axis=1)
    labels = (chances.cumsum(axis=1) < rng(seed + 1).random((rows, 1))).sum(axis=1)
    return x, labels.astype(np.int64), chances


def test_with_many_rows_the_true_probabilities_are_found():
    x, labels, _ = known_world(100_000)
    fresh, _, chances = known_world(500, seed=7)
    found = Logistic(LogisticConfig(reg=0)).fit(x, labels).predict_proba(fresh)
    assert np.abs(found - chances).max() < 0.02


def test_two_rows_are_solved_by_hand():
    # Columns scaled to variance one: x = -1, 1. By symmetry w1 = -w0 = v, b = 0; loss log(1 + e^-2v) + reg/2 v^2.
    x, labels = np.array([[3.0], [7.0]], np.float32), np.array([0, 1])
    model = Logistic(LogisticConfig(reg=1.0)).fit(x, labels)
    v = float(model.weights_[1, 0])
    assert float(model.weights_[0, 0]) == pytest.approx(-v)
    assert v == pytest.approx(2 * expit(-2 * v), abs=1e-4), "the derivative is -2 sigma(-2v) + reg v"
    assert model.predict_proba(x)[1, 1] == pytest.approx(expit(2 * v), abs=1e-6)


def test_scale_and_place_of_the_vectors_do_not_matter():
    x, labels, _ = known_world(300)
    one = Logistic().fit(x, labels).predict_proba(x)
    two = Logistic().fit(100 * x + 5, labels).predict_proba(100 * x + 5)
    assert np.abs(one - two).max() < 1e-3


def test_a_weight_of_two_is_the_row_twice():
    x, labels, _ = known_world(60)
    weights = np.ones(60)
    weights[:20] = 2.0
    doubled = Logistic().fit(np.r_[x, x[:20]], np.r_[labels, labels[:20]])
    assert Logistic().fit(x, labels, weights).weights_ == pytest.approx(doubled.weights_, abs=1e-3)


def test_without_evidence_weights_stay_where_they_are_drawn_to():
    x, labels, _ = known_world(30)
    goal = np.array([[2.0, 0.0], [0.0, 2.0], [-2.0, -2.0]])
    held = Logistic(LogisticConfig(reg=1e6), towards=goal).fit(x, labels)
    assert held.weights_ == pytest.approx(goal, abs=1e-3)
    free = Logistic(LogisticConfig(reg=1e-3), towards=goal).fit(x, labels)
    assert np.abs(free.weights_ - goal).max() > 0.5


def test_strongly_held_back_it_answers_the_shares():
    x, labels, _ = known_world(400)
    found = Logistic(LogisticConfig(reg=1e7)).fit(x, labels).predict_proba(x[:1])
    assert found[0] == pytest.approx(np.bincount(labels) / 400, abs=1e-3)


def test_a_search_that_ends_early_says_so():
    x, labels, _ = known_world(200)
    assert Logistic().fit(x, labels).notes_ == ()
    (note,) = Logistic(LogisticConfig(epochs=1)).fit(x, labels).notes_
    assert note == "not at the optimum after 1 epochs; set more epochs"


def test_constant_columns_do_no_harm():
    model = Logistic().fit(np.ones((4, 3), np.float32), np.array([0, 1, 1, 1]))
    assert model.predict_proba(np.ones((1, 3), np.float32))[0] == pytest.approx([0.25, 0.75], abs=1e-3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 2, 2], "class 1 has no row"),
        ([0, 0, 0], "one class only"),
        ([0, -1, 1], "class numbers"),
        ([0.0, 1.0, 1.0], "class numbers"),
        ([0, 1], "not one row each"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        Logistic().fit(np.eye(3, dtype=np.float32), np.array(labels))


def test_vectors_and_weights_that_cannot_be_learnt_are_refused():
    x, labels = np.eye(2, dtype=np.float32), np.array([0, 1])
    with pytest.raises(DataError, match="not all finite"):
        Logistic().fit(x * np.nan, labels)
    with pytest.raises(DataError, match="weights of rows"):
        Logistic().fit(x, labels, np.array([1.0, -1.0]))
    with pytest.raises(DataError, match="towards is"):
        Logistic(towards=np.zeros((3, 2))).fit(x, labels)
    with pytest.raises(NotFittedError):
        Logistic().predict_proba(x)


def test_macro_f1_by_hand():
    truth, answers = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert macro_f1(truth, answers) == pytest.approx((0.8 + 2 / 3) / 2)
    assert macro_f1(truth, np.zeros(4, int)) == pytest.approx((6 / 7 + 0) / 2)


def test_temperature_takes_back_what_was_exaggerated():
    _, labels, chances = known_world(20_000)
    exaggerated = tempered(chances, 1 / 3)
    assert best_temperature(exaggerated, labels) == pytest.approx(3, rel=0.05)
    assert best_temperature(chances, labels) == pytest.approx(1, rel=0.05)
    assert calibration_error(chances, labels) < 0.015
    assert calibration_error(exaggerated, labels) > 0.1
    assert log_loss(chances, labels) < log_loss(exaggerated, labels)
    assert (tempered(chances, 5).argmax(axis=1) == chances.argmax(axis=1)).all()


def test_calibration_error_by_hand():
    chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    assert calibration_error(chances, np.array([0, 1, 1, 1])) == pytest.approx((0.8 + 0.8) / 4)


def test_rare_classes_are_answered_more_often_where_all_count_the_same():
    chances = np.array([[0.9, 0.1], [0.7, 0.3], [0.95, 0.05]])
    prior = np.array([0.8, 0.2])
    assert evened(chances, prior)[0] == pytest.approx([0.9 / 0.8 / 1.625, 0.1 / 0.2 / 1.625])
    assert evened(chances, prior, 0.0) == pytest.approx(chances)
    assert evened(chances, prior).argmax(axis=1).tolist() == [0, 1, 0]
    assert best_amount(chances, np.array([0, 1, 0]), prior) == 0.75, "the first with (.8 / .2)^a > 7 / 3"
    assert best_amount(chances, np.array([0, 0, 0]), prior) == 0.0


def test_folds_hold_out_every_label_once_and_leave_each_class_something():
    labels = np.array([0] * 12 + [1] * 6 + [2])
    fold = stratified(labels, 5, rng())
    assert fold[labels == 2].tolist() == [-1], "a class of one is always fitted on"
    assert sorted(np.bincount(fold[fold >= 0])) == [3, 3, 4, 4, 4]
    assert sorted(np.bincount(fold[labels == 1])) == [1, 1, 1, 1, 2]
    for n in range(5):
        assert set(labels[fold != n]) == {0, 1, 2}
