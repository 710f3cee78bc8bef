"""Requests in plain language at the engine: what comes back, in which order, and what is said."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, Dataset, Interactions, SettingsError, Users, Vocabulary
from llm4rec.engine import Engine, Settings
from llm4rec.engine.ordering import reordered
from llm4rec.engine.registry import TABLE, Entry
from llm4rec.engine.scripts import NOTE
from llm4rec.engine.settings import RerankSettings
from llm4rec.testing.generators import ScriptedGenerator

TITLES = ["Red Whale", "Blue Whale", "Green Garden", "Old Garden", "Murder Night", "Quiet Murder"]
KINDS = [("Sea",), ("Sea", "Horror"), ("Nature",), ("Nature",), ("Crime",), ("Crime", "Horror")]
PRICES = [5.0, 15.0, 25.0, 35.0, 45.0, np.nan]


def objects(values):
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def dataset(titles=TITLES):
    columns = {
        "title": Column(ColumnType.TEXT, objects(titles)),
        "categories": Column(ColumnType.TAGS, objects(KINDS)),
        "price": Column(ColumnType.NUMBER, np.array(PRICES)),
    }
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(6)]), columns)
    # Ann reads about the sea, Bob about crime; item 2 is taken by many.
    baskets = [(0, 1), (4, 5), (2, 0), (2, 1), (2, 4), (4, 5), (0, 1)]
    pairs = [(user, item) for user, basket in enumerate(baskets) for item in basket]
    users, items = (np.array(side) for side in zip(*pairs, strict=True))
    people = Users(Vocabulary(["ann", "bob", "c", "d", "e", "f", "g"]))
    return Dataset(
        Interactions.of(users, items, timestamps=np.arange(len(pairs), dtype=float)), catalog, people
    )


@pytest.fixture
def asked(engine):
    return engine("ease", reg=1.0).fit(dataset())


def test_words_find_and_constraints_hold(asked):
    found = asked.ask("a whale, no horror")
    assert found.answer.items[0] == "i0"
    assert not {"i1", "i5"} & set(found.answer.items)
    assert str(found.reading).splitlines() == ["wished for: whale", "no Horror (categories)"]


def test_a_price_bars_what_has_none(asked):
    assert set(asked.ask("under 30 euros").answer.items) == {"i0", "i1", "i2"}


def test_what_is_named_is_not_shown_and_its_like_is(asked):
    found = asked.ask("like Red Whale")
    assert found.answer.items[0] == "i1"
    assert "i0" not in found.answer.items


def test_cheaper_than_the_item_named(asked):
    assert set(asked.ask("like Green Garden but cheaper").answer.items) == {"i0", "i1"}


def test_words_that_are_not_wanted_push_away(asked):
    """Neither "old" nor "green" is an attribute: both are wishes."""
    for word, first, second in (("green", "i3", "i2"), ("old", "i2", "i3")):
        items = asked.ask(f"garden, without {word}", n=6).answer.items
        assert items.index(first) < items.index(second)


def test_rather_cheap_is_a_matter_of_degree(asked):
    items = asked.ask("cheap", n=6).answer.items
    assert items[0] == "i0"
    assert set(items[-2:]) == {"i4", "i5"}
    assert asked.ask("expensive", n=6).answer.items[0] == "i4"


def test_taste_orders_what_the_words_leave_open(asked):
    bob = asked.ask("something", user="bob", n=6).answer.items
    ann = asked.ask("something", user="ann", n=6).answer.items
    assert not {"i4", "i5"} & set(bob)
    assert not {"i0", "i1"} & set(ann)
    assert asked.ask("no nature", history=["i5"]).answer.items[0] == "i4"


def test_the_weight_of_taste_is_a_setting(tmp_path):
    def first(taste):
        made = Settings(
            encoder={"name": "none"}, cache={"folder": str(tmp_path)}, ask={"taste": taste, "letters": 0}
        )
        engine = Engine(made, model="ease", reg=1.0).fit(dataset())
        return engine.ask("murder or garden night", history=["i5"]).answer.items[0]

    assert first(0.0) == "i4"
    assert Settings().ask.taste > 0
    with pytest.raises(ValueError, match="taste"):
        Settings(ask={"taste": -1})


def test_nobody_is_shown_what_is_popular_first(asked):
    found = asked.ask("", n=6)
    assert found.answer.items[0] in ("i0", "i1", "i4", "i5")
    assert "nothing was asked for" in found.reading.notes[0]
    assert found.answer.degraded == ()


def test_where_nothing_fits_the_nearest_is_shown_and_told(asked):
    found = asked.ask("under 2 euros", n=2)
    assert set(found.answer.items) == {"i0", "i1"}
    assert "the nearest are price 5–15" in found.reading.notes[0]


def test_all_that_fits_known_already_is_shown_again_and_told(asked):
    found = asked.ask("sea", user="ann")
    assert set(found.answer.items) == {"i0", "i1"}
    assert "known to this user already" in found.reading.notes[0]


def test_a_reading_can_be_edited_and_asked_again(asked):
    found = asked.ask("whale, no horror")
    again = asked.ask(found.reading.without(1))
    assert {"i0", "i1"} <= set(again.answer.items)


def test_unknown_users_and_exclusions_are_told(asked):
    found = asked.ask("whale", user="nobody", excluded=["i0"])
    assert "i0" not in found.answer.items
    assert found.answer.degraded[0] == "user 'nobody' is not known"


def test_a_language_model_that_lies_or_fails_changes_no_item(asked):
    plain = asked.ask("a whale, no horror").answer
    found = asked.ask("a whale, no horror", generator=ScriptedGenerator(script=["no JSON"]))
    assert found.answer.items == plain.items
    assert "language model" in found.answer.degraded[0]


def test_new_items_are_found_at_once(settings):
    engine = Engine(settings, model="sequence").fit(dataset())
    engine.ask("whale")
    engine.add_items([{"item_id": "new", "title": "Silver Comet", "categories": ["Space"], "price": 9.0}])
    assert engine.ask("space, under 10 euros").answer.items == ("new",)


def test_a_catalog_without_anything_but_ids_answers(engine):
    bare = dataset()
    bare = Dataset(bare.interactions, Catalog(bare.catalog.ids), bare.users)
    found = engine("ease", reg=1.0).fit(bare).ask("French crime under 10 euros, like i3")
    assert len(found.answer) == 6 or len(found.answer) == 5


@pytest.mark.parametrize(
    "text", ["", "\x00", "x" * 100_000, "ни 要 no", "horror but no horror", '"', "like", "no"]
)
def test_bad_input_has_a_kind_answer(asked, text):
    found = asked.ask(text, n=3)
    assert len(found.answer) == 3
    assert str(found.reading)


def test_too_few_asked_for_is_refused(asked):
    with pytest.raises(SettingsError, match="n = 0"):
        asked.ask("whale", n=0)


def test_texts_in_another_script_bring_the_lexical_encoder(monkeypatch, tmp_path):
    monkeypatch.setitem(TABLE["encoder"], "minilm", Entry("engine.doubles:Quick", "counts words"))
    monkeypatch.setitem(TABLE["encoder"], "minilm+lexical", Entry("llm4rec.encoders:LexicalEncoder", "words"))
    chinese = ["红鲸鱼", "蓝鲸鱼", "绿色花园", "古老花园", "夜晚谋杀", "安静谋杀"]
    made = Settings(cache={"folder": str(tmp_path / "cache")})
    engine = Engine(made, model="ease", reg=1.0).fit(dataset(chinese))
    assert engine.settings.encoder.name == "minilm+lexical"
    assert engine.fitted.told[0] == NOTE
    assert set(engine.ask("关于鲸鱼", n=2).answer.items) == {"i0", "i1"}
    again = Engine.load(engine.save(tmp_path / "engine"))
    assert again.settings.encoder.name == "minilm+lexical"
    assert again.ask("关于鲸鱼", n=2).answer.items == engine.ask("关于鲸鱼", n=2).answer.items


def test_an_encoder_that_was_set_stays(settings):
    engine = Engine(settings, model="ease", reg=1.0).fit(dataset(["红鲸鱼"] * 6))
    assert engine.settings.encoder.name == "quick"


def test_knobs_order_what_answers_a_wish_and_constraints_hold(asked):
    plain = asked.ask("a whale, no horror", n=3)
    same = asked.ask("a whale, no horror", n=3, diversity=0.0, novelty=None)
    assert same.answer.items == plain.answer.items
    assert same.answer.trade is None
    varied = asked.ask("Sea or Nature, no horror", n=2, diversity=1.0).answer
    assert len({KINDS[int(item[1:])] for item in varied.items}) == 2
    assert varied.trade.diversity >= 0.0
    assert not {"i1", "i5"} & set(asked.ask("no horror", n=6, diversity=1.0, novelty=1.0).answer.items)


def test_an_unknown_knob_is_named(asked):
    with pytest.raises(SettingsError, match="'diversty'; did you mean 'diversity'"):
        asked.ask("a whale", diversty=0.5)


def test_rerankers_of_the_settings_order_the_lists_of_wishes_too(engine):
    made = engine("ease", reg=1.0)
    made.fit(dataset())
    assert made.ask("a whale", n=2).answer.items == ("i0", "i1")
    boost = {"field": "categories", "value": "Horror", "by": 1.0}
    made = reordered(made, RerankSettings(order=("rules",), options={"rules": {"boosts": [boost]}}))
    assert made.ask("a whale", n=2).answer.items[0] == "i1"
    assert "i1" not in made.ask("a whale, no horror").answer.items
