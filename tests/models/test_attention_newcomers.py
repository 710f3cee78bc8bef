"""Two opinions on new items for `attention`: what they add up to, and where newcomers stand."""

from __future__ import annotations

import numpy as np
import pytest

from llm4rec.models.attention_newcomers import SHARE, Newcomers


def opinions(seed: int = 3) -> Newcomers:
    rng = np.random.default_rng(seed)
    vectors, likes = rng.standard_normal((6, 4)), rng.standard_normal((6, 3))
    taken = rng.standard_normal((5, 3))
    return Newcomers(
        *(np.asarray(a, np.float32) for a in (vectors, likes - likes.mean(axis=0), taken, taken))
    )


def test_what_was_taken_counts_half_as_much_as_what_the_network_says():
    new = opinions()
    means = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    asked = new.asked(means, [np.array([0, 3]), np.array([4])])
    by_network, by_history = asked[:, :4] @ new.vectors.T, asked[:, 4:] @ new.likes.T
    assert by_network == pytest.approx(means @ new.vectors.T)
    assert by_history.std(axis=1) == pytest.approx(SHARE * by_network.std(axis=1), rel=1e-4)
    wanted = (new.taken[[0, 3]].sum(axis=0) @ new.likes.T).argsort()
    assert by_history[0].argsort().tolist() == wanted.tolist()


def test_newcomers_in_a_history_have_nothing_of_their_own_to_say():
    new = opinions()
    means = np.ones((2, 4), np.float32)
    both = new.asked(means, [np.array([2, 7]), np.array([9])])
    alone = new.asked(means, [np.array([2]), np.array([], dtype=np.int64)])
    assert both == pytest.approx(alone)
    assert not both[1, 4:].any()


def test_known_items_and_newcomers_answer_in_columns_of_their_own():
    new = opinions()
    inputs = np.random.default_rng(1).standard_normal((11, 4)).astype(np.float32)
    items = new.beside(inputs)
    assert items.shape == (11, 4 + new.width)
    assert items[:5, :4] == pytest.approx(inputs[:5])
    assert not items[:5, 4:].any()
    assert not items[5:, :4].any()
    assert items[5:, 4:] == pytest.approx(np.hstack([new.vectors, new.likes]))
