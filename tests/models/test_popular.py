"""What anyone may rely on from popularity."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Dataset, Interactions, Users, Vocabulary
from llm4rec.models.popular import Popular, PopularConfig
from llm4rec.testing import asking, context, fitted

DAY = 86_400.0


@pytest.fixture
def fashions():
    """Item 0: five people a hundred days ago; item 1: three people now; item 2: one person, nine times, now."""
    users = [0, 1, 2, 3, 4, 5, 6, 7, *[8] * 9]
    items = [0] * 5 + [1] * 3 + [2] * 9
    times = [0.0] * 5 + [100 * DAY] * 12
    people = Users(Vocabulary([f"u{n}" for n in range(9)]))
    return Dataset(Interactions.of(users, items, timestamps=times), Catalog(Vocabulary("abcd")), people)


def scores(config, data):
    return fitted(Popular(config), data).score([asking(), asking(0)])


def test_over_all_time_people_are_counted_once(fashions):
    assert scores(PopularConfig(), fashions).tolist() == [[5, 3, 1, 0]] * 2


def test_a_window_counts_events_of_the_last_days_before_the_newest(fashions):
    assert scores(PopularConfig(window_days=50), fashions)[0].tolist() == [0, 3, 9, 0]
    assert scores(PopularConfig(window_days=100), fashions)[0].tolist() == [5, 3, 9, 0]


def test_a_half_life_halves_what_is_that_old(fashions):
    found = scores(PopularConfig(half_life_days=100), fashions)[0]
    np.testing.assert_allclose(found, [2.5, 3, 9, 0], rtol=1e-6)
    found = scores(PopularConfig(half_life_days=50), fashions)[0]
    np.testing.assert_allclose(found, [1.25, 3, 9, 0], rtol=1e-6)


def test_new_items_have_been_taken_by_nobody(fashions):
    model = fitted(Popular(), fashions)
    grown = model.grow(fashions.catalog.extended(Catalog(Vocabulary(["new"]))), context(fashions))
    assert grown.score([asking()])[0].tolist() == [5, 3, 1, 0, 0]


def test_events_that_speak_against_an_item_do_not_make_it_popular(fashions):
    disliked = Interactions.of(
        [0, 1], [3, 3], kinds=[0, 0], kind_names=("dislike",), timestamps=[200 * DAY] * 2
    )
    both = Dataset(fashions.interactions.followed_by(disliked).sorted(), fashions.catalog, fashions.users)
    assert scores(PopularConfig(), both)[0].tolist() == [5, 3, 1, 0]
    assert scores(PopularConfig(window_days=50), both)[0].tolist() == [0, 3, 9, 0]
