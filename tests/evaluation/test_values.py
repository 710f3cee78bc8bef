"""Metrics of known values, against their definitions."""

import numpy as np
import pytest

from llm4rec.core import ComponentError, History, Request
from llm4rec.evaluation.samples import pooled
from llm4rec.evaluation.significance import bootstrap
from llm4rec.evaluation.values import auc_rows, gauc_rows, judged, ordered

from .worlds import FakeEngine, FakeRater, clicks


def rows_of(users, items, values, groups=None):
    asking = {u: Request(History.of([]), user=u) for u in set(users)}
    return clicks([asking[u] for u in users], items, values, groups)


def rater(values):
    made = FakeRater(lambda request, items: np.asarray(values, dtype=float))
    made.items = len(values)
    return made


def test_stars_are_judged_by_how_far_off_they_are():
    found = judged(rater([3.0, 4.0]), rows_of([0, 0, 1], [0, 1, 0], [4, 4, 1]))
    assert found["rmse"].mean == pytest.approx(np.sqrt(5 / 3))
    assert found["mae"].mean == pytest.approx(1.0)
    assert set(found) == {"rmse", "mae"}


def test_clicks_are_judged_as_probabilities():
    found = judged(rater([0.9, 0.4]), rows_of([0, 0, 1, 1], [0, 1, 0, 1], [1, 0, 0, 1]))
    assert found["accuracy"].mean == 0.5
    assert found["logloss"].mean == pytest.approx(-np.log([0.9, 0.6, 0.1, 0.4]).mean())
    assert found["auc"].mean == pytest.approx(0.5)


def test_certainty_that_is_wrong_stays_finite():
    found = judged(rater([1.0, 0.0]), rows_of([0, 0], [0, 1], [0, 1]))
    assert found["logloss"].mean == pytest.approx(-np.log(1e-6))


def test_ratings_that_are_not_numbers_name_their_model():
    with pytest.raises(ComponentError, match="ease gave ratings"):
        judged(rater([np.nan]), rows_of([0, 1], [0, 0], [1, 0]), "ease")


def brute_auc(scores, clicked):
    yes, no = scores[clicked], scores[~clicked]
    return np.mean((yes[:, None] > no) + 0.5 * (yes[:, None] == no))


def test_auc_is_the_share_of_pairs_in_order_whoever_they_belong_to():
    rng = np.random.default_rng(3)
    scores, clicked = rng.integers(0, 6, 60).astype(float), rng.random(60) < 0.4
    users = rng.integers(0, 9, 60)
    assert auc_rows(users, scores, clicked).mean == pytest.approx(brute_auc(scores, clicked))


@pytest.mark.parametrize("share", [0.15, 0.85])
def test_the_interval_of_auc_agrees_with_drawing_people_anew(share):
    rng = np.random.default_rng(4)
    users = np.repeat(np.arange(150), 6)
    clicked = rng.random(900) < share
    scores = clicked * 0.8 + rng.standard_normal(150)[users] * 0.2 + rng.standard_normal(900)
    spread = bootstrap([pooled([auc_rows(users, scores, clicked)])], np.random.default_rng(0), 800).std()
    anew = []
    for _ in range(400):
        rows = np.concatenate([np.arange(6) + 6 * u for u in rng.integers(0, 150, 150)])
        anew.append(brute_auc(scores[rows], clicked[rows]))
    assert spread == pytest.approx(np.std(anew), rel=0.2)


def test_auc_within_groups_leaves_out_groups_of_one_kind():
    rng = np.random.default_rng(5)
    groups = rng.integers(0, 8, 50)
    scores, clicked = rng.integers(0, 4, 50).astype(float), rng.random(50) < 0.4
    clicked[groups == 2] = False
    expected = [
        brute_auc(scores[groups == g], clicked[groups == g])
        for g in range(8)
        if 0 < clicked[groups == g].mean() < 1
    ]
    found = gauc_rows(groups, groups, scores, clicked)
    np.testing.assert_allclose(found.values, expected)
    assert 2 not in found.users


def test_a_mere_ranker_is_judged_by_order_alone_and_asked_once_a_request():
    asked = []

    def rule(request, items):
        asked.append(request.user)
        return np.array([3.0, 1.0, 2.0])

    engine = FakeEngine(rule)
    engine.items = 3
    found = ordered(engine, rows_of([0, 0, 1, 1], [0, 1, 2, 1], [1, 0, 0, 1]), 3, chunk_bytes=1)
    assert found["auc"].mean == pytest.approx(brute_auc(np.array([3, 1, 2, 1.0]), np.array([1, 0, 0, 1]) > 0))
    assert sorted(asked) == [0, 1]


def test_a_mere_ranker_says_nothing_about_stars():
    assert ordered(FakeEngine(None), rows_of([0, 1], [0, 0], [5, 3]), 1) == {}
