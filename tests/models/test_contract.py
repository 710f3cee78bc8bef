"""Every model of the registry keeps the contract, in its plain form, its sparse form and tuned on held-out events."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from llm4rec.core import Holdout, Learns, Request, Saves, Tunes
from llm4rec.engine.build import build_model
from llm4rec.engine.registry import TABLE, component
from llm4rec.testing import check_model, checkerboard, context, in_a_row, shelf


def world(data):
    """Fakes, and models made of models get the real ones."""
    return context(data, make=build_model)


MODELS = list(TABLE["model"])
SPARSE = [name for name in MODELS if "dense_limit" in component("model", name).config_type.model_fields]
TUNED = [name for name in MODELS if isinstance(build_model(name, {}), Tunes)]


@cache
def fitted(name):
    """The model in its plain form on the shelf, which is asked and left as it is; fitted once for all who ask it."""
    return build_model(name, {}).fit(shelf(), world(shelf()))


@cache
def tuned_on(name, data):
    """The model tuned on everyone's last event in `data`; what it was fitted on, and the questions."""
    left, questions = last_ones_out(data())
    return build_model(name, {}).fit(left, replace(world(left), holdout=questions)), left, questions


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("data", [checkerboard, shelf, in_a_row], ids=lambda data: data.__name__)
def test_every_model_keeps_the_contract(name, data):
    check_model(build_model(name, {}), data(), world)


@pytest.mark.parametrize("name", SPARSE)
def test_the_sparse_form_keeps_the_contract_too(name):
    check_model(build_model(name, {"dense_limit": 5}), world=world)


def test_there_are_sparse_forms():
    assert {"sequence", "transition", "ease"} <= set(SPARSE)


def last_ones_out(data):
    """The data without everyone's last event, and those as questions."""
    ends = data.offsets[1:] - 1
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[ends] = False
    left = data.only(keep)
    requests = [Request(left.history(u), user=u) for u in range(len(data.users))]
    return left, Holdout(requests, [data.interactions.items[e : e + 1] for e in ends])


@pytest.mark.parametrize("name", TUNED)
@pytest.mark.parametrize("data", [checkerboard, in_a_row], ids=lambda data: data.__name__)
def test_what_was_chosen_needs_no_holdout_to_fit_again(name, data):
    tuned, left, questions = tuned_on(name, data)
    here = world(left)
    if isinstance(tuned, Learns):
        again = tuned.refit(left, here)
    else:
        again = build_model(name, tuned.chosen.model_dump()).fit(left, here)
    np.testing.assert_allclose(again.score(questions.requests), tuned.score(questions.requests), atol=1e-5)
    assert build_model(name, tuned.chosen.model_dump()).chosen == tuned.chosen, "nothing is left to choose"


@pytest.mark.parametrize("name", TUNED)
def test_a_tuned_model_comes_back_from_its_state_and_what_it_chose(name):
    tuned, left, questions = tuned_on(name, in_a_row)
    assert isinstance(tuned, Saves)
    back = build_model(name, tuned.chosen.model_dump()).restore(tuned.state(), world(left))
    np.testing.assert_array_equal(back.score(questions.requests), tuned.score(questions.requests))


@pytest.mark.parametrize("name", MODELS)
def test_dislikes_teach_nothing_and_say_nothing(name):
    data = shelf()
    plain = fitted(name)
    noisy = with_dislikes(data)
    taught = build_model(name, {}).fit(noisy, world(noisy))
    request = Request(data.history(0))
    np.testing.assert_allclose(taught.score([request]), plain.score([request]), atol=1e-6)
    np.testing.assert_allclose(plain.score([Request(noisy.history(0))]), plain.score([request]), atol=1e-6)


def with_dislikes(data):
    """Everyone also dislikes two items of the other subject, in between and at the end."""
    from llm4rec.core import Dataset, Interactions

    one = data.interactions
    users = np.repeat(np.arange(4), 2)
    disliked = [2, 3, 3, 2, 0, 1, 1, 0]
    both = one.followed_by(
        Interactions.of(
            users, disliked, kinds=np.zeros(8), kind_names=("dislike",), timestamps=np.tile([1e3, 1e9], 4)
        )
    )
    return Dataset(both.sorted(), data.catalog, data.users, data.name)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "popular"])
def test_a_history_without_positive_events_is_declined(name):
    data = shelf()
    model = fitted(name)
    disliked = with_dislikes(data).history(0)
    only_dislikes = Request(disliked.take(np.flatnonzero(disliked.kinds == 1)))
    assert len(only_dislikes.history) == 2
    scores = model.score([only_dislikes, Request(data.history(0))])
    assert np.isneginf(scores[0]).all()
    assert np.isfinite(scores[1]).all()
