"""What anyone may rely on from feature blocks side by side."""

import json

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, Features, FolderError, NotFittedError, Vocabulary
from llm4rec.data.blocks import MultiHot, OneHot
from llm4rec.data.features import FeatureBlocks, default_blocks
from llm4rec.testing import check_features, shelf


def catalog(**extra):
    tags = np.empty(4, dtype=object)
    tags[:] = [("a", "b"), ("a",), ("a", "c"), ()]
    columns = {
        "tags": Column(ColumnType.TAGS, tags),
        "maker": Column(ColumnType.CATEGORY, np.array(["x", "x", "y", None], dtype=object)),
        "code": Column(ColumnType.CATEGORY, np.array(["1", "2", "3", "4"], dtype=object)),
        "price": Column(ColumnType.NUMBER, np.array([1.0, 2.0, 3.0, np.nan])),
        "born": Column(ColumnType.TIME, np.array([0.0, 4e7, 8e7, np.nan])),
        "title": Column(ColumnType.TEXT, np.array(["t", "u", "v", None], dtype=object)),
        "blank": Column(ColumnType.NUMBER, np.full(4, np.nan)),
    }
    return Catalog(Vocabulary(["p", "q", "r", "s"]), columns | extra)


def test_keeps_the_features_contract():
    assert isinstance(default_blocks(catalog()), Features)
    check_features(default_blocks(catalog()), catalog())
    check_features(default_blocks(catalog(), idf=True), catalog())
    check_features(default_blocks(shelf().catalog), shelf().catalog)


def test_the_default_takes_attributes_and_leaves_ids_and_text():
    features = default_blocks(catalog()).fit(catalog())
    assert {name.split("=")[0] for name in features.names} == {"tags", "price", "born"}, (
        "x, x, y is near to ids"
    )
    maker = Column(ColumnType.CATEGORY, np.array(["x", "x", "x", "y"], dtype=object))
    assert "maker=x" in default_blocks(catalog(maker=maker)).fit(catalog(maker=maker)).names
    assert default_blocks(catalog(), exclude=("tags", "born")).fit(catalog()).names[0].startswith("price=")


def test_blocks_stand_side_by_side_in_their_order():
    features = FeatureBlocks([OneHot.of("maker"), MultiHot.of("tags")]).fit(catalog())
    assert features.names == ["maker=x", "maker=y", "tags=a", "tags=b", "tags=c"]
    expected = [[1, 0, 1, 1, 0], [1, 0, 1, 0, 0], [0, 1, 1, 0, 1], [0, 0, 0, 0, 0]]
    assert features.transform(catalog()).toarray().tolist() == expected


def test_idf_weighs_rare_columns_and_makes_rows_of_length_one():
    features = FeatureBlocks([MultiHot.of("tags")], idf=True).fit(catalog())
    matrix = features.transform(catalog()).toarray()
    common, rare = np.log(4 / 3), np.log(4)
    np.testing.assert_allclose(matrix[0], np.array([common, rare, 0]) / np.hypot(common, rare), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), [1, 1, 1, 0], rtol=1e-6)


@pytest.mark.parametrize("idf", [False, True])
def test_serving_one_row_after_a_round_trip_is_the_row_of_fitting(idf):
    features = default_blocks(catalog(), idf=idf).fit(catalog())
    whole = features.transform(catalog())
    again = FeatureBlocks.from_state(json.loads(json.dumps(features.state())))
    assert again.names == features.names
    for row in range(4):
        alone = again.transform(catalog().take(np.array([row])))
        np.testing.assert_array_equal(alone.toarray(), whole[row].toarray())


def test_unseen_values_leave_zeros():
    features = FeatureBlocks([OneHot.of("maker")]).fit(catalog())
    other = Catalog(Vocabulary(["n"]), {"maker": Column(ColumnType.CATEGORY, np.array(["zz"], dtype=object))})
    assert features.transform(other).nnz == 0
    assert features.transform(other).shape == (1, 2)


def test_what_cannot_be_read_or_is_not_fitted_is_said():
    with pytest.raises(NotFittedError, match="needs fit first"):
        FeatureBlocks([]).transform(catalog())
    with pytest.raises(FolderError, match="format 7"):
        FeatureBlocks.from_state({"format": 7})
    with pytest.raises(FolderError, match="did you mean 'one-hot'"):
        FeatureBlocks.from_state({"format": 1, "idf": False, "weights": [], "blocks": [{"kind": "onehot"}]})
