"""What anyone may rely on from Heads: texts to chances and values, from the folder alone."""

import numpy as np
import pytest

from llm4rec.core import DataError, FolderError, NotFoundError
from llm4rec.encoders import CachedEncoder, SentenceConfig, SentenceEncoder
from llm4rec.encoders.adapting import AdaptConfig, Heads, adapt, sentiment_head
from llm4rec.encoders.adapting.folder import INSIDE

from .conftest import shop


def settings(tiny, **more):
    """Of a run in which the tiny encoder learns its tasks."""
    return AdaptConfig(
        source=str(tiny),
        method="full",
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        hidden=8,
        tracking=None,
        probe_loss=1000.0,
        validation=0.2,
        patience=50,
        balance="scaled",  # rates are high and steps few: a step of its own for each task would undo the others'
        **more,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny):
    config = settings(
        tiny, tasks=("co-consumption", "sentiment", "rating", "category"), steps=40, batch_size=8
    )
    return adapt(shop(), tmp_path_factory.mktemp("heads") / "e", config).folder


def test_sentiment_of_texts(folder):
    heads = Heads(folder)
    chances = heads.chances("sentiment", ["it was very good", "awful and poor"])
    assert heads.labels("sentiment") == ("negative", "positive")
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)
    assert chances.argmax(axis=1).tolist() == [1, 0]


def test_the_head_of_an_encoder_as_one_number_a_text(folder, tiny):
    head = sentiment_head(
        CachedEncoder(SentenceEncoder(SentenceConfig(source=str(folder))), folder / "cache")
    )
    good, bad = head(["it was very good", "awful and poor"])
    assert 1 >= good > 0 > bad >= -1
    assert sentiment_head(SentenceEncoder(SentenceConfig(source=str(tiny)))) is None
    assert sentiment_head(None) is None


def test_ratings_of_texts(folder):
    good, bad = Heads(folder).values(["it was very good", "awful and poor"])
    assert good > 4
    assert bad < 2


def test_categories_of_titles(folder):
    heads = Heads(folder)
    chances = heads.chances("category", ["robot space rocket", "garden soil seeds"])
    assert [heads.labels("category")[n] for n in chances.argmax(axis=1)] == ["robots", "gardens"]


def test_company_and_number_change_nothing(folder):
    heads, texts = Heads(folder), [f"{'very ' * (n % 7)}good tree" for n in range(70)]
    together = heads.chances("sentiment", texts)
    np.testing.assert_allclose(together[:3], heads.chances("sentiment", texts[:3]), atol=0.02)
    assert heads.chances("sentiment", []).shape == (0, 2)
    assert heads.values([]).shape == (0,)


def test_what_is_not_there_is_named(folder, tiny):
    with pytest.raises(NotFoundError, match=r"'co-consumption'.*there are: sentiment, category"):
        Heads(folder).chances("co-consumption", ["x"])
    with pytest.raises(NotFoundError, match="holds no heads"):
        Heads(tiny).labels("sentiment")
    with pytest.raises(DataError, match="pass"):
        Heads(folder).chances("sentiment", "one text")


def test_damaged_heads_are_named(folder, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path / "e")
    (tmp_path / "e" / INSIDE / "heads.safetensors").write_bytes(b"nothing")
    with pytest.raises(FolderError, match="cannot be read"):
        Heads(tmp_path / "e").values(["x"])
    (tmp_path / "e" / INSIDE / "heads.json").write_text("[{}]")
    with pytest.raises(FolderError, match="is damaged"):
        Heads(tmp_path / "e").labels("sentiment")


@pytest.fixture(scope="module")
def readers(tmp_path_factory, tiny):
    """Heads that read histories, of people who keep to one subject."""
    config = settings(tiny, tasks=("next-item", "click", "rating"), steps=60, batch_size=16)
    return Heads(adapt(shop(texts=False), tmp_path_factory.mktemp("readers") / "e", config).folder)


@pytest.mark.parametrize("task", ["next-item", "click"])
def test_who_took_robots_is_offered_robots(readers, task):
    histories = [["robot space rocket"] * 3, ["garden soil seeds"] * 3]
    found = readers.scores(task, histories, ["robot rocket space", "seeds soil garden"])
    assert found.shape == (2, 2)
    assert found.argmax(axis=1).tolist() == [0, 1]


def test_a_person_counts_alone_and_the_latest_items_only(readers):
    long = ["garden soil seeds"] * 20 + ["robot space rocket"] * 5
    together = readers.scores("click", [long, []], ["robot rocket space"])
    np.testing.assert_allclose(
        together[:1], readers.scores("click", [long[-5:]], ["robot rocket space"]), atol=0.01
    )
    assert np.isfinite(together).all()
    assert readers.scores("click", [], ["x"]).shape == (0, 1)
    assert readers.scores("rating", [["x"]], []).shape == (1, 0)


def test_ratings_of_histories_keep_to_the_scale(readers):
    found = readers.scores("rating", [["robot space rocket"]], ["robot rocket space"])
    assert 1 <= found[0, 0] <= 5


def test_a_head_is_asked_what_it_answers(readers, folder):
    with pytest.raises(NotFoundError, match=r"'rating'.*reads texts.*there are: none"):
        readers.values(["x"])
    with pytest.raises(NotFoundError, match=r"'sentiment'.*reads a history.*there are: none"):
        Heads(folder).scores("sentiment", [["x"]], ["y"])
