"""An engine asked in a context: passed on to models that look at it, said where they do not, kept in its folder."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import EventContexts, SettingsError
from llm4rec.engine import Engine, Settings
from llm4rec.engine.fitted import version_of
from llm4rec.engine.fitting import hold_out_last
from llm4rec.testing import by_device

HISTORY = ["item-0", "item-3"]
SHORT = {"epochs": 15, "learning_rate": 5e-3, "dropout": 0.1, "id_dropout": 0.0, "tune": False}


@pytest.fixture(scope="module")
def attention():
    return Engine(Settings(encoder={"name": "none"}), model="attention", **SHORT).fit(by_device())


def first(engine, device):
    return engine.recommend(history=HISTORY, n=1, context={"device": device})


def test_the_context_of_a_question_reaches_the_model(attention):
    assert first(attention, "phone").items == ("item-4",)
    assert first(attention, "desktop").items == ("item-5",)
    assert first(attention, "phone").degraded == ()
    many = attention.recommend_many(
        [{"history": HISTORY, "n": 1, "context": {"device": d}} for d in ("desktop", "phone")]
    )
    assert [answer.items for answer in many] == [("item-5",), ("item-4",)]
    assert any("context-aware" in note for note in attention.fitted.notes)


def test_what_the_model_cannot_look_at_is_said(attention):
    (note,) = first(attention, "phon").degraded
    assert note == "context device='phon' was never seen; did you mean 'phone'?: it counts as not told"
    strange = attention.recommend(history=HISTORY, n=1, context={"devise": "phone", "mood": "good"})
    assert strange.degraded == (
        "context 'devise' is not used; did you mean 'device'?: the model looks at device",
        "context 'mood' is not used: the model looks at device",
    )
    plain = attention.recommend(history=HISTORY, n=1)
    assert strange.items == plain.items
    assert (
        plain.degraded == attention.recommend(history=HISTORY, n=1, context={"device": None}).degraded == ()
    )


def test_a_model_without_contexts_says_so(engine):
    answer = (
        engine("ease", tune=False).fit(by_device()).recommend(history=HISTORY, context={"device": "phone"})
    )
    assert answer.degraded == ("context 'device' is not used: the model looks at no context",)


def test_a_context_is_names_and_values(attention):
    with pytest.raises(SettingsError, match="names and values"):
        attention.recommend(history=HISTORY, context="phone")


def test_an_engine_comes_back_with_its_contexts(attention, tmp_path):
    back = Engine.load(attention.save(tmp_path / "engine"))
    questions = [
        {"history": HISTORY, "context": {"device": "phone"}},
        {"user": "user-3", "seen": "include", "context": {"device": "desktop"}},
        {"user": "user-3", "context": {"device": "watch"}},
    ]
    assert back.recommend_many(questions) == attention.recommend_many(questions)
    old, new = (e.fitted.dataset.interactions for e in (attention, back))
    assert [new.context(row) for row in range(len(new))] == [old.context(row) for row in range(len(old))]


def test_held_out_questions_are_asked_in_the_context_of_their_answer():
    _, questions = hold_out_last(by_device(), 40, np.random.default_rng(0))
    assert len(questions) == 40
    for request, target in zip(questions.requests, questions.targets, strict=True):
        assert request.context == {"device": "desktop" if target[0] % 2 else "phone"}


def test_data_with_other_contexts_are_another_version(attention):
    data = by_device()
    other = EventContexts.of({"device": ["phone"] * len(data.interactions)})
    swapped = replace(data, interactions=replace(data.interactions, contexts=other))
    assert version_of(attention.model, data) != version_of(attention.model, swapped)
