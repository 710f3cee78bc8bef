"""From a dataset into a store and back: what is learnt from is what was kept."""

import numpy as np
import pytest

from llm4rec.core import (
    DataError,
    EditsVersion,
    Feedback,
    FolderError,
    ItemVersion,
    ProfileEdits,
    UserVersion,
    stream,
)
from llm4rec.data import read_dataset, write_folder
from llm4rec.data.kept_edits import read_edits
from llm4rec.engine.storing import export_folder, import_dataset, person
from llm4rec.store import open_store

TABLES = {
    "interactions.csv": "user_id,item_id,timestamp,kind,value,text,context_place\n"
    "1,007,1600000000,rating,4.5,fine,home\n"
    "2,b,1600000003,click,,,\n"
    "1,b,1600000001,purchase,,,work\n"
    "2,b,1600000003,click,,,\n",
    "items.csv": "item_id,title,price,tags,vec\n"
    '007,Bond,1.5,a|b,"[1.0, 2.0]"\n'
    'b,"Say ""hi"", 雪",,,\n'
    'c,Untouched,3,c,"[0.5, 0.25]"\n',
    "users.csv": "user_id,age\n1,31\n2,\n3,7\n",
    "dataset.toml": 'name = "a shop"\nsynthetic = true\n[types]\ntags = "tags"\nvec = "vector"\ntitle = "text"\n',
}


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return read_dataset(folder)


@pytest.fixture
def store(tmp_path):
    with open_store(str(tmp_path / "shop.db")) as opened:
        yield opened


def rows_of(dataset):
    rows = dataset.interactions
    told = zip(
        dataset.users.ids.names(rows.users),
        dataset.catalog.ids.names(rows.items),
        [rows.kind_names[kind] for kind in rows.kinds],
        rows.timestamps.tolist(),
        [None if np.isnan(value) else float(value) for value in rows.values],
        rows.texts.tolist(),
        [rows.context(row) for row in range(len(rows))],
        strict=True,
    )
    return sorted(map(repr, told))


def described(table):
    columns = {}
    for name, column in table.columns.items():
        missing = column.missing()
        columns[name] = (
            column.type,
            [None if gone else repr(value) for gone, value in zip(missing, column.values, strict=True)],
        )
    return table.ids.ids, columns


def test_a_dataset_comes_back_as_it_was(store, dataset, tmp_path):
    counts = import_dataset(store, dataset)
    assert counts == {"interactions": 4, "items": 3, "users": 3, "edits": 0, "written": 10}
    assert export_folder(store, tmp_path / "out") == {"interactions": 4, "items": 3, "users": 3, "edits": 0}
    again = read_dataset(tmp_path / "out")
    assert rows_of(again) == rows_of(dataset)
    assert described(again.catalog) == described(dataset.catalog)
    assert described(again.users) == described(dataset.users)
    assert (again.name, again.synthetic) == ("a shop", True)
    assert again.users.ids.ids == (1, 2, 3)
    assert again.catalog.ids.ids == ("007", "b", "c")


def test_edits_of_profiles_go_along_and_are_no_data(store, dataset, tmp_path):
    war = ProfileEdits(removed=("war", '雪 / "snow"'), keywords={"sea": 0.5})
    import_dataset(store, dataset)
    told = [("1", ProfileEdits(erased=True)), ("1", war), ("2", war), ("2", ProfileEdits())]
    store.append([EditsVersion(user, 5.0, edits) for user, edits in told])
    assert export_folder(store, tmp_path / "out")["edits"] == 1
    again = read_dataset(tmp_path / "out")
    assert not [note for note in again.notes if "edits" in note], "no table was left out"
    kept = read_edits(tmp_path / "out")
    assert kept == {"1": war}
    with open_store(str(tmp_path / "other.db")) as other:
        assert [import_dataset(other, again, edits=kept)["written"] for _ in range(2)] == [11, 0]
        assert [(row.user, row.edits) for row in stream(other, EditsVersion)] == [("1", war)]


@pytest.mark.parametrize(
    "line", ["{", "5", '{"user_id": "u"}', '{"user_id": "u", "edits": {"removd": []}}', "[" * 100_000]
)
def test_a_line_of_edits_that_is_none_is_named(tmp_path, line):
    (tmp_path / "edits.jsonl").write_text(f'{{"user_id": 1, "edits": {{}}}}\n{line}\n')
    with pytest.raises(DataError, match=r"edits\.jsonl, line 2"):
        read_edits(tmp_path)


def test_interactions_are_kept_in_the_order_of_time(store, dataset):
    import_dataset(store, dataset)
    times = [row.time for row in stream(store, Feedback)]
    assert times == sorted(times)


def test_the_same_import_again_keeps_nothing_twice(store, dataset):
    import_dataset(store, dataset)
    assert import_dataset(store, dataset)["written"] == 0
    assert len([*stream(store, Feedback)]) == 4
    assert import_dataset(store, dataset, "other")["written"] == 10


def test_what_came_while_serving_is_learnt_from(store, dataset, tmp_path):
    import_dataset(store, dataset)
    store.append(
        [
            Feedback("new", "d", "click", 1700000000.0, context={"device": "phone"}),
            Feedback("1", "c", "click", 1700000001.0),
            ItemVersion("d", 1700000000.0, {"title": "New", "price": "cheap"}),
            ItemVersion("c", 1700000002.0, deleted=True),
            UserVersion("2", 1700000003.0, {"age": 9.5}),
        ]
    )
    export_folder(store, tmp_path / "out")
    told = (tmp_path / "out" / "dataset.toml").read_text()
    assert "[types]" in told
    (tmp_path / "out" / "dataset.toml").write_text("name = 'x'\n[types]\ntitle = 'text'\n")
    again = read_dataset(tmp_path / "out")
    assert again.catalog.ids.ids == ("007", "b", "d"), "the deleted item is gone, with its events"
    assert len(again.interactions) == 5
    assert set(again.users.ids.ids) == {"1", "2", "3", "new"}, "text as soon as one id is text"
    assert again.catalog.titles[2] == "New"
    assert again.interactions.contexts is not None
    assert set(again.interactions.contexts.names) == {"place", "device"}
    ages = dict(zip(again.users.ids.ids, again.users.columns["age"].values.tolist(), strict=True))
    assert ages["2"] == 9.5


def test_text_ids_that_look_like_numbers_stay_text(store, tmp_path):
    import polars as pl

    frame = pl.DataFrame({"user_id": ["1", "2"], "item_id": ["5", "6"], "timestamp": [1, 2]})
    given = read_dataset(frame)
    import_dataset(store, given)
    export_folder(store, tmp_path / "out")
    again = read_dataset(tmp_path / "out")
    assert again.users.ids.ids == given.users.ids.ids
    assert again.catalog.ids.ids == given.catalog.ids.ids


def test_an_export_is_whole_or_not_there(store, dataset, tmp_path):
    with pytest.raises(DataError, match="no interactions"):
        export_folder(store, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    import_dataset(store, dataset)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(FolderError, match="exists already"):
        export_folder(store, tmp_path / "out")
    write_folder(dataset, tmp_path / "other")
    assert sorted(file.name for file in tmp_path.iterdir() if file.name.startswith(".")) == []


def test_a_person_is_told_everything(store, dataset):
    import_dataset(store, dataset)
    told = person(store, 1)
    assert [row["item"] for row in told["Feedback"]] == ["007", "b"]
    assert told["UserVersion"][0]["attributes"] == {"age": 31}
    assert (told["Impression"], told["Report"]) == ([], [])
