"""The tiny data sets are what they say, and the fakes keep the contracts of what they stand for."""

import numpy as np
import pytest

from llm4rec.core import ColumnType
from llm4rec.testing import (
    WordEncoder,
    WordFeatures,
    asking,
    best,
    check_encoder,
    check_features,
    checkerboard,
    context,
    in_a_row,
    shelf,
)

DAY = 86_400.0


def test_the_word_encoder_keeps_the_encoder_contract():
    check_encoder(WordEncoder())


def test_word_features_keep_the_features_contract():
    check_features(WordFeatures(), shelf().catalog)


def test_texts_that_share_words_are_close():
    robots, more_robots, soil = WordEncoder(256).encode(["space robots", "peace robots", "garden soil"])
    assert robots @ more_robots > 0.3 > abs(robots @ soil)


def test_words_never_seen_leave_zeros():
    features = WordFeatures().fit(shelf("robots", "robots").catalog)
    assert features.transform(shelf("robots", "soil").catalog).toarray().tolist() == [[1.0], [0.0]]


def test_the_shelf_has_two_subjects_with_two_readers_each():
    data = shelf()
    assert data.catalog.titles == ["space robots", "robots and peace", "garden soil", "roses and soil"]
    assert [sorted(data.history(u).items) for u in range(4)] == [[0, 1], [0, 1], [2, 3], [2, 3]]


def test_on_ones_own_shelf_only_the_first_two_items_were_touched():
    data = shelf("a", "b", "c")
    assert data.counts.tolist() == [2, 2, 0]
    assert data.catalog.columns["title"].type is ColumnType.TEXT


def test_on_the_checkerboard_each_user_lacks_one_of_their_parity():
    data = checkerboard(6)
    assert data.matrix().toarray().astype(int).tolist() == [
        [0, 0, 1, 0, 1, 0],
        [0, 0, 0, 1, 0, 1],
        [1, 0, 0, 0, 1, 0],
        [0, 1, 0, 0, 0, 1],
        [1, 0, 1, 0, 0, 0],
        [0, 1, 0, 1, 0, 0],
    ]


def test_in_a_row_everyone_takes_the_next_stop():
    data = in_a_row(size=8, users=10)
    for user in range(10):
        items = data.history(user).items
        assert items[0] == user % 8
        np.testing.assert_array_equal(np.diff(items) % 8, 1)


def test_a_bare_question_is_in_the_order_given_or_by_age():
    assert asking(3, 1).history.items.tolist() == [3, 1]
    by_age = asking(3, 1, days_ago=(10, 0)).history.timestamps
    assert by_age[1] - by_age[0] == 10 * DAY


def test_the_best_is_never_in_the_history():
    class Favourite:
        def score(self, requests, items=None):
            return np.array([[9.0, 5.0, 7.0]], np.float32)

    assert best(Favourite(), asking(0)) == 2


def test_parts_of_the_context_can_be_replaced():
    world = context(shelf(), encoder=None)
    assert world.encoder is None
    assert world.features is not None
    with pytest.raises(TypeError, match="oven"):
        context(oven=1)
