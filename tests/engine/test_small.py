"""The smallest worlds are answered too: one user, one item, no text, no likes, no encoder."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, Dataset, Interactions, Users, Vocabulary
from llm4rec.engine import Engine, Settings
from llm4rec.engine.registry import TABLE

MODELS = list(TABLE["model"])


def world(rows, items, titles=None, **columns):
    """A list of items a user; titles may be missing."""
    users = [u for u, row in enumerate(rows) for _ in row]
    events = Interactions.of(users, [i for row in rows for i in row], **columns)
    described = {}
    if titles is not None:
        column = np.empty(items, dtype=object)
        column[:] = titles
        described["title"] = Column(ColumnType.TEXT, column)
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(items)]), described)
    return Dataset(events, catalog, Users(Vocabulary([f"u{n}" for n in range(len(rows))])))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("titles", [None, ["only"], [""]], ids=["no-column", "text", "empty-text"])
def test_one_user_with_one_item_has_nothing_left_to_get(engine, model, titles):
    made = engine(model).fit(world([[0]], 1, titles))
    answer = made.recommend(user="u0", n=3)
    assert answer.items == ()
    assert "only 0 of 3 items may be shown" in answer.degraded
    assert made.recommend(user="u0", n=1, seen="include").items == ("i0",)
    assert made.recommend(user="stranger", n=1).items == ("i0",)


@pytest.mark.parametrize("model", MODELS)
def test_one_user_gets_the_item_they_lack(engine, model):
    titles = [f"part {n}" for n in range(6)]
    made = engine(model).fit(world([[0, 1, 2, 3, 4]], 6, titles))
    assert made.recommend(user="u0", n=6).items == ("i5",)


@pytest.mark.parametrize(
    "model", [name for name in MODELS if name != "fm"]
)  # it says there is nothing to learn
def test_where_everyone_only_dislikes_nobody_is_left_without_an_answer(engine, model):
    rows = world([[0, 1], [1, 2]], 4, ["a b", "b c", "c d", "d a"], kinds=[0] * 4, kind_names=("dislike",))
    made = engine(model).fit(rows)
    answer = made.recommend(user="u0", n=2)
    assert set(answer.items) == {"i2", "i3"}
    assert len(made.recommend(history=["i0"], n=3)) == 3


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("titles", [None, ["", "", "", ""], ["robots", None, "", "robots"]])
def test_items_without_text_are_recommended_by_behaviour(engine, model, titles):
    made = engine(model).fit(world([[0, 1], [0, 1], [0, 2], [1, 0]], 4, titles))
    answer = made.recommend(history=["i0"], n=3)
    assert set(answer.items) == {"i1", "i2", "i3"}
    if model in ("ease", "itemknn", "transition", "popular") or (model == "sequence" and titles is None):
        assert answer.items[0] == "i1"


@pytest.mark.parametrize("model", MODELS)
def test_without_an_encoder_an_engine_learns_all_the_same(tmp_path, model):
    writes = {"name": "double" if model == "prompted" else "none"}
    blind = Settings(encoder={"name": "none"}, generator=writes, cache={"folder": str(tmp_path)})
    made = Engine(blind, model=model).fit(world([[0, 1], [0, 1], [2, 3]], 4, ["a", "b", "c", "d"]))
    assert made.fitted.encoder is None
    folder = made.save(tmp_path / "engine")
    assert len(Engine.load(folder, blind).recommend(history=["i0"], n=3)) == 3
    assert not (tmp_path / "vectors.sqlite").exists()


def test_nothing_can_be_asked_of_a_world_without_things(engine):
    from llm4rec.core import DataError

    with pytest.raises(DataError, match="no interactions"):
        engine().fit(world([[]], 0))
