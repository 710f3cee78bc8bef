"""New items enter without refitting; people leave without a trace in the scores."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, ComponentError, DataError, NotFoundError, Vocabulary
from llm4rec.engine import Engine
from llm4rec.testing import checkerboard

GROWING = ["sequence", "content"]


@pytest.fixture(scope="module")
def data():
    return checkerboard()


def new_items(*titles):
    column = np.empty(len(titles), dtype=object)
    column[:] = titles
    ids = Vocabulary([f"new-{n}" for n in range(len(titles))])
    return Catalog(ids, {"title": Column(ColumnType.TEXT, column)})


@pytest.mark.parametrize("model", GROWING)
@pytest.mark.parametrize("form", ["dictionaries", "catalog", "frame"])
def test_a_new_item_is_recommended_at_once_to_whom_it_suits(engine, data, model, form):
    import polars as pl

    rows = [{"item_id": "new-0", "title": "even number"}, {"item_id": "new-1", "title": "odd number"}]
    given = {
        "dictionaries": rows,
        "catalog": new_items("even number", "odd number"),
        "frame": pl.DataFrame(rows),
    }
    made = engine(model).fit(data)
    before = made.fitted.version
    made.add_items(given[form])
    for user in (2, 3):
        answer = made.recommend(user=f"user-{user}", n=1, allowed=["new-0", "new-1"])
        assert answer.items == (f"new-{user % 2}",)
    assert made.catalog.ids.ids[-2:] == ("new-0", "new-1")
    assert made.fitted.version != before
    assert len(made.recommend(user="stranger", n=22)) == 22, "the fallback knows them too"
    assert made.recommend(history=["new-1"], n=1).items[0] != "new-1"


def test_items_with_unknown_columns_and_without_known_ones_are_taken(engine, data):
    made = engine("content").fit(data)
    made.add_items([{"item_id": "a", "colour": "red"}, {"item_id": "b", "title": "odd number"}])
    assert made.catalog.titles[-2:] == ["a", "odd number"]
    assert made.recommend(history=["item-1"], n=1, allowed=["a", "b"]).items == ("b",)


@pytest.mark.parametrize("form", ["dictionaries", "catalog"])
def test_an_id_that_is_there_already_is_refused_and_nothing_changes(engine, data, form):
    made = engine("content").fit(data)
    again = Catalog(Vocabulary(["fresh", "item-3"]), new_items("odd number", "odd number").columns)
    rows = [{"item_id": "fresh", "title": "odd number"}, {"item_id": "item-3", "title": "odd number"}]
    with pytest.raises(DataError, match="item-3"):
        made.add_items(again if form == "catalog" else rows)
    assert len(made.catalog) == 20
    assert "fresh" not in made.catalog.ids


def test_no_new_items_change_nothing(engine, data):
    made = engine("content").fit(data)
    before = made.fitted
    assert made.add_items([]).fitted is before


@pytest.mark.parametrize("rows", [[{"title": "no id"}], [{"item_id": None, "title": "x"}]])
def test_rows_that_are_no_items_are_refused(engine, data, rows):
    made = engine("content").fit(data)
    with pytest.raises(DataError):
        made.add_items(rows)


def test_whole_numbers_and_text_do_not_mix(engine, data):
    made = engine("content").fit(data)
    with pytest.raises(DataError, match="7"):
        made.add_items(Catalog(Vocabulary([7]), new_items("odd number").columns))


@pytest.mark.parametrize("model", ["ease", "itemknn", "transition"])
def test_a_model_that_cannot_grow_says_what_to_do(engine, data, model):
    with pytest.raises(ComponentError, match=f"model {model!r} cannot take new items"):
        engine(model).fit(data).add_items([{"item_id": "new", "title": "odd number"}])


@pytest.mark.parametrize("model", ["sequence", "ease", "itemknn", "transition", "als", "ensemble"])
def test_forgetting_is_as_if_the_user_had_never_been_there(settings, data, model):
    plain = settings.model_copy(update={"fit": settings.fit.model_copy(update={"tune": False})})
    made = Engine(plain, model=model).fit(data).forget("user-2")
    never = Engine(plain, model=model).fit(data.only(data.interactions.users != 2))
    history = ["item-2", "item-6"]
    one, other = (e.recommend(history=history, n=18) for e in (made, never))
    np.testing.assert_allclose(
        sorted(one.scores), sorted(other.scores), atol=2e-3, err_msg="scores as without the user"
    )
    answer = made.recommend(user="user-2", n=3)
    assert any("popular" in note for note in answer.degraded), "their history is gone"
    assert made.fitted.version != Engine(plain, model=model).fit(data).fitted.version
    assert made.recommend(n=20).scores == never.recommend(n=20).scores, "popularity forgot them too"


def test_an_unknown_user_cannot_be_forgotten(engine, data):
    with pytest.raises(NotFoundError, match=r"no user 'user-x'; did you mean 'user-"):
        engine("ease").fit(data).forget("user-x")


def test_after_new_items_people_can_still_be_forgotten(engine, data):
    made = engine().fit(data).add_items(new_items("even number"))
    made.forget("user-2")
    assert made.recommend(user="user-4", n=1, allowed=["new-0"]).items == ("new-0",)
