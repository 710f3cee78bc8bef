"""Catalogs, users and interactions come back from parquet with every value and type."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, FolderError, Interactions, Users, Vocabulary
from llm4rec.engine.tables import read_described, read_interactions, write_described, write_interactions


def objects(*values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


COLUMNS = {
    "price": Column(ColumnType.NUMBER, np.array([1.5, np.nan])),
    "since": Column(ColumnType.TIME, np.array([np.nan, 1.7e9])),
    "colour": Column(ColumnType.CATEGORY, objects("röt", None)),
    "themes": Column(ColumnType.TAGS, objects(("a", "b"), ())),
    "title": Column(ColumnType.TEXT, objects("", 'text, "quoted"\n')),
    "picture": Column(ColumnType.MEDIA, objects("a.png", b"\x00\xff")),
    "sound": Column(ColumnType.MEDIA, objects(None, None)),
    "vector": Column(ColumnType.VECTOR, np.array([[1, 2], [np.nan, np.nan]], np.float32)),
    "__id__": Column(ColumnType.TEXT, objects("a column of that name", None)),
}


@pytest.mark.parametrize("kind", [Catalog, Users])
@pytest.mark.parametrize("ids", [["x", "7"], [7, -(2**60)]])
def test_every_type_of_column_comes_back(tmp_path, kind, ids):
    write_described(kind(Vocabulary(ids), COLUMNS), tmp_path / "table.parquet")
    back = read_described(kind, tmp_path / "table.parquet")
    assert isinstance(back, kind)
    assert back.ids == Vocabulary(ids)
    assert list(back.columns) == list(COLUMNS)
    for name, column in COLUMNS.items():
        assert back.columns[name].type is column.type
        assert back.columns[name].values.dtype == column.values.dtype
        assert back.columns[name].values.shape == column.values.shape
        if column.values.dtype == object:
            assert back.columns[name].values.tolist() == column.values.tolist()
        else:
            np.testing.assert_array_equal(back.columns[name].values, column.values)


def test_ids_without_columns_come_back(tmp_path):
    write_described(Users(Vocabulary([])), tmp_path / "users.parquet")
    assert len(read_described(Users, tmp_path / "users.parquet")) == 0


def test_interactions_come_back_in_their_order(tmp_path):
    given = Interactions.of(
        [0, 0, 2],
        [5, 5, 1],
        kinds=[1, 0, 1],
        kind_names=("click", "rating", "unused"),
        values=[4.5, np.nan, 0.0],
        timestamps=[1.5, 1.5, 1e12],
        texts=objects("good", None, ""),
    )
    write_interactions(given, tmp_path / "i.parquet")
    back = read_interactions(tmp_path / "i.parquet")
    for name in ("users", "items", "values", "timestamps", "texts"):
        np.testing.assert_array_equal(getattr(back, name), getattr(given, name))
    assert [back.kind_names[k] for k in back.kinds] == ["rating", "click", "rating"]
    assert back.users.dtype == np.int64
    assert back.positive.tolist() == given.positive.tolist()


def test_interactions_without_texts_have_none_afterwards(tmp_path):
    write_interactions(Interactions.of([0], [1]), tmp_path / "i.parquet")
    assert read_interactions(tmp_path / "i.parquet").texts is None


@pytest.mark.parametrize("read", [lambda path: read_described(Catalog, path), read_interactions])
def test_what_is_no_table_is_refused_by_name(tmp_path, read):
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 but no more")
    with pytest.raises(FolderError, match=r"broken\.parquet cannot be read"):
        read(path)
    with pytest.raises(FolderError, match=r"absent\.parquet cannot be read"):
        read(tmp_path / "absent.parquet")
