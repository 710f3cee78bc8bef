"""What anyone may rely on from EASE."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from llm4rec.core import History, Holdout, Interactions, Request, Users, Vocabulary
from llm4rec.models.ease import Ease, EaseConfig
from llm4rec.testing import asking, best, check_model, checkerboard, context, fitted, shelf

FORMS = [EaseConfig(reg=1.0), EaseConfig(reg=1.0, dense_limit=5)]
IDS = ["dense", "sparse"]


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_what_a_user_of_the_checkerboard_lacks_comes_first(config):
    data = checkerboard()
    model = fitted(Ease(config), data)
    assert [best(model, Request(data.history(u))) for u in range(20)] == list(range(20))


def test_the_map_is_that_of_the_paper():
    data = checkerboard(8)
    taken = data.matrix().toarray().astype(np.float64)
    inverse = np.linalg.inv(taken.T @ taken + 3.0 * np.eye(8))
    expected = inverse / -np.diagonal(inverse)
    np.fill_diagonal(expected, 0.0)
    model = fitted(Ease(EaseConfig(reg=3.0, decay=None)), data)
    found = model.score([asking(n) for n in range(8)])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("decay", "expected"), [(0.5, 3), (None, 1)])
def test_a_fading_history_follows_the_latest(decay, expected):
    # Three robots long ago, one garden now: without fading robots win by number.
    data = shelf()
    model = fitted(Ease(EaseConfig(reg=1.0, decay=decay)), data)
    scores = model.score([Request(History.of([0, 0, 2]))])[0]
    if decay is None:
        assert scores[1] == pytest.approx(scores[3])
    else:
        assert scores[3] > 2 * scores[1]
    assert best(model, asking(0, 0, 2)) == expected


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_contributions_sum_to_the_score(config):
    data = checkerboard()
    model = fitted(Ease(config), data)
    request = Request(History.of([4, 2, 4, 9]))
    given = model.contributions(request, np.array([6, 4]))
    assert [set(row) for row in given] == [{4, 2, 9}] * 2
    scores = model.score([request], np.array([6, 4]))[0]
    np.testing.assert_allclose([sum(row.values()) for row in given], scores, rtol=1e-4)


def test_many_small_updates_do_not_drift():
    data = checkerboard()
    model = fitted(Ease(EaseConfig(reg=1.0)), data)
    requests = [Request(data.history(u)) for u in range(20)]
    start = model.score(requests)
    for step in range(60):
        visitor = History.of([step % 20, (step * 7 + 3) % 20, (step * 3 + 1) % 20])
        model = model.partial_fit([History.of([])], [visitor])
        model = model.forget([visitor])
    np.testing.assert_allclose(model.score(requests), start, atol=2e-3)


def test_the_decay_that_answers_held_out_questions_is_chosen_and_said():
    # Robots twice, then a garden, then the other garden: unfaded it is a tie, faded slowly robots win.
    data = shelf()
    questions = Holdout([asking(0, 0, 2)] * 5, [np.array([3])] * 5)
    config = EaseConfig(reg=1.0, decay=20.0, decays=(20.0, None, 0.5))
    model = Ease(config).fit(data, context(data, holdout=questions))
    assert model.decay == model.chosen.decay == 0.5
    assert model.config == config, "the config given stays"
    assert best(model, asking(0, 0, 2)) == 3


def test_nothing_is_chosen_where_that_is_switched_off():
    data = shelf()
    questions = Holdout([asking(0, 0, 2)] * 5, [np.array([3])] * 5)
    model = Ease(EaseConfig(decay=20.0, decays=(0.5,), tune=False))
    assert model.fit(data, context(data, holdout=questions)).decay == 20.0


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_with_support_an_item_keeps_its_share_of_a_score_wherever_it_is_told(config):
    data, requests = checkerboard(), [asking(4, 2), asking(9)]
    plain = fitted(Ease(config), data)
    wary = fitted(Ease(config.model_copy(update={"support": 3.0})), data)
    kept = data.counts / (data.counts + 3.0)
    wanted = plain.score(requests) * kept
    np.testing.assert_allclose(wary.score(requests), wanted, rtol=1e-5)
    again = Ease(wary.config).restore(wary.state(), context(data))
    np.testing.assert_array_equal(again.score(requests), wary.score(requests))
    given = wary.contributions(requests[0], np.array([6]))[0]
    assert sum(given.values()) == pytest.approx(wanted[0, 6], rel=1e-4)
    said = wary.lighter(memory=100).answer(requests[0])
    np.testing.assert_allclose(said, wanted[0] / wanted[0].std(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_with_support_it_keeps_what_every_model_keeps(config):
    check_model(Ease(config.model_copy(update={"support": 2.0})))


def test_support_follows_who_comes_and_who_goes():
    data, visitor = checkerboard(), History.of([0, 2, 4])
    config = EaseConfig(reg=1.0, support=2.0)
    model = fitted(Ease(config), data)
    visited = model.partial_fit([History.of([])], [visitor])
    taken = data.counts + np.isin(np.arange(len(data.counts)), visitor.items)
    np.testing.assert_allclose(visited.trust_, taken / (taken + 2.0), rtol=1e-6)
    np.testing.assert_allclose(visited.forget([visitor]).trust_, model.trust_, rtol=1e-6)


def test_few_accounts_push_less_where_support_is_asked_for():
    """Twelve people took 1 after 0, and four joined 3 to it: three quarters and a half are left of what is said."""
    rows = [[0, 1]] * 12 + [[0, 3]] * 4
    taken = Interactions.of(
        np.repeat(np.arange(16), 2), [item for row in rows for item in row], timestamps=np.arange(32)
    )
    data = replace(shelf(), interactions=taken, users=Users(Vocabulary(list(range(16)))))
    plain, wary = (
        fitted(Ease(EaseConfig(reg=1.0, decay=None, support=support)), data).score([asking(0)])[0]
        for support in (0.0, 4.0)
    )
    assert wary[1] == pytest.approx(0.75 * plain[1], rel=1e-3)
    assert wary[3] == pytest.approx(0.5 * plain[3], rel=1e-3)


def test_wrong_settings_are_refused_by_name():
    with pytest.raises(ValidationError, match="reg"):
        EaseConfig(reg=0.0)
    with pytest.raises(ValidationError, match="support"):
        EaseConfig(support=-1.0)
    with pytest.raises(ValidationError, match="decay"):
        EaseConfig(decay=-1.0)
