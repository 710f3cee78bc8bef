"""What anyone may rely on when asking an engine: their own ids in and out, limits kept, nothing hidden."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec import Engine
from llm4rec.core import NotFittedError, NotFoundError, SettingsError, Vocabulary
from llm4rec.testing import checkerboard, in_a_row


@pytest.fixture(scope="module")
def data():
    return checkerboard()


@pytest.fixture
def ease(engine, data):
    """EASE on the checkerboard: the right answer for user-u is item-u."""
    return engine("ease", reg=1.0, tune=False).fit(data)


def test_before_fit_nothing_can_be_asked(engine):
    with pytest.raises(NotFittedError, match=r"fit\(dataset\) or Engine\.load"):
        engine().recommend(user="user-0")
    with pytest.raises(NotFittedError, match="learnt nothing"):
        engine().save("anywhere")


@pytest.mark.parametrize("user", [0, 7, 19])
def test_a_known_user_gets_what_they_lack(ease, user):
    answer = ease.recommend(user=f"user-{user}", n=1)
    assert answer.items == (f"item-{user}",)
    assert answer.titles == (("even" if user % 2 == 0 else "odd") + " number",)
    assert answer.degraded == ()
    assert answer.version == ease.fitted.version


def test_a_bare_history_is_answered_like_a_user_with_that_history(ease):
    history = [f"item-{n}" for n in range(0, 20, 2) if n != 4]
    assert ease.recommend(history=history, n=1).items == ("item-4",)
    assert ease.recommend(user="user-4", n=5) == ease.recommend(history=history, n=5)


def test_items_come_best_first_without_repeats(ease):
    answer = ease.recommend(history=["item-3"], n=19)
    assert len(set(answer.items)) == len(answer) == 19
    assert list(answer.scores) == sorted(answer.scores, reverse=True)
    assert "item-3" not in answer.items


def test_an_unknown_user_is_shown_what_is_popular_and_told_so(ease, data):
    events = data.interactions
    liked_by_all = data.only(events.items != 4)  # nobody takes 4, so it is the least popular
    engine = Engine(ease.settings).fit(liked_by_all)
    answer = engine.recommend(user="stranger", n=20)
    assert answer.items[-1] == "item-4"
    assert any("'stranger'" in note for note in answer.degraded)
    assert any("popular" in note for note in answer.degraded)
    assert engine.recommend(n=20).items == answer.items


def test_a_history_that_tells_no_items_apart_is_answered_by_what_is_popular_and_says_so(ease, data):
    left = data.only((data.interactions.items != 5) & (data.interactions.items != 4))
    fewer = left.only(~((left.interactions.items == 6) & (left.interactions.users > 2)))
    engine = Engine(ease.settings).fit(fewer)
    answer = engine.recommend(history=["item-5"], n=19)
    popular = [item for item in engine.recommend(n=20).items if item != "item-5"]
    assert list(answer.items) == popular
    assert popular[-2:] == ["item-6", "item-4"]
    assert answer.degraded == ("the model can tell nothing from this history: what is popular is shown",)
    assert len(engine.recommend(history=["item-7"], n=1).degraded) == 0


def test_unknown_items_of_a_history_are_left_out_and_counted(ease):
    history = [f"item-{n}" for n in range(0, 20, 2) if n != 4]
    answer = ease.recommend(history=[*history, "gone", "gone-too"], n=1)
    assert answer.items == ("item-4",)
    assert "2 of 11 history items are not in the catalog: ['gone', 'gone-too']" in answer.degraded[0]


def test_only_what_is_allowed_and_never_what_is_excluded_is_shown(ease):
    allowed = ["item-4", "item-8", "item-9", "item-9"]
    answer = ease.recommend(user="user-4", n=3, allowed=allowed)
    assert answer.items[0] == "item-4"
    assert set(answer.items) == {"item-4", "item-9"}, "item-8 was taken already"
    assert ease.recommend(user="user-4", n=1, excluded=["item-4"]).items != ("item-4",)
    both = ease.recommend(user="user-4", n=3, allowed=allowed, excluded=["item-4"])
    assert both.items == ("item-9",)


def test_nothing_allowed_is_nothing_shown_and_that_is_said(ease):
    answer = ease.recommend(user="user-4", n=2, allowed=[])
    assert answer.items == ()
    assert answer.degraded == ("only 0 of 2 items may be shown",)


def test_what_was_taken_comes_back_only_when_asked_for(ease):
    history = ["item-2", "item-6"]
    assert not set(history) & set(ease.recommend(history=history, n=20).items)
    answer = ease.recommend(history=history, n=20, seen="include")
    assert len(answer) == 20


@pytest.mark.parametrize("n", [11, 10_000, 10**12])
def test_more_than_there_is_gives_all_there_is_and_says_so(ease, n):
    answer = ease.recommend(user="user-4", n=n)
    assert len(answer) == 11
    assert answer.degraded == (() if n == 11 else (f"only 11 of {n} items may be shown",))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n": 0}, "n = 0: ask for at least one"),
        ({"n": -3}, "n = -3"),
        ({"seen": "maybe"}, "'exclude' or 'include'"),
    ],
)
def test_wrong_arguments_are_refused_by_name(ease, wrong, message):
    with pytest.raises(SettingsError, match=message):
        ease.recommend(user="user-4", **wrong)


@pytest.mark.parametrize("limit", ["allowed", "excluded"])
def test_unknown_items_in_limits_are_refused_with_the_nearest(ease, limit):
    with pytest.raises(NotFoundError, match=r"no item 'itm-4'; did you mean 'item-4'\?"):
        ease.recommend(user="user-4", **{limit: ["itm-4"]})


@pytest.mark.parametrize("model", ["sequence", "content", "popular"])
def test_many_at_once_are_as_one_by_one(engine, data, model):
    made = engine(model).fit(data)
    questions = [
        {"user": "user-3", "n": 4},
        {"user": "stranger", "n": 2},
        {"history": ["item-1", "item-7"], "n": 7, "excluded": ["item-9"]},
        {"history": [], "n": 1},
        {"user": "user-8", "n": 3, "allowed": ["item-8", "item-1"], "seen": "include"},
    ]
    together = made.recommend_many(questions, explain=True)
    alone = [made.recommend(**q, explain=True) for q in questions]
    assert [a.items for a in together] == [a.items for a in alone]
    assert [a.degraded for a in together] == [a.degraded for a in alone]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
    assert made.recommend_many([]) == []


def test_answers_do_not_depend_on_the_memory_they_may_use(engine, data, monkeypatch):
    made = engine("ease", tune=False).fit(data)
    questions = [{"user": f"user-{u}", "n": 3} for u in range(20)]
    whole = made.recommend_many(questions)
    monkeypatch.setattr("llm4rec.engine.path.CHUNK_BYTES", 200)
    assert [a.items for a in made.recommend_many(questions)] == [a.items for a in whole]


def test_reasons_name_the_history_items_that_gave_most(engine):
    made = engine("sequence", transition_reg=5.0, leave_out=["attributes", "text", "words"]).fit(in_a_row())
    for history, (item, because) in {
        ("item-2", "item-9"): ("item-10", "stop 9"),
        ("item-9", "item-2"): ("item-3", "stop 2"),
    }.items():
        answer = made.recommend(history=history, n=3, explain=True)
        assert (answer.items[0], answer.reasons[0][0].evidence) == (item, because)
        assert len(answer.reasons) == 3
        assert all(reason.contribution > 0 for why in answer.reasons for reason in why)
    assert made.recommend(history=["item-2"], n=2).reasons == ()
    assert made.recommend(user="stranger", n=2, explain=True).reasons == ()


def numbered(data):
    """The same data with whole numbers from 100 as ids."""
    items = replace(data.catalog, ids=Vocabulary(range(100, 100 + len(data.catalog))))
    users = replace(data.users, ids=Vocabulary(range(500, 500 + len(data.users))))
    return replace(data, catalog=items, users=users)


def test_whole_numbers_come_back_as_whole_numbers_and_may_be_asked_as_text(engine, data, tmp_path):
    made = engine("ease", reg=1.0, tune=False).fit(numbered(data))
    folder = made.save(tmp_path / "engine")
    for asked in (made, Engine.load(folder)):
        answer = asked.recommend(user=504, n=1)
        assert answer.items == (104,)
        assert type(answer.items[0]) is int
        assert asked.recommend(user="504", n=1) == answer
        assert asked.recommend(history=["101", 103], n=1, allowed=["105", 104]).items == (105,)


def test_declined_questions_of_an_evaluation_are_counted(ease, data):
    from llm4rec.core import History, Request

    assert ease.degraded == []
    scores = ease.score([Request(History.of([])), Request(History.of([2]))])
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores[0], data.counts)
    assert ease.degraded[0].startswith("1 requests")
