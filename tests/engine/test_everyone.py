"""Everybody's lists at once are the lists one by one."""

import numpy as np
import polars as pl
import pytest

from llm4rec.core import Catalog, Dataset, Interactions, NotFoundError, SettingsError, Users, Vocabulary
from llm4rec.engine import everyone, path
from llm4rec.testing import checkerboard


def shop(users=150, items=90, seed=3):
    """Random tastes, whole-number ids of users, one user without a history and one who only dislikes."""
    rng = np.random.default_rng(seed)
    rows = [rng.choice(items, rng.integers(2, 9), replace=False) for _ in range(users)]
    rows[7] = rows[7][:0]
    who = np.repeat(np.arange(users), [len(r) for r in rows])
    taken = Interactions.of(who, np.concatenate(rows), kind_names=("click", "dislike"), kinds=(who == 11) * 1)
    catalog = Catalog(Vocabulary([f"item-{n}" for n in range(items)]))
    return Dataset(taken.sorted(), catalog, Users(Vocabulary(range(1_000, 1_000 + users))), "shop")


@pytest.fixture(scope="module")
def data():
    return shop()


@pytest.fixture(params=["als", "ease"])
def fitted(engine, data, request):
    return engine(request.param, tune=False).fit(data)


@pytest.mark.parametrize("seen", ["exclude", "include"])
def test_all_at_once_is_one_by_one(fitted, data, seen):
    found = fitted.recommend_all(n=4, seen=seen)
    assert found.columns == ["user", "rank", "item", "score", "fallback"]
    assert found["user"].unique(maintain_order=True).to_list() == list(data.users.ids.ids)
    for user in (1_000, 1_007, 1_011, 1_149):
        alone = fitted.recommend(user=user, n=4, seen=seen)
        mine = found.filter(pl.col("user") == user)
        assert tuple(mine["item"]) == alone.items
        np.testing.assert_allclose(mine["score"], alone.scores, rtol=1e-4)
        assert mine["rank"].to_list() == [1, 2, 3, 4]
        assert mine["fallback"].to_list() == [user in (1_007, 1_011)] * 4


def test_many_questions_are_answered_like_single_ones(fitted, data):
    questions = [{"user": user, "n": 5} for user in data.users.ids.ids]
    questions[3] |= {"excluded": ["item-1", "item-2"], "seen": "include"}
    questions[4] |= {"allowed": ["item-5", "item-6", "item-7"]}
    questions[5] |= {"n": 2}
    assert len(questions) >= path.MANY
    for question, answer in zip(questions, fitted.recommend_many(questions), strict=True):
        alone = fitted.recommend(**question)
        assert (answer.items, answer.degraded) == (alone.items, alone.degraded)


def test_some_users_in_the_order_given(fitted):
    found = fitted.recommend_all(users=[1_005, 1_002], n=1)
    assert found["user"].to_list() == [1_005, 1_002]


def test_chunks_change_nothing(fitted, monkeypatch):
    whole = fitted.recommend_all(n=3)
    monkeypatch.setattr(everyone, "PEOPLE", 64 + 1)
    assert fitted.recommend_all(n=3).drop("score").equals(whole.drop("score"))


def test_nobody_is_an_empty_table(fitted):
    found = fitted.recommend_all(users=[])
    assert found.schema == {
        "user": pl.Int64, "rank": pl.Int32, "item": pl.String, "score": pl.Float32, "fallback": pl.Boolean,
    }  # fmt: skip
    assert not len(found)


def test_fewer_items_than_asked_for_are_fewer_rows(engine):
    found = engine("als", tune=False).fit(checkerboard()).recommend_all(n=50)
    assert len(found) == 20 * 20 - 20 * 9


def test_wrong_questions_are_refused(fitted):
    with pytest.raises(SettingsError, match="n = 0"):
        fitted.recommend_all(n=0)
    with pytest.raises(SettingsError, match="seen"):
        fitted.recommend_all(seen="never")
    with pytest.raises(NotFoundError, match="user 'nobody'"):
        fitted.recommend_all(users=["nobody"])
