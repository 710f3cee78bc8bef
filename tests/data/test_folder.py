"""What anyone may rely on from a folder of tables: found, renamed, joined, with its splits in step."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from llm4rec.core import ColumnType, DataError, NotFoundError
from llm4rec.data import check, load, read_dataset, read_items

REAL = Path(__file__).parents[3] / "shared" / "data"
EVENTS = "user_id,item_id,timestamp\nann,t1,1000000300\nbob,t2,1000000200\nann,t3,1000000100\n"


def folder(tmp_path, **tables):
    """A folder of CSV files; `toml` is its dataset.toml."""
    for name, text in ({"interactions": EVENTS} | tables).items():
        if text is not None:
            file = "dataset.toml" if name == "toml" else f"{name}.csv"
            (tmp_path / file).write_text(text)
    return tmp_path


def problems(source, **given):
    return [str(problem) for problem in check(source, **given).problems]


def notes(source, **given):
    return "\n".join(str(note) for note in check(source, **given).notes)


def test_a_folder_becomes_a_data_set_in_order_of_user_and_time(tmp_path):
    data = read_dataset(folder(tmp_path, items="item_id,title\nt9,Nine\nt3,Three\n"))
    assert data.catalog.ids.ids == ("t9", "t3", "t1", "t2"), "the file first, then as they appear"
    assert data.users.ids.ids == ("ann", "bob")
    assert data.interactions.users.tolist() == [0, 0, 1]
    assert data.catalog.ids.names(data.interactions.items) == ["t3", "t1", "t2"]
    assert data.catalog.titles == ["Nine", "Three", "t1", "t2"]
    assert data.interactions.kind_names == ("click",)


def test_the_name_and_the_rest_of_dataset_toml_arrive(tmp_path):
    data = read_dataset(folder(tmp_path, toml='name = "my shop"\nsynthetic = true\n'))
    assert (data.name, data.synthetic) == ("my shop", True)
    assert read_dataset(folder(tmp_path, toml="")).name == tmp_path.name


def test_columns_may_have_other_names(tmp_path):
    events = "uid,movie,when\nann,t1,1000000300\n"
    toml = '[columns]\nuser_id = "uid"\nitem_id = "movie"\ntimestamp = "when"\n'
    data = read_dataset(folder(tmp_path, interactions=events, toml=toml))
    assert data.users.ids.ids == ("ann",)
    assert data.interactions.timestamps.tolist() == [1000000300.0]


def test_a_renamed_column_is_told_by_the_name_in_the_file(tmp_path):
    toml = '[columns]\nrating = "stars"\n'
    events = "user_id,item_id,stars\nann,t1,five\n"
    (problem,) = problems(folder(tmp_path, interactions=events, toml=toml))
    assert "column 'stars'" in problem


def test_a_kind_can_be_one_word_for_all_rows(tmp_path):
    data = read_dataset(folder(tmp_path, toml='[columns]\nkind = "purchase"\n'))
    assert data.interactions.kind_names == ("purchase",)


def test_a_kind_can_be_a_column_of_another_name_and_its_own_column_goes_first(tmp_path):
    events = "user_id,item_id,event\nann,t1,cart\n"
    toml = '[columns]\nkind = "event"\n'
    assert read_dataset(folder(tmp_path, interactions=events, toml=toml)).interactions.kind_names == ("cart",)
    events = "user_id,item_id,event,kind\nann,t1,cart,view\n"
    own = read_dataset(folder(tmp_path, interactions=events, toml=toml))
    assert own.interactions.kind_names == ("view",)
    events = "user_id,item_id,rating,kind\nann,t1,3,rating\n"
    toml = '[columns]\nkind = "rating"\n'
    data = read_dataset(folder(tmp_path, interactions=events, toml=toml))
    assert (data.interactions.kind_names, data.interactions.values.tolist()) == (("rating",), [3.0])


def test_a_column_mapping_that_leads_nowhere_is_a_problem(tmp_path):
    (problem,) = problems(folder(tmp_path, toml='[columns]\nrating = "itemid"\n'))
    assert "dataset.toml, column 'rating'" in problem
    assert "did you mean 'item_id'" in problem


def test_two_columns_for_one_name_are_a_problem(tmp_path):
    toml = '[columns]\nuser_id = "item_id"\n'
    (problem,) = problems(folder(tmp_path, toml=toml))
    assert "has both 'user_id' and 'item_id'" in problem


def test_two_files_for_one_table_are_a_problem_that_names_both(tmp_path):
    folder(tmp_path, items="item_id\nt1\n")
    pl.DataFrame({"item_id": ["t1"]}).write_parquet(tmp_path / "items.parquet")
    (problem,) = problems(tmp_path)
    assert "items.csv and items.parquet" in problem
    assert "Remove one" in problem


def test_unknown_keys_and_files_are_noted_and_relations_are_kept_for_later(tmp_path):
    told = notes(
        folder(
            tmp_path, toml='license = "MIT"\n', item="a\n1\n", item_relations="head,relation,tail\na,b,c\n"
        )
    )
    assert "'license' is not known and not used; did you mean 'licence'?" in told
    assert "item.csv: is not a table of a data set and was not read; did you mean 'items'?" in told
    assert "item_relations.csv: kept for later, not read" in told


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ("rating = [5, 1]", "rating"),
        ('rating = "1-5"', "rating"),
        ("name = 3", "name"),
        ('[types]\ntitle = "txt"', "did you mean 'text'"),
        ("[splits]\na = 3", "splits.a"),
        ("name = ", "is not TOML"),
    ],
)
def test_a_wrong_dataset_toml_is_a_problem_with_its_key(tmp_path, toml, what):
    found = problems(folder(tmp_path, toml=toml))
    assert found
    assert all(problem.startswith("dataset.toml") for problem in found)
    assert what in found[0]


def test_a_dataset_toml_in_another_encoding_is_a_problem(tmp_path):
    folder(tmp_path)
    (tmp_path / "dataset.toml").write_bytes(b'name = "caf\xe9"\n')
    assert "not UTF-8" in problems(tmp_path)[0]


def test_settings_go_before_dataset_toml_and_are_merged(tmp_path):
    toml = 'name = "old"\n[columns]\nuser_id = "uid"\n'
    source = folder(tmp_path, interactions="uid,iid\nann,t1\n", toml=toml)
    data = read_dataset(source, settings={"name": "new", "columns": {"item_id": "iid"}})
    assert (data.name, data.catalog.ids.ids) == ("new", ("t1",))


def test_splits_stay_in_step_with_the_sorted_rows(tmp_path):
    events = (
        "user_id,item_id,timestamp,part,fold1,fold2\n"
        "ann,t3,1000000300,test,true,0\nbob,t2,1000000200,train,false,1\nann,t1,1000000100,valid,false,0\n"
    )
    toml = '[splits]\nofficial = "part"\nfolds = ["fold1", "fold2"]\n'
    loaded = load(folder(tmp_path, interactions=events, toml=toml))
    assert loaded.dataset.catalog.ids.names(loaded.dataset.interactions.items) == ["t1", "t3", "t2"]
    assert loaded.marks["part"].tolist() == ["valid", "test", "train"]
    assert loaded.marks["fold1"].tolist() == [False, True, False]
    assert loaded.marks["fold2"].tolist() == [False, False, True]
    assert loaded.splits == {"official": ("part",), "folds": ("fold1", "fold2")}


def test_wrong_splits_are_named(tmp_path):
    events = "user_id,item_id,part\nann,t1,train\nann,t2,tset\n"
    source = folder(tmp_path, interactions=events, toml='[splits]\na = "part"\nb = "prt"\n')
    value, column = problems(source)
    assert "interactions.csv, row 2, column 'part'" in value
    assert "'tset'" in value
    assert "train, valid or test" in value
    assert "'prt'" in column
    assert "did you mean 'part'" in column


def test_a_folder_without_interactions_lists_what_is_there(tmp_path):
    folder(tmp_path, interactions=None, interaction="a\n1\n")
    with pytest.raises(NotFoundError, match=r"did you mean 'interaction.csv'.*there is: interaction.csv"):
        load(tmp_path)
    assert "no interactions in" in problems(tmp_path)[0]


def test_a_missing_folder_suggests_its_neighbour(tmp_path):
    (tmp_path / "my-shop").mkdir()
    with pytest.raises(NotFoundError, match="did you mean 'my-shop'"):
        read_dataset(tmp_path / "my-shp")


def test_every_broken_table_is_told_at_once(tmp_path):
    folder(tmp_path, interactions="user_id,item_id\nann,\n", items="name\nx\n", users="user_id\n")
    (tmp_path / "users.csv").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        read_dataset(tmp_path)
    assert {p.file for p in caught.value.problems} == {"interactions.csv", "items.csv", "users.csv"}


FRAME = {"user_id": [1, 2], "item_id": ["a", "b"], "timestamp": [1e9, 2e9]}


@pytest.mark.parametrize("make", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.table])
def test_frames_do_as_well_as_folders(make):
    items = make({"item_id": ["b", "a"], "title": ["B", "A"]})
    data = read_dataset(make(FRAME), items=items, users=make({"user_id": [2, 1], "age": [30, 40]}))
    assert data.catalog.titles == ["B", "A"]
    assert data.users.ids.ids == (2, 1)
    assert data.interactions.users.tolist() == [0, 1]
    assert data.interactions.items.tolist() == [0, 1]


def test_one_file_of_interactions_does_as_well(tmp_path):
    data = read_dataset(folder(tmp_path) / "interactions.csv")
    assert (len(data.interactions), data.name) == (3, "interactions")


@pytest.fixture
def shop():
    items = pl.DataFrame(
        {"item_id": ["a", "b"], "title": ["A", "B"], "price": [1.0, 2.0], "v": [[1.0], [2.0]]}
    )
    return read_dataset(pl.DataFrame(FRAME), items=items).catalog


def test_new_items_are_typed_like_the_catalog(shop):
    new = read_items(pl.DataFrame({"item_id": ["c"], "price": ["3.5"], "colour": ["red"]}), like=shop)
    grown = shop.extended(new)
    assert grown.ids.ids == ("a", "b", "c")
    assert grown.columns["price"].values.tolist() == [1.0, 2.0, 3.5]
    assert "colour" not in new.columns


def test_new_items_must_be_new_and_are_named(shop):
    with pytest.raises(DataError, match="in the catalog already: 'b'"):
        read_items(pl.DataFrame({"item_id": ["c", "b"]}), like=shop)


def test_new_items_need_vectors_of_the_same_length(shop):
    with pytest.raises(DataError, match="2 numbers, but 1 in the catalog"):
        read_items(pl.DataFrame({"item_id": ["c"], "v": [[1.0, 2.0]]}), like=shop)


def test_new_items_with_text_ids_do_not_join_whole_numbers(tmp_path):
    numbers = read_items(pl.DataFrame({"item_id": [1, 2]}))
    with pytest.raises(DataError, match="ids are text, but whole numbers"):
        read_items(pl.DataFrame({"item_id": ["x"]}), like=numbers)
    assert read_items(pl.DataFrame({"item_id": [3]}), like=numbers).ids.ids == (3,)


def test_a_catalog_alone_is_read_from_its_folder(tmp_path):
    folder(tmp_path, interactions=None, items="item_id,title\n1,One\n")
    assert read_items(tmp_path).titles == ["One"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match="no items in"):
        read_items(tmp_path / "empty")


def real_folders():
    return sorted(p.parent for p in REAL.glob("*/interactions.*")) or [None]


@pytest.mark.real
@pytest.mark.parametrize("place", real_folders(), ids=lambda p: p.name if p else "none")
def test_every_real_folder_loads_with_the_counts_it_tells(place):
    if place is None:
        pytest.skip(f"no data sets in {REAL}")
    loaded = load(place)
    told = (place / "dataset.toml").read_text().split("about = ")[1].splitlines()[0]
    counts = loaded.report.counts
    for words, name in (
        ("users|listeners", "users"),
        ("items|films|artists|videos|headlines", "items"),
        ("interactions|ratings|reviews|play counts|shown pairs", "interactions"),
    ):
        figures = [int(f.replace(",", "")) for f in re.findall(rf"(\d[\d,]*) (?:{words})", told)]
        assert not figures or counts[name] in figures, name
    assert all(len(marks) == len(loaded.dataset.interactions) for marks in loaded.marks.values())
    assert all(column in loaded.marks for columns in loaded.splits.values() for column in columns)


@pytest.mark.real
def test_movielens_keeps_its_folds_its_types_and_its_rows():
    if not (REAL / "ml-100k").is_dir():
        pytest.skip(f"no ml-100k in {REAL}")
    loaded = load(REAL / "ml-100k")
    data = loaded.dataset
    folds = np.sum([loaded.marks[name] for name in loaded.splits["folds"]], axis=0)
    assert (folds == 1).all(), "every rating is tested in one fold of five"
    assert loaded.marks["ua_test"].sum() == loaded.marks["ub_test"].sum() == 9430, "ten a user"
    assert np.bincount(data.interactions.users[loaded.marks["ua_test"]]).tolist() == [10] * 943
    types = {name: column.type for name, column in data.catalog.columns.items()}
    assert types["release_date"] is ColumnType.TIME
    assert types["image"] is ColumnType.MEDIA
    assert types["categories"] is ColumnType.TAGS
    assert types["description"] is types["tagline"] is ColumnType.TEXT
    history = data.history(data.users.ids.number(196))
    place = history.items.tolist().index(data.catalog.ids.number(242))
    assert (history.values[place], history.timestamps[place]) == (3.0, 881250949.0), "its first row"
