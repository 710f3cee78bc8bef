"""What anyone may rely on from histories as a sparse matrix."""

import numpy as np
import pytest

from llm4rec.models.histories import liked_items, recency_matrix
from llm4rec.testing import asking


def test_the_latest_event_counts_one_and_older_ones_fade_by_events_not_days():
    weights = recency_matrix([asking(3, 1, 0, days_ago=(900, 2, 0))], 4, decay=2.0).toarray()[0]
    np.testing.assert_allclose(weights, [1.0, np.exp(-0.5), 0.0, np.exp(-1.0)], rtol=1e-6)


def test_repeats_add_up_with_a_decay_and_count_once_without():
    request = asking(2, 0, 2)
    faded = recency_matrix([request], 3, decay=1.0).toarray()[0]
    np.testing.assert_allclose(faded, [np.exp(-1), 0.0, 1 + np.exp(-2)], rtol=1e-6)
    assert recency_matrix([request], 3, decay=None).toarray().tolist() == [[1.0, 0.0, 1.0]]


def test_a_window_keeps_the_latest():
    assert recency_matrix([asking(0, 1, 2)], 3, None, window=2).toarray().tolist() == [[0, 1, 1]]


@pytest.mark.parametrize("decay", [None, 5.0])
def test_nobody_has_an_empty_row(decay):
    assert recency_matrix([asking(), asking(1)], 2, decay).toarray().tolist() == [[0, 0], [0, 1]]
    assert recency_matrix([], 2, decay).shape == (0, 2)


def test_events_stand_one_behind_the_other_with_their_bounds():
    items, bounds = liked_items([asking(4, 2), asking(), asking(9)])
    assert items.tolist() == [4, 2, 9]
    assert bounds.tolist() == [0, 2, 2, 3]
