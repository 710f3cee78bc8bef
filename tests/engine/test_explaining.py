"""An engine says why: what it cites matters, what it claims is so, in the language asked for."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from llm4rec.core import Column, ColumnType, Dataset, SettingsError, Users
from llm4rec.data.shop import sample_shop
from llm4rec.engine import Engine, Settings, path
from llm4rec.testing import by_device
from llm4rec.writers.explain import Checker
from llm4rec.writers.explain.removal import without

USERS = 25


@pytest.fixture(scope="module")
def shop():
    dataset = sample_shop(readers=150)
    spoken = np.array(["zh-CN", "xx", *["en"] * 148], dtype=object)
    users = Users(
        dataset.users.ids, {**dataset.users.columns, "language": Column(ColumnType.CATEGORY, spoken)}
    )
    return Dataset(dataset.interactions, dataset.catalog, users, dataset.name, True)


@pytest.fixture(scope="module")
def engine_of(shop):
    """An engine of the shop by its model, fitted when it is first asked for."""
    return cache(lambda model: Engine(Settings(encoder={"name": "none"}), model=model).fit(shop))


@pytest.fixture(scope="module", params=["sequence", "ease", "popular"])
def fitted(request, engine_of):
    return engine_of(request.param)


@cache
def answers(engine, language="en", n=5):
    """The same questions have the same answers: they are asked once."""
    return engine.recommend_many(
        [{"user": u, "n": n} for u in engine.fitted.dataset.users.ids.ids[:USERS]], explain=language
    )


def test_every_item_is_explained_and_every_claim_is_in_the_evidence(fitted):
    for language in ("en", "zh"):
        for answer in answers(fitted, language):
            assert tuple(e.item for e in answer.explanations) == answer.items
            for why in answer.explanations:
                assert Checker(why.title, why.evidence, language).accepts(why.text), why.text


def test_taking_out_what_is_cited_costs_what_is_said_and_more_than_chance(fitted):
    rng, better, asked = np.random.default_rng(0), 0, 0
    engine, catalog = fitted, fitted.catalog
    for user, answer in enumerate(answers(engine)):
        request = replace(engine._asked(user=engine.fitted.dataset.users.ids.ids[user])[0], n=5)
        whole = path.scores(engine.fitted, [request])[0][0]
        for why in answer.explanations:
            cited = [catalog.ids.number(i) for e in why.of_kind("history") for i in e.items]
            others = np.setdiff1d(request.history.liked, cited)
            if not cited or len(others) < len(cited):
                continue
            item = catalog.ids.number(why.item)
            random = rng.choice(others, len(cited), replace=False).tolist()
            rows = path.scores(engine.fitted, [without(request, cited), without(request, random)])[0]
            assert whole[item] - rows[0, item] == pytest.approx(why.drop, abs=1e-4)
            better, asked = better + (rows[0, item] < rows[1, item]), asked + 1
    assert asked == 0 if engine.fitted.name == "popular" else better >= 0.95 * asked > 50


def test_without_what_is_named_the_item_is_not_there(fitted):
    dataset, found = fitted.fitted.dataset, 0
    for user, answer in enumerate(answers(fitted)):
        history = dataset.history(user)
        seen = dataset.catalog.ids.names(np.unique(history.items))
        liked = dataset.catalog.ids.names(history.liked)
        for why in answer.explanations:
            for out in why.of_kind("without"):
                left = [item for item in liked if item not in out.items]
                assert why.item not in fitted.recommend(history=left, n=5, excluded=seen).items
                found += 1
    assert found == 0 if fitted.fitted.name == "popular" else found > 10


def test_the_language_of_a_user_is_spoken_where_there_is_a_file_of_it(shop, engine_of):
    engine = engine_of("ease")
    ids = shop.users.ids.ids
    spoken = [engine.explain(user=u, n=1)[0].language for u in (ids[0], ids[1], ids[2])]
    assert spoken == ["zh", "en", "en"]
    assert engine.recommend(user=ids[0], n=1, explain=True).explanations == ()
    with pytest.raises(SettingsError, match="no language"):
        engine.recommend(user=ids[0], explain="klingon")


def test_any_item_can_be_asked_about(engine_of):
    engine = engine_of("ease")
    (why,) = engine.explain(history=["dracula", "frankenstein"], items=["emma"], n=3)
    assert (why.item, why.of_kind("without")) == ("emma", ())
    assert why.place > 3


def test_a_context_that_the_score_lives_on_is_told():
    learning = {"epochs": 15, "learning_rate": 5e-3, "dropout": 0.1, "id_dropout": 0.0, "tune": False}
    engine = Engine(Settings(encoder={"name": "none"}), model="attention", **learning).fit(by_device())
    answer = engine.recommend(history=["item-0", "item-3"], n=1, context={"device": "phone"}, explain="en")
    (told,) = answer.explanations[0].of_kind("context")
    assert (told.name, told.value) == ("device", "phone")
    assert told.drop > 0
    assert "With device phone its score is higher." in answer.explanations[0].text


def test_a_stranger_is_told_that_nothing_is_known(engine_of):
    engine = engine_of("sequence")
    (why,) = engine.explain(user="nobody", n=1)
    assert [e.kind for e in why.evidence] == ["unknown", "popular"]
