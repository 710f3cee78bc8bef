"""Which form of the stacker is kept, and who decides."""

import numpy as np
import pytest

from llm4rec.core import silent
from llm4rec.models.rankers import Lessons, TreeSettings
from llm4rec.models.stacking import Asked, Order


def lessons(questions, right, seed=0):
    """Questions of 12 candidates; the answer has the highest value in column `right` and a random one in the other."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((questions, 12, 2)).astype(np.float32)
    best = features[:, :, right].argmax(axis=1)
    hits = np.zeros((questions, 12), dtype=bool)
    hits[np.arange(questions), best] = True
    bounds = np.arange(0, questions * 12 + 1, 12)
    return Lessons(features.reshape(-1, 2), hits.ravel(), bounds, np.ones(questions, dtype=np.int64))


@pytest.mark.parametrize(("own", "stays"), [(0, False), (20, False), (80, True)])
def test_held_out_questions_decide_where_there_are_enough_of_them(own, stays):
    """Eighty held-out questions are right by the base, four hundred earlier ones by the other feature."""
    both = lessons(80, 0).followed_by(lessons(400, 1, seed=1))
    found = Order.learn(both, "auto", TreeSettings(rounds=5), 0.0, silent, Asked(own))
    assert (found.form == "base") == stays


def test_a_form_that_is_asked_for_is_learnt_whoever_would_decide():
    both = lessons(80, 0).followed_by(lessons(400, 1, seed=1))
    found = Order.learn(both, "linear", TreeSettings(), 0.0, silent, Asked(80))
    assert found.form == "linear"
    assert found.trials["base"] == pytest.approx(1.0)
    assert found.trials["linear"] < 1.0
