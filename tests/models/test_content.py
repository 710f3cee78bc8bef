"""What anyone may rely on from models of what items say."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Vocabulary, as_csr
from llm4rec.models.content import PARTS, Content, ContentConfig, ItemContent
from llm4rec.models.histories import recency_matrix
from llm4rec.testing import WordEncoder, asking, best, context, fitted, shelf


def test_same_subject_comes_first():
    assert best(fitted(Content()), asking(0)) == 1
    assert best(fitted(Content()), asking(2)) == 3


def test_nobody_has_touched_it_yet_and_it_is_still_found():
    model = fitted(Content(), shelf("space robots", "garden soil", "space robots sequel", "garden tools"))
    assert best(model, asking(0)) == 2


@pytest.mark.parametrize(("decay", "expected"), [(0.5, 3), (None, 1)])
def test_a_fading_history_follows_the_latest(decay, expected):
    data = shelf("space robots", "robots space", "garden soil", "soil garden")
    model = fitted(Content(ContentConfig(decay=decay)), data)
    old_robots_new_garden = asking(0, 0, 2) if decay else asking(0, 2)
    scores = model.score([old_robots_new_garden])[0]
    assert best(model, old_robots_new_garden) == expected
    if decay is None:
        assert scores[1] == pytest.approx(scores[3], abs=1e-5)


def test_a_newcomer_is_found_by_its_text_and_known_items_keep_their_order():
    data = shelf()
    model = fitted(Content(), data)
    title = data.catalog.take(np.array([0])).columns
    grown = model.grow(
        data.catalog.extended(Catalog(Vocabulary(["space robots again"]), title)), context(data)
    )
    assert best(grown, asking(0)) == 4
    before, after = model.score([asking(0)])[0], grown.score([asking(0)])[0, :4]
    assert np.argsort(-before).tolist() == np.argsort(-after).tolist()


@pytest.mark.parametrize(
    "missing", [{"encoder": None}, {"features": None}, {"encoder": None, "features": None}]
)
def test_a_part_that_is_not_there_says_nothing(missing):
    data = shelf()
    model = Content().fit(data, context(data, **missing))
    scores = model.score([asking(0)])[0]
    assert np.isfinite(scores).all()
    if len(missing) == 2:
        assert scores.tolist() == [0.0] * 4
    else:
        assert best(model, asking(0)) == 1


def test_weights_of_zero_leave_a_part_out():
    data = shelf("space robots", "space robots", "garden soil")
    model = fitted(Content(ContentConfig(text=0.0, attributes=0.0, words=0.0)), data)
    assert model.score([asking(0)])[0].tolist() == [0.0] * 3


@pytest.fixture
def content():
    data = shelf()
    return ItemContent.read(data.catalog, context(data, raw_encoder=WordEncoder(8)))


def test_rows_are_of_length_one(content):
    np.testing.assert_allclose(np.linalg.norm(content.text, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(content.words.toarray(), axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(content.raw, axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("name", PARTS)
def test_similarity_is_the_sum_of_pairs(content, name):
    rows = as_csr(getattr(content, name)).toarray()
    pairs = rows @ rows.T
    np.testing.assert_allclose(np.diagonal(pairs), 1.0, rtol=1e-5)
    weights = recency_matrix([asking(0, 2)], 4, 2.0)
    np.testing.assert_allclose(
        content.similarity(name, weights), weights.toarray() @ pairs, rtol=1e-4, atol=1e-5
    )


def test_parts_stand_side_by_side_at_their_scales(content):
    stacked = content.stacked({"text": 1.0, "words": 0.5}).toarray()
    width = content.text.shape[1]
    np.testing.assert_allclose(stacked[:, :width], content.text, rtol=1e-6)
    np.testing.assert_allclose(stacked[:, width:], 0.5 * content.words.toarray(), rtol=1e-6)
    assert content.stacked({}).shape == (4, 0)


def test_content_is_taken_and_put_behind_other_content(content):
    again = content.take(np.array([0, 1])).followed_by(content.take(np.array([2, 3])))
    for name in ("text", "raw"):
        np.testing.assert_array_equal(getattr(again, name), getattr(content, name))
    for name in ("attributes", "words"):
        assert (getattr(again, name) != getattr(content, name)).nnz == 0


def test_an_item_without_text_is_like_nothing():
    model = fitted(Content(), shelf("space robots", "garden", ""))
    scores = model.score([asking(2)])[0]
    assert scores.tolist() == [0.0] * 3
