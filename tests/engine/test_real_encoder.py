"""The default engine with the real MiniLM on a small sample shop: what it knows without a word in common."""

from dataclasses import replace

import pytest

from llm4rec.apps.cli.demo import NEW_BOOK
from llm4rec.core import Catalog
from llm4rec.data import sample_shop
from llm4rec.engine import Engine, Settings

SEA = ["treasure-island", "moby-dick"]
LOVE = ["emma", "pride-and-prejudice"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    settings = Settings(cache={"folder": str(tmp_path_factory.mktemp("cache"))})
    return Engine(settings).fit(briefly(sample_shop(readers=150)))


def briefly(shop):
    """The shop without descriptions: titles and categories are read in a few seconds."""
    columns = {name: column for name, column in shop.catalog.columns.items() if name != "description"}
    return replace(shop, catalog=Catalog(shop.catalog.ids, columns))


NEW_ROMANCE = {
    "item_id": "a-season-at-ashby",
    "title": "A Season at Ashby: marriage, manners and a proud suitor",
    "categories": ["Romance", "Society"],
    "form": "novel",
}


def copy(engine):
    """Another engine with the same fitted value."""
    other = Engine(engine.settings)
    other._fitted = engine.fitted
    return other


def test_of_two_books_nobody_has_read_each_reader_gets_the_one_that_suits(made):
    grown = copy(made).add_items([NEW_BOOK, NEW_ROMANCE])
    both = [NEW_BOOK["item_id"], NEW_ROMANCE["item_id"]]
    assert grown.recommend(history=SEA, n=2, allowed=both).items == tuple(both)
    assert grown.recommend(history=LOVE, n=2, allowed=both).items == tuple(reversed(both))
    assert both[0] not in made.catalog.ids, "growing swaps a new value in"


def test_a_loaded_engine_reads_new_texts_like_the_one_that_was_saved(made, tmp_path):
    back = Engine.load(made.save(tmp_path / "engine"))
    known = back.recommend(history=SEA, n=5, explain=True)
    assert known == made.recommend(history=SEA, n=5, explain=True)
    grown = copy(made)
    for each in (back, grown):
        each.add_items([NEW_BOOK])
    assert back.recommend(history=SEA, n=340).items == grown.recommend(history=SEA, n=340).items


def test_content_alone_knows_that_a_kettle_is_for_tea(made):
    from .test_small import world

    drinks_and_sports = world(
        [[0, 1], [1, 0], [2, 3], [3, 2]], 4, ["green tea", "black coffee", "football", "tennis racket"]
    )
    engine = Engine(made.settings, model="content").fit(drinks_and_sports)
    engine.add_items(
        [{"item_id": "kettle", "title": "kettle for hot drinks"}, {"item_id": "goal", "title": "goal net"}]
    )
    both = {"n": 1, "allowed": ["kettle", "goal"]}
    assert engine.recommend(history=["i0", "i1"], **both).items == ("kettle",)
    assert engine.recommend(history=["i2", "i3"], **both).items == ("goal",)
