"""What anyone may rely on from label prompts: cosines to sentences, no labels needed, a few make them honest."""

import numpy as np
import pytest

from llm4rec.core import DataError
from llm4rec.encoders.few_labels import (
    LabelPrompts,
    Logistic,
    LogisticConfig,
    PromptsConfig,
    SelfTraining,
    SelfTrainingConfig,
)
from llm4rec.testing.fakes import WordEncoder

GOOD = ["a good tent", "good and dry", "so good indeed", "it was good"]
BAD = ["a bad tent", "bad and wet", "so bad indeed", "it was bad"]
LABELS = np.array([0] * 4 + [1] * 4)


@pytest.fixture
def encoder():
    return WordEncoder(512)


@pytest.fixture
def prompts(encoder):
    return LabelPrompts.of(encoder, {"good": "good", "bad": "bad"}, ["{} indeed", "it was {}"])


def test_a_score_is_the_mean_cosine_to_the_hypotheses(encoder):
    prompts = LabelPrompts.of(encoder, {"good": "good", "bad": ["bad", "poor"]}, ["{} indeed", "it was {}"])
    one = encoder.encode(["so bad indeed"])
    told = encoder.encode(["bad indeed", "it was bad", "poor indeed", "it was poor"])
    assert prompts.labels == ("good", "bad")
    assert prompts.scores(one)[0, 1] == pytest.approx((told @ one[0]).mean(), abs=1e-6)
    assert prompts.scores(3 * one) == pytest.approx(prompts.scores(one), abs=1e-6)


def test_texts_find_their_label_without_a_labelled_one(prompts, encoder):
    chances = prompts.predict_proba(encoder.encode(GOOD + BAD))
    assert (chances.argmax(axis=1) == LABELS).all()
    assert chances.sum(axis=1) == pytest.approx(1)


def test_the_favour_for_a_wording_is_taken_away(encoder):
    slanted = LabelPrompts(encoder, {"good": ["good sofa lamp"], "bad": ["it was so and a indeed bad"]})
    vectors = encoder.encode(GOOD + BAD)
    assert (slanted.predict_proba(vectors).argmax(axis=1) == 1).sum() > 4, "it shares words with every text"
    fair = slanted.neutral(vectors)
    assert (fair.predict_proba(vectors).argmax(axis=1) == LABELS).all()
    assert fair.scores(vectors).mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    again = fair.neutral(vectors).scores(vectors)
    assert again.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)


def test_a_few_labels_turn_wrong_prompts_round(encoder):
    wrong = LabelPrompts(encoder, {"good": ["bad"], "bad": ["good"]}, PromptsConfig(reg=0.01))
    vectors = encoder.encode(GOOD + BAD)
    assert (wrong.predict_proba(vectors).argmax(axis=1) == 1 - LABELS).all()
    rows = [0, 1, 4, 5]
    fitted = wrong.fit(vectors[rows], LABELS[rows])
    assert (fitted.predict_proba(vectors).argmax(axis=1) == LABELS).all()


def test_prompts_are_a_classifier_that_can_teach_itself(prompts, encoder):
    vectors = encoder.encode((GOOD + BAD) * 5)
    labels = np.tile(LABELS, 5)
    learnt = SelfTraining(SelfTrainingConfig(rounds=1), lambda: prompts).fit(
        vectors[:16], labels[:16], vectors, np.random.default_rng(0)
    )
    assert (learnt.predict_proba(vectors).argmax(axis=1) == labels).all()


def test_a_head_drawn_to_prompts_answers_like_them_without_evidence(prompts, encoder):
    vectors = encoder.encode(GOOD + BAD)
    goal = prompts.towards(5.0)
    assert np.linalg.norm(goal, axis=1).mean() == pytest.approx(5.0)
    shuffled = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    head = Logistic(LogisticConfig(reg=1e6), towards=goal).fit(vectors, shuffled)
    assert (head.predict_proba(vectors).argmax(axis=1) == LABELS).all()


def test_prompts_that_say_nothing_are_refused(encoder):
    with pytest.raises(DataError, match="two labels or more"):
        LabelPrompts(encoder, {"good": ["good"]})
    with pytest.raises(DataError, match="one or more hypotheses"):
        LabelPrompts(encoder, {"good": "good", "bad": ["bad"]})
    with pytest.raises(DataError, match="for the word"):
        LabelPrompts.of(encoder, {"good": "good", "bad": "bad"}, ["it was"])
    with pytest.raises(DataError, match="no vector for one of"):
        LabelPrompts(encoder, {"good": ["good"], "bad": [""]})


def test_vectors_of_another_encoder_are_refused(prompts):
    with pytest.raises(DataError, match="encode both with the same encoder"):
        prompts.scores(np.ones((2, 3), np.float32))


def test_labels_of_other_classes_are_refused(prompts, encoder):
    with pytest.raises(DataError, match="3 classes for prompts of 2"):
        prompts.fit(encoder.encode(GOOD), np.array([0, 1, 2, 2]))
