"""Remarks at the engine: the next list is another, as was said, and back again when it is undone."""

import numpy as np
import pytest

from llm4rec.core import Interactions, NotFoundError
from llm4rec.engine import Engine
from llm4rec.engine.feelings import feelings, reviewed
from llm4rec.engine.interests import profiler
from llm4rec.engine.remarks import Remarked

from .test_wishes import dataset, objects

N = 3


@pytest.fixture
def heard(engine):
    return engine("ease", reg=1.0).fit(dataset())


def after(engine, text, **more):
    return engine.recommend(
        history=["i0"], n=N, remarks=engine.remark(text, history=["i0"], n=N, **more)
    ).items


def test_an_exclusion_holds(heard):
    assert {"i1", "i5"} & set(heard.recommend(history=["i0"], n=N).items)
    assert not {"i1", "i5"} & set(after(heard, "no horror"))


def test_a_comparison_is_held_against_the_list(heard):
    """Prices are 5 to 45 by place: cheaper than the middle of i2, i3, i4 is what costs less than 35."""
    assert set(after(heard, "cheaper", shown=["i2", "i3", "i4"])) == {"i1", "i2"}
    assert set(after(heard, "cheaper than the first one", shown=["i2", "i3", "i4"])) == {"i1"}


@pytest.mark.parametrize(
    "text", ["already have it", "I hated Blue Whale", "I loved Blue Whale", "not Blue Whale"]
)
def test_what_was_spoken_of_does_not_come_back(heard, text):
    assert "i1" not in after(heard, text, shown=["i1"])


def test_what_is_liked_brings_its_like_and_what_is_disliked_takes_it_away(heard):
    liked = after(heard, "I loved Murder Night", shown=["i4"])
    assert liked[0] == "i5"
    assert after(heard, "I hated Murder Night", shown=["i4"])[0] != "i5"


def test_a_wish_moves_and_two_gather_and_undone_is_as_before(heard):
    """With i2 were taken i0, i1 and i4, once each."""
    asker = {"history": ["i2"], "n": N}
    before = heard.recommend(**asker).items
    one = heard.remark("more sea, less crime", **asker)
    two = heard.remark("no horror", **asker, so_far=one)
    assert before[0] == "i4"
    assert set(heard.recommend(**asker, remarks=one).items[:2]) == {"i0", "i1"}
    assert heard.recommend(**asker, remarks=two).items[0] == "i0"
    assert "i1" not in heard.recommend(**asker, remarks=two).items
    assert heard.recommend(**asker, remarks=two.without(1, 2, 3)).items == before


def test_a_remark_is_about_the_list_after_the_remarks_so_far(heard):
    one = heard.remark("no horror", history=["i0"], n=N)
    two = heard.remark("already have it", history=["i0"], n=N, so_far=one)
    assert two.shown == heard.recommend(history=["i0"], n=N, remarks=one).items
    assert two.read.latest[0].items == two.shown[:1]


def test_where_nothing_fulfils_all_limits_are_opened_and_that_is_said(heard):
    remarks = heard.remark("only comedies, under 1 euro", shown=["i0"])
    answer = heard.recommend(user="ann", n=2, remarks=remarks)
    assert len(answer) == 2
    assert any("the nearest" in note or "let go" in note for note in answer.degraded)


def test_the_value_of_the_reading_does_as_well_and_many_are_answered_at_once(heard):
    remarks = heard.remark("no horror", shown=["i0"])
    both = heard.recommend_many(
        [{"user": "ann", "remarks": remarks}, {"user": "ann", "remarks": remarks.read}]
    )
    assert both[0].items == both[1].items
    assert isinstance(remarks, Remarked)
    assert remarks.as_json()["shown"] == ["i0"]


def test_an_unknown_item_in_the_list_is_named(heard):
    with pytest.raises(NotFoundError, match="i99"):
        heard.remark("too long", shown=["i99"])


def test_ids_that_have_gone_from_the_catalog_do_no_harm(heard):
    read = heard.remark("I loved Red Whale", shown=["i0"]).read
    gone = read.model_copy(
        update={"steps": (read.steps[0].model_copy(update={"items": ("old",)}),), "about": ("old",)}
    )
    assert len(heard.recommend(user="ann", n=2, remarks=gone)) == 2
    assert heard.remark("shorter", shown=["i0"], so_far=gone).read.about == ("old",)


def test_popularity_is_counted_where_the_catalog_does_not_tell_it(heard):
    found = heard.remark("less popular", shown=["i0", "i1", "i4"]).read.steps[0].piece
    assert (found.column, found.high) == ("popularity", 3.0)


def reviews():
    """Three people wrote: the second hard, the first kindly, the third without feeling."""
    data = dataset()
    events = data.interactions
    texts = objects([None] * len(events))
    texts[1], texts[4], texts[2] = "wonderful", "dreadful and boring", "it was delivered"
    made = {name: getattr(events, name) for name in ("users", "items", "kinds", "values", "timestamps")}
    return type(data)(
        Interactions(kind_names=events.kind_names, texts=texts, **made), data.catalog, data.users
    )


def test_items_are_as_kind_as_what_was_written_of_them(engine):
    fitted = engine("ease", reg=1.0).fit(reviews()).fitted
    told = reviewed(fitted)
    assert told[2] < 0 < told[1]
    assert told[4] == 0.0, "a text that feels nothing"
    assert np.isnan(told[3])
    assert feelings(fitted).head is None
    assert profiler(fitted).feeling is feelings(fitted)


def test_what_reviewers_loved_goes_up_by_the_reranker(settings):
    rerank = {"order": ("sentiment",), "options": {"sentiment": {"strength": 1.0}}}
    made = settings.model_copy(update={"rerank": settings.rerank.model_copy(update=rerank)})
    items = Engine(made, model="popular").fit(reviews()).recommend(history=["i3"], n=6).items
    assert items[0] == "i1"
    assert items[-1] == "i2"


def test_no_texts_say_nothing(heard):
    assert reviewed(heard.fitted) is None
