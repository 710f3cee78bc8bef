"""What models may see of people: no protected attribute, and so many events of anybody."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Column, ColumnType, EventContexts, Interactions, Users
from llm4rec.engine import Engine, Settings
from llm4rec.engine.settings import FitSettings
from llm4rec.engine.shield import Shield, protected, usual_repeats
from llm4rec.testing import checkerboard

from .doubles import SEEN

DEFAULT = FitSettings()


def category(values):
    return Column(ColumnType.CATEGORY, np.array(values, dtype=object))


@pytest.fixture
def data():
    board = checkerboard()
    columns = {"user_Gender": category(["f", "m"] * 10), "page": category(["one", "two"] * 10)}
    return replace(board, users=Users(board.users.ids, columns))


@pytest.mark.parametrize(
    "name",
    ["age", "Age", "user_age", "ageGroup", "AGE_band", "gender", "sex", "marital-status", "date of birth"],
)
def test_names_that_speak_of_what_is_protected(name):
    assert protected([name], DEFAULT.protected) == (name,)


@pytest.mark.parametrize(
    "name", ["page", "language", "sextant", "stage", "racer", "occupation", "", "年齢", "x" * 99_999]
)
def test_names_that_only_look_like_it(name):
    assert protected([name], DEFAULT.protected) == ()


def test_no_model_sees_a_protected_attribute_and_the_engine_says_so(engine, data):
    made = engine("recorder").fit(data)
    assert [sorted(d.users.columns) for _, d, _ in SEEN] == [["page"]] * len(SEEN)
    assert SEEN
    assert any("user_Gender" in line and "fit.protected" in line for line in made.fitted.notes)
    assert made.fitted.people.names == ["page=one", "page=two"]
    assert "user_Gender" in made.fitted.dataset.users.columns, "kept for measuring"


def test_settings_can_allow_it(data):
    settings = Settings(fit={"protected": (), "model": "popular"}, encoder={"name": "none"})
    made = Engine(settings).fit(data)
    assert "user_Gender=f" in made.fitted.people.names
    assert not any("protected" in line for line in made.fitted.notes)


def test_a_protected_context_is_dropped_and_others_stay(data):
    rows = len(data.interactions)
    contexts = EventContexts.of({"age": ["30"] * rows, "device": ["phone"] * rows})
    told = replace(data, interactions=replace(data.interactions, contexts=contexts))
    kept = Shield.of(DEFAULT).data(told).interactions.contexts
    assert kept.names == ("device",)
    assert kept.told(0) == {"device": "phone"}
    alone = replace(
        data, interactions=replace(data.interactions, contexts=EventContexts.of({"age": ["3"] * rows}))
    )
    assert Shield.of(DEFAULT).data(alone).interactions.contexts is None


def test_nothing_to_hold_back_is_the_very_data():
    board = checkerboard()
    assert Shield.of(DEFAULT).data(board) is board
    assert Shield.of(DEFAULT).notes(board) == ()


def test_the_latest_events_of_a_user_count():
    board = checkerboard()
    shield = Shield((), 3, 9)
    cut = shield.data(board)
    for user in range(len(board.users)):
        np.testing.assert_array_equal(cut.history(user).items, board.history(user).items[-3:])
        np.testing.assert_array_equal(shield.history(board, user).items, cut.history(user).items)
    assert "of 20 users the latest 3 events count" in shield.notes(board)[0]


def test_repeats_of_an_item_count_so_often_and_the_latest_stay():
    board = checkerboard()
    rows = Interactions.of([0] * 6 + [1] * 3, [4, 4, 2, 4, 4, 2, 4, 4, 4], timestamps=range(9))
    data = replace(board, interactions=rows)
    shield = Shield((), 100, 2)
    kept = shield.data(data).interactions
    assert list(zip(kept.users, kept.timestamps, strict=True)) == [
        (0, 2),
        (0, 3),
        (0, 4),
        (0, 5),
        (1, 7),
        (1, 8),
    ]
    assert shield.history(data, 0).timestamps.tolist() == [2, 3, 4, 5]
    assert Shield((), 3, 2).data(data).history(0).timestamps.tolist() == [3, 4, 5]


def test_one_user_alone_cannot_make_a_thing_popular():
    """A hundred people took something; one account says the same item a thousand times."""
    board = checkerboard()
    hammer = Interactions.of([19] * 1000, [7] * 1000, timestamps=1e6 + np.arange(1000))
    data = replace(board, interactions=board.interactions.followed_by(hammer).sorted())
    settings = Settings(
        fit={"model": "popular"}, models={"popular": {"half_life_days": 1e6}}, encoder={"name": "none"}
    )
    counts = Engine(settings).fit(data).model.counts_
    assert counts[7] <= 10 + 10


def test_what_was_seen_is_still_not_recommended_and_forgetting_is_exact():
    board = checkerboard()
    settings = Settings(fit={"user_events": 4, "tune": False, "model": "ease"}, encoder={"name": "none"})
    made = Engine(settings).fit(board)
    user = board.users.ids.ids[3]
    taken = {board.catalog.ids.ids[i] for i in board.history(3).items}
    assert not taken & set(made.recommend(user=user, n=10).items)
    again = Engine(settings).fit(board.without_user(3))
    made.forget(user)
    np.testing.assert_allclose(made.model.gram_.toarray(), again.model.gram_.toarray())
    np.testing.assert_allclose(made.model.map_.inverse, again.model.map_.inverse, atol=1e-5)


@pytest.mark.parametrize(
    ("most", "usual"), [([1] * 100, 1), ([1] * 98 + [7] * 2, 1), ([1] * 90 + [4] * 10, 4), ([50] * 100, 10)]
)
def test_repeats_count_as_often_as_nearly_everybody_repeats(most, usual):
    users = np.repeat(np.arange(100), most)
    events = Interactions.of(users, np.zeros(len(users), int), timestamps=range(len(users)))
    assert usual_repeats(events) == usual
    shield = Shield.of(DEFAULT)
    kept = shield.data(replace(checkerboard(100), interactions=events)).interactions
    assert np.bincount(kept.users, minlength=100).tolist() == [min(times, usual) for times in most]


def test_without_events_nothing_is_usual():
    assert usual_repeats(Interactions.of([], [])) == 10
