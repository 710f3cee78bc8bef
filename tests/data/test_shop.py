"""What anyone may rely on from the sample shop: real books, made-up readers, something to learn."""

import hashlib
import tomllib

import numpy as np
import polars as pl
import pytest

from llm4rec.core import ColumnType, FolderError
from llm4rec.data import read_dataset
from llm4rec.data.shop import sample_books, sample_shop, shop_traits
from llm4rec.data.writing import write_folder


@pytest.fixture(scope="module")
def shop():
    return sample_shop()


def digest(dataset) -> str:
    rows, whole = dataset.interactions, hashlib.sha256()
    for column in (rows.users, rows.items, rows.kinds, np.nan_to_num(rows.values), rows.timestamps):
        whole.update(np.asarray(column, dtype=np.int64).tobytes())
    whole.update("\n".join(text or "" for text in rows.texts).encode())
    return whole.hexdigest()[:16]


def test_the_books_are_facts():
    books = sample_books()
    assert len(books) == len(set(books.ids.ids)) == 340
    years = books.columns["year"].values
    assert years.min() >= -2000
    assert years.max() < 1930, "out of copyright"
    emma = books.ids.number("emma")
    assert books.titles[emma] == "Emma"
    assert books.columns["author"].values[emma] == "Jane Austen"
    assert years[emma] == 1815
    assert not any(column.missing().any() for column in books.columns.values())


def test_order_of_the_books_tells_nothing_but_their_ids():
    assert list(sample_books().ids.ids) == sorted(sample_books().ids.ids)


def test_the_hidden_truth_is_not_in_the_catalog():
    books, traits = sample_books(), shop_traits()
    assert set(books.columns) == {
        "title",
        "author",
        "year",
        "language",
        "form",
        "categories",
        "description",
    }
    assert books.columns["categories"].type is ColumnType.TAGS
    assert traits.themes.shape == (340, 39)
    assert ((traits.themes > 0).sum(axis=1) >= 3).all()


def test_the_series_of_an_author_goes_by_year():
    books, traits = sample_books(), shop_traits()
    years = books.columns["year"].values
    has = np.flatnonzero(traits.follows >= 0)
    assert len(has) > 90
    assert (years[traits.follows[has]] >= years[has]).all()
    assert (traits.groups[traits.follows[has]] == traits.groups[has]).all()
    anonymous = books.columns["author"].values == "Anonymous"
    assert (traits.groups[anonymous] == -1).all()


def test_it_says_that_it_is_made_up(shop):
    assert shop.synthetic
    assert shop.name == "sample-shop"
    assert any("synthetic" in note and "simulator" in note for note in shop.notes)


def test_its_size_suits_a_laptop(shop):
    assert len(shop.users) == 1_200
    assert 25_000 < len(shop.interactions) < 30_000
    events = np.diff(shop.offsets)
    assert events.min() >= 8
    assert events.max() <= 40
    kinds = {
        name: np.mean(shop.interactions.kinds == n) for n, name in enumerate(shop.interactions.kind_names)
    }
    assert 0.5 < kinds["rating"] < 0.7
    assert 0.01 < kinds["dislike"] < 0.08


def test_same_seed_same_shop_and_another_seed_another(shop):
    assert digest(sample_shop()) == digest(shop)
    assert digest(sample_shop(seed=1)) != digest(shop)


def test_the_shop_of_seed_0_is_the_same_on_every_machine(shop):
    # A change here changes every figure measured on the shop; numpy promises its random streams almost for ever.
    assert digest(shop) == "f21bdef715874e19"


def ndcg(scores, target, seen, k=10) -> float:
    scores = np.where(seen, -np.inf, scores)
    mine = scores[np.arange(len(target)), target][:, None]
    rank = (scores > mine).sum(axis=1) + 0.5 * ((scores == mine).sum(axis=1) - 1) + 1
    return float(np.where(rank <= k, 1 / np.log2(rank + 1), 0).mean())


def test_what_similar_readers_took_beats_what_everybody_takes(shop):
    last = shop.offsets[1:] - 1
    keep = np.ones(len(shop.interactions), dtype=bool)
    keep[last] = False
    matrix = shop.only(keep).matrix().toarray()
    target, seen = shop.interactions.items[last], matrix > 0
    together = matrix.T @ matrix
    popular = np.diag(together).copy()
    near = together / (np.sqrt(np.outer(popular, popular)) + 10)
    np.fill_diagonal(near, 0)
    neighbours, everybody = ndcg(matrix @ near, target, seen), ndcg(np.tile(popular, (1200, 1)), target, seen)
    assert neighbours > 2 * everybody
    assert 0.1 < neighbours < 0.3


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_a_folder_holds_the_whole_shop(tmp_path, suffix):
    shop = sample_shop(readers=40, days=200)
    folder = write_folder(shop, tmp_path / "shops" / "books", suffix)
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}[suffix]
    events, items = read(folder / f"interactions.{suffix}"), read(folder / f"items.{suffix}")
    rows = shop.interactions
    assert events["item_id"].to_list() == shop.catalog.ids.names(rows.items)
    assert events["user_id"].to_list() == shop.users.ids.names(rows.users)
    assert events["timestamp"].to_list() == rows.timestamps.tolist()
    assert events["kind"].to_list() == [rows.kind_names[k] for k in rows.kinds]
    np.testing.assert_array_equal(events["value"].cast(pl.Float32).fill_null(np.nan).to_numpy(), rows.values)
    assert events["text"].to_list() == rows.texts.tolist()
    assert items["description"].to_list() == shop.catalog.columns["description"].values.tolist()
    tags = items["categories"].str.split("|") if suffix == "csv" else items["categories"]
    assert [tuple(t) for t in tags.to_list()] == shop.catalog.columns["categories"].values.tolist()
    assert read(folder / f"users.{suffix}").columns == ["user_id", "age", "country"]
    about = tomllib.loads((folder / "dataset.toml").read_text())
    assert about["synthetic"] is True
    assert about["name"] == "sample-shop"
    assert "made up" in about["about"]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_what_was_written_is_read_back(tmp_path, suffix):
    shop = sample_shop(readers=40, days=200)
    again = read_dataset(write_folder(shop, tmp_path / "books", suffix))
    assert again.synthetic
    assert again.name == shop.name
    assert again.users.ids == shop.users.ids
    assert again.catalog.ids == shop.catalog.ids
    assert again.catalog.texts == shop.catalog.texts
    rows, before = again.interactions, shop.interactions
    np.testing.assert_array_equal(rows.items, before.items)
    np.testing.assert_array_equal(rows.timestamps, before.timestamps)
    np.testing.assert_array_equal(rows.values, before.values)
    assert rows.texts.tolist() == before.texts.tolist()
    assert {name: c.type for name, c in again.catalog.columns.items()} == {
        name: c.type for name, c in shop.catalog.columns.items()
    }


def test_a_folder_that_is_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(FolderError, match="exists already"):
        write_folder(sample_shop(readers=5, days=100), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_stays_behind_when_writing_fails(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setitem(write_folder.__globals__["_WRITERS"], "csv", full)
    with pytest.raises(FolderError, match="no space left"):
        write_folder(sample_shop(readers=5, days=100), tmp_path / "shop", "csv")
    assert list(tmp_path.iterdir()) == []
