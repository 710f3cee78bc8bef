"""What anyone may rely on from self-training: sure rows in the right shares, a gain where there is one, no harm where not."""

import numpy as np
import pytest

from llm4rec.core import DataError, NotFittedError, SettingsError
from llm4rec.encoders.few_labels import (
    Classifier,
    Logistic,
    SelfTraining,
    SelfTrainingConfig,
    calibration_error,
    choose,
    log_loss,
    macro_f1,
    shares,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def chances_of(sure, best=None):
    """Two classes: probability `sure` of class `best`."""
    sure = np.array(sure)
    best = np.zeros(len(sure), int) if best is None else np.array(best)
    table = np.empty((len(sure), 2))
    table[np.arange(len(sure)), best] = sure
    table[np.arange(len(sure)), 1 - best] = 1 - sure
    return table


def test_only_sure_rows_are_chosen_and_each_class_has_its_share():
    #                    class 0: five sure rows         class 1: two sure, two fairly sure, one not
    sure = [0.99, 0.98, 0.97, 0.96, 0.95, 0.6, 0.99, 0.95, 0.8, 0.75, 0.55]
    best = [0] * 6 + [1] * 5
    table = chances_of(sure, best)
    strict = choose(table, np.array([0.5, 0.5]), 0.95, 0.95)
    assert strict.rows.tolist() == [0, 1, 2, 3, 6, 7], "seven are sure: four of each class, at most"
    filled = choose(table, np.array([0.5, 0.5]), 0.95, 0.7)
    assert filled.counts.tolist() == [4, 4]
    assert filled.labels.tolist() == [0] * 4 + [1] * 4
    assert filled.thresholds.tolist() == [0.96, 0.75]
    never = choose(table, np.array([0.1, 0.9]), 0.95, 0.7)
    assert never.counts.tolist() == [1, 4], "nothing below .7, though seven times .9 are seven rows"


def test_nothing_sure_is_nothing_chosen():
    found = choose(chances_of([0.9, 0.8]), np.array([0.5, 0.5]), 0.95, 0.7)
    assert len(found.rows) == 0
    assert found.thresholds.tolist() == [np.inf, np.inf]


def test_shares_follow_the_labels_and_none_is_zero():
    assert shares(np.array([0, 0, 1]), 3) == pytest.approx([3 / 6, 2 / 6, 1 / 6])


def blobs(rows, width=20, apart=2.5, seed=0, balance=0.5, overlap=1.0):
    """Two clouds whose gap lies in one direction; the rest is noise that few labels cannot tell from it."""
    draw = rng(seed)
    labels = (draw.random(rows) < balance).astype(np.int64)
    x = draw.normal(0, overlap, (rows, width)).astype(np.float32)
    x[:, 0] += apart * (2 * labels - 1)
    return x, labels


def few(labels, each):
    return np.concatenate([np.flatnonzero(labels == c)[:each] for c in np.unique(labels)])


def test_clusters_without_labels_teach_where_the_border_lies():
    x, labels = blobs(1500, width=60, apart=2)
    rows = few(labels, 5)
    test, truth = blobs(2000, width=60, apart=2, seed=9)
    config = SelfTrainingConfig(confidence=0.8, least=0.6, rounds=4)
    learnt = SelfTraining(config).fit(x[rows], labels[rows], x, rng())
    plain = SelfTraining(SelfTrainingConfig(rounds=0)).fit(x[rows], labels[rows], x, rng())
    before, after = (macro_f1(truth, m.predict_proba(test).argmax(axis=1)) for m in (plain, learnt))
    assert after > before + 0.02
    assert after > 0.96
    assert learnt.chosen_.number > 0
    assert learnt.chosen_.loss < learnt.rounds_[0].loss


def test_where_nothing_helps_the_supervised_classifier_stays():
    x, _ = blobs(200)
    labels = rng(3).integers(0, 2, 200)  # labels have nothing to do with the vectors
    config = SelfTrainingConfig(confidence=0.5, least=0.5)
    learnt = SelfTraining(config).fit(x[:60], labels[:60], x[60:], rng())
    plain = SelfTraining(SelfTrainingConfig(rounds=0)).fit(x[:60], labels[:60], x[60:], rng())
    if learnt.chosen_.number == 0:
        assert learnt.predict_proba(x).tolist() == plain.predict_proba(x).tolist()
        assert learnt.notes_[0].startswith("pseudo-labels did not lower")
    assert learnt.chosen_.loss <= plain.chosen_.loss
    assert learnt.predict_proba(x).max() < 0.75, "calibration says that nothing is known"


class Boastful:
    """A classifier that is right and ten times too sure."""

    def fit(self, vectors, labels, sample_weight=None):
        self.inner = Logistic().fit(vectors, labels, sample_weight)
        return self

    def predict_proba(self, vectors):
        logits = 10 * self.inner.logits(vectors)
        table = np.exp(logits - logits.max(axis=1, keepdims=True))
        return table / table.sum(axis=1, keepdims=True)


def test_a_boastful_classifier_is_cooled_before_it_teaches():
    x, labels = blobs(900, apart=0.7, seed=1)
    rows = np.arange(300)
    assert isinstance(Boastful(), Classifier)
    learnt = SelfTraining(SelfTrainingConfig(rounds=1), Boastful).fit(x[rows], labels[rows], x[300:], rng())
    assert 5 < learnt.rounds_[0].temperature < 20
    assert 0 < learnt.rounds_[1].pseudo < 100, "as it boasts, it would teach itself most of 600"
    test, truth = blobs(3000, apart=0.7, seed=9)
    assert calibration_error(Boastful().fit(x[rows], labels[rows]).predict_proba(test), truth) > 0.12
    assert calibration_error(learnt.predict_proba(test), truth) < 0.05


def test_what_was_held_out_is_told():
    x, labels = blobs(300, apart=1)
    learnt = SelfTraining(SelfTrainingConfig(rounds=1)).fit(x[:60], labels[:60], x[60:], rng())
    chances, truth = learnt.held_
    assert sorted(truth) == sorted(labels[:60]), "every label once"
    assert log_loss(chances, truth) == pytest.approx(learnt.chosen_.loss)


def test_pseudo_labels_follow_the_shares_of_the_labelled():
    x, labels = blobs(1000, balance=0.2, apart=2)
    rows = np.arange(100)
    learnt = SelfTraining(SelfTrainingConfig(rounds=1, least=0.6)).fit(x[rows], labels[rows], x[100:], rng())
    prior = shares(labels[rows], 2)
    counts = np.array(learnt.rounds_[1].counts)
    assert counts / counts.sum() == pytest.approx(prior, abs=0.03)


def test_unlabelled_rows_never_outvote_the_labelled():
    seen = []

    class Recorder(Logistic):
        def fit(self, vectors, labels, sample_weight=None):
            seen.append(np.array(sample_weight))
            return super().fit(vectors, labels, sample_weight)

    x, labels = blobs(1000)
    rows = few(labels, 20)
    config = SelfTrainingConfig(rounds=1, weight=0.5)
    SelfTraining(config, Recorder).fit(x[rows], labels[rows], x, rng(), held=blobs(50, seed=4))
    supervised, taught = seen
    assert supervised.tolist() == [1.0] * 40
    assert taught[:40].tolist() == [1.0] * 40
    assert len(taught) > 200
    assert taught[40:].sum() == pytest.approx(20)


def test_held_out_labels_judge_where_they_are_given():
    x, labels = blobs(400)
    held_x, held = blobs(100, seed=5)
    rows = few(labels, 10)
    learnt = SelfTraining(SelfTrainingConfig(rounds=2)).fit(
        x[rows], labels[rows], x, rng(), held=(held_x, 1 - held)
    )
    assert learnt.chosen_.loss == pytest.approx(np.log(2), abs=0.2), "all held-out labels speak against it"
    assert learnt.temperature_ > 10


def test_one_seed_is_one_result_and_no_unlabelled_row_is_an_answer():
    x, labels = blobs(200)
    one, two = (SelfTraining().fit(x[:40], labels[:40], x[40:], rng(3)).predict_proba(x) for _ in range(2))
    assert one.tolist() == two.tolist()
    alone = SelfTraining().fit(x[:40], labels[:40], x[:0], rng(3))
    assert alone.notes_ == ("no unlabelled row reached confidence 0.95: nothing was added",)
    assert alone.predict_proba(x).sum(axis=1) == pytest.approx(1)


def test_a_class_with_one_label_is_learnt_and_never_held_out():
    x, labels = blobs(60)
    x = np.r_[x, np.full((1, 20), 9, np.float32)]
    labels = np.r_[labels, 2]
    learnt = SelfTraining(SelfTrainingConfig(rounds=1)).fit(x, labels, x, rng())
    assert learnt.predict_proba(x[-1:]).argmax() == 2


def test_what_cannot_be_learnt_is_refused():
    x = np.eye(4, dtype=np.float32)
    with pytest.raises(DataError, match="every class has one label"):
        SelfTraining().fit(x, np.arange(4), x, rng())
    with pytest.raises(DataError, match="unlabelled vectors are"):
        SelfTraining().fit(x, np.array([0, 0, 1, 1]), x[:, :2], rng())
    with pytest.raises(DataError, match="no held-out labels"):
        SelfTraining().fit(x, np.array([0, 0, 1, 1]), x, rng(), held=(x[:0], np.zeros(0, int)))
    with pytest.raises(NotFittedError):
        SelfTraining().predict_proba(x)
    with pytest.raises(SettingsError, match="is above confidence"):
        SelfTrainingConfig.of({"least": 0.9, "confidence": 0.8})


def test_a_classifier_that_drops_a_class_is_named():
    class Half(Logistic):
        def predict_proba(self, vectors):
            return super().predict_proba(vectors)[:, :1]

    x, labels = blobs(40)
    with pytest.raises(DataError, match="Half answered"):
        SelfTraining(make=Half).fit(x, labels, x, rng())


def test_classifiers_of_scikit_learn_fit_in():
    from sklearn.linear_model import LogisticRegression

    x, labels = blobs(300)
    rows = few(labels, 10)
    learnt = SelfTraining(make=LogisticRegression).fit(x[rows], labels[rows], x, rng())
    assert macro_f1(labels, learnt.predict_proba(x).argmax(axis=1)) > 0.95
