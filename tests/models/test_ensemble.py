"""What anyone may rely on from a blend of models: weights that fit, exact shares, newcomers."""

import numpy as np
import pytest

from llm4rec.core import zscore_rows
from llm4rec.models.ensemble import Ensemble, EnsembleConfig
from llm4rec.testing import asking, checkerboard
from tests.models.stacking import learnt, share_right, walkers, world

NAMES = ("itemknn", "transition", "popular")


def test_the_input_that_is_right_is_weighed_most():
    data, questions = walkers()
    model = learnt(Ensemble(EnsembleConfig(inputs=NAMES)), data, questions)
    assert model.weights["itemknn"] == 1.0
    assert model.weights["transition"] > 0.0
    assert model.weights["popular"] == 0.0
    assert share_right(model, questions) > share_right(model.inputs_.base, questions)


def test_scores_are_the_weighted_sum_of_zscores():
    data = checkerboard()
    weights = {"ease": 0.5, "itemknn": 2.0}
    model = Ensemble(EnsembleConfig(inputs=("ease", "itemknn"), weights=weights)).fit(data, world(data))
    requests = [asking(0, 2), asking(5)]
    expected = sum(w * zscore_rows(model.inputs_.models[n].score(requests)) for n, w in weights.items())
    np.testing.assert_allclose(model.score(requests), expected, atol=1e-5)


def test_shares_of_history_items_differ_from_scores_by_the_same_for_all_items():
    data = checkerboard()
    model = Ensemble(EnsembleConfig(inputs=("ease", "itemknn"), weights={"itemknn": 0.3})).fit(
        data, world(data)
    )
    request, items = asking(0, 2, 7), np.array([4, 6, 9, 11])
    shares = np.array([sum(row.values()) for row in model.contributions(request, items)])
    rest = model.score([request])[0][items] - shares
    np.testing.assert_allclose(rest, rest[0], atol=1e-4)
    assert shares.std() > 0.01


def test_an_input_without_weight_is_not_asked_and_cannot_decline():
    data = checkerboard()
    model = Ensemble(EnsembleConfig(inputs=("popular", "ease"), weights={"ease": 0.0})).fit(data, world(data))
    assert np.isfinite(model.score([asking()])).all()


def test_inputs_that_cannot_take_newcomers_say_nothing_of_them():
    data = checkerboard()
    model = Ensemble(EnsembleConfig(inputs=("content", "ease"))).fit(data, world(data))
    newcomer = data.catalog.take(np.array([0]))
    longer = data.catalog.extended(type(newcomer)(type(newcomer.ids)(["newcomer"]), newcomer.columns))
    grown = model.grow(longer, world(data))
    request = asking(2, 20, 4)
    content = zscore_rows(grown.inputs_.models["content"].score([request]), 20)
    assert grown.score([request])[0, 20] == pytest.approx(float(content[0, 20]), abs=1e-5)
