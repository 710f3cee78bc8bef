"""What an engine shows its model: never the holdout of an evaluation, in the end everything."""

import numpy as np
import pytest

from llm4rec.core import DataError, Holdout, Request, silent
from llm4rec.engine import Engine
from llm4rec.engine.fitted import Since
from llm4rec.engine.fitting import fit_like, hold_out_last
from llm4rec.testing import checkerboard, in_a_row

from .doubles import SEEN


def pairs(dataset):
    return set(zip(dataset.interactions.users.tolist(), dataset.interactions.items.tolist(), strict=True))


@pytest.fixture
def data():
    return in_a_row()


@pytest.fixture
def parted(data):
    """Training data, and a holdout of what is not in it."""
    ends = data.offsets[1:] - 1
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[ends] = False
    left = data.only(keep)
    requests = [Request(left.history(u), user=u) for u in range(len(data.users))]
    return left, Holdout(requests, [data.interactions.items[e : e + 1] for e in ends])


def test_with_a_holdout_the_model_sees_the_training_data_alone(engine, parted):
    left, questions = parted
    made = engine("recorder").fit(left, holdout=questions)
    assert [(dataset, holdout) for _, dataset, holdout in SEEN] == [(left, questions)]
    assert made.model.step == 5, "chosen on the holdout"
    assert made.fitted.dataset is left


def test_with_refit_the_chosen_settings_are_fitted_on_it(engine, parted, data):
    left, questions = parted
    made = engine("recorder").fit(left, holdout=questions, refit=data)
    (first, seen_first, asked), (second, seen_second, nothing) = SEEN
    assert (first, seen_first, asked) == (1, left, questions)
    assert (second, seen_second, nothing) == (5, data, None)
    assert made.fitted.dataset is data


def test_without_a_holdout_last_events_are_held_out_and_then_everything_is_learnt(engine, data):
    engine("recorder").fit(data)
    (_, tuning, questions), (step, final, nothing) = SEEN
    asked = {(r.user, int(t[0])) for r, t in zip(questions.requests, questions.targets, strict=True)}
    assert asked
    assert asked.isdisjoint(pairs(tuning))
    assert asked | pairs(tuning) == pairs(data)
    assert final is data
    assert (step, nothing) == (5, None)


def test_without_a_holdout_a_refit_is_still_what_is_learnt_in_the_end(engine, parted, data):
    left, _ = parted
    made = engine("recorder").fit(left, refit=data)
    assert SEEN[-1][1] is data
    assert made.fitted.dataset is data


def test_without_tuning_everything_is_learnt_at_once(settings, data):
    plain = settings.model_copy(update={"fit": settings.fit.model_copy(update={"tune": False})})
    Engine(plain, model="recorder").fit(data)
    assert [(dataset, holdout) for _, dataset, holdout in SEEN] == [(data, None)]


def test_questions_are_a_fifth_of_the_events_at_most_and_last_events_only(data):
    left, questions = hold_out_last(data, 1_000, np.random.default_rng(0))
    assert len(questions) == 40
    assert len(left.interactions) == len(data.interactions) - 40
    for request, target in zip(questions.requests, questions.targets, strict=True):
        assert target[0] == data.history(request.user).items[-1]
        assert request.history.items.tolist() == data.history(request.user).items[:-1].tolist()
    _, few = hold_out_last(data, 7, np.random.default_rng(0))
    assert len(few) == 7


def test_people_with_fewer_than_three_events_are_asked_nothing():
    from llm4rec.testing import shelf

    left, questions = hold_out_last(shelf(), 10, np.random.default_rng(0))
    assert len(questions) == 0
    assert len(left.interactions) == 8


def test_without_interactions_there_is_nothing_to_learn(engine, data):
    nothing = data.only(np.zeros(len(data.interactions), dtype=bool))
    with pytest.raises(DataError, match="no interactions to learn from"):
        engine().fit(nothing)


@pytest.mark.parametrize("model", ["sequence", "ease", "transition"])
def test_the_same_seed_gives_the_same_engine(engine, model):
    one, other = (engine(model).fit(checkerboard()) for _ in range(2))
    assert one.fitted.version == other.fitted.version
    assert one.recommend(user="user-3") == other.recommend(user="user-3")


def test_columns_left_out_are_never_seen(settings):
    from llm4rec.core import Catalog, Column, ColumnType, Dataset

    data = checkerboard()
    parity = np.array(["even", "odd"] * 10, dtype=object)
    titles = np.array([f"thing {n}" for n in range(20)], dtype=object)
    columns = {"title": Column(ColumnType.TEXT, titles), "parity": Column(ColumnType.CATEGORY, parity)}
    told = Dataset(data.interactions, Catalog(data.catalog.ids, columns), data.users)
    seeing = Engine(settings, model="content").fit(told)
    assert any("parity" in name for name in seeing.fitted.features.names)
    blind = settings.model_copy(
        update={"features": settings.features.model_copy(update={"exclude": ("parity",)})}
    )
    features = Engine(blind, model="content").fit(told).fitted.features
    assert features is None or not any("parity" in name for name in features.names)


def test_what_begins_from_an_earlier_fit_reads_texts_as_that_did(engine, data, tmp_path):
    made = engine("als", tune=False).fit(data)
    warm, cold = (fit_like(made.settings, made.fitted, data, silent, one) for one in (True, False))
    assert warm.whitening is made.fitted.whitening is not None
    assert cold.whitening is not made.fitted.whitening
    assert warm.since == Since(made.fitted.version, 1, len(data.interactions))
    assert len({warm.version, cold.version}) == 2
    back = Engine.load(made.over(warm).save(tmp_path / "warm")).fitted
    assert (back.since, back.version) == (warm.since, warm.version)


def test_a_model_that_cannot_go_on_is_fitted_from_the_start_and_says_so(engine, data):
    made = engine("recorder").fit(data)
    found = fit_like(made.settings, made.fitted, data, silent, warm=True)
    assert found.since.version == ""
    assert "'recorder' takes its settings over and is fitted from the start" in found.notes[0]
