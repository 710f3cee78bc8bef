"""What is taken lately, and which window of days is chosen, on fashions whose length is known."""

import numpy as np
import pytest

from llm4rec.core import DAY, Catalog, Dataset, History, Holdout, Interactions, Request, Users, Vocabulary
from llm4rec.models.sequence import Sequence, SequenceConfig
from llm4rec.models.trends import Trend, best_window
from llm4rec.testing import asking, context, fitted

START = 1e9


def fashions(days, people=400, items=60, length=20):
    """Each day some people come and take two of the ten items that are in fashion; each fashion lasts `length` days."""
    rng = np.random.default_rng(0)
    day = np.sort(rng.uniform(0, days, people))
    users = np.repeat(np.arange(people), 2)
    first = (day // length).astype(int) * 10 % items
    taken = np.stack([first + rng.integers(0, 5, people), first + 5 + rng.integers(0, 5, people)], axis=1)
    times = START + np.repeat(day, 2) * DAY + np.tile([0.0, 60.0], people)
    people_ = Users(Vocabulary([f"u{n}" for n in range(people)]))
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(items)]))
    return Dataset(Interactions.of(users, taken.ravel(), timestamps=times).sorted(), catalog, people_)


def test_a_window_as_long_as_a_fashion_is_found():
    assert best_window(fashions(300, length=60)) in {30.0, 60.0, 14.0}


def test_where_all_windows_say_the_same_all_of_time_is_kept():
    """Everybody takes the same two things, so every list is the same list."""
    same = fashions(300)
    rows = same.interactions
    items = np.tile([0, 1], len(rows) // 2)
    told = Interactions.of(rows.users, items, timestamps=rows.timestamps)
    assert best_window(Dataset(told, same.catalog, same.users)) is None


def test_without_a_clock_or_without_new_people_there_is_no_window():
    changing = fashions(300, length=60)
    order = Interactions.of(changing.interactions.users, changing.interactions.items)
    assert best_window(Dataset(order, changing.catalog, changing.users)) is None
    rows = changing.interactions
    few = Interactions.of(rows.users % 20, rows.items, timestamps=rows.timestamps).sorted()
    assert best_window(Dataset(few, changing.catalog, changing.users)) is None


def test_only_the_last_days_count():
    events = Interactions.of([0, 1, 2, 3], [0, 1, 1, 2], timestamps=START + np.array([0, 80, 95, 100]) * DAY)
    trend = Trend.of(events, 20.0)
    assert trend.counts(4).tolist() == [0, 2, 1, 0]
    assert trend.among(np.array([2, 1])).counts(2).tolist() == [1, 2]


def test_what_is_forgotten_was_never_there():
    def history(items, days):
        return History.of(items, START + np.array(days) * DAY)

    events = Interactions.of([0, 0, 1], [3, 1, 2], timestamps=START + np.array([0, 100, 70]) * DAY)
    trend = Trend.of(events, 40.0)
    assert trend.counts(4).tolist() == [0, 1, 1, 0]
    without = trend.moved([history([3, 1], [0, 100])], [history([], [])])
    assert without.counts(4).tolist() == [0, 0, 1, 0]
    again = without.moved([history([], [])], [history([3, 1], [0, 100])])
    assert again.counts(4).tolist() == trend.counts(4).tolist()


@pytest.mark.parametrize("days", ["auto", 60.0])
def test_the_default_model_follows_a_fashion_where_that_answers_held_out_questions(days):
    """Everybody takes what is in fashion when asked, whatever their history."""
    data = fashions(300, length=60)
    last = data.interactions.items[data.interactions.timestamps.argmax()] // 10 * 10
    requests = [Request(data.history(u), user=u) for u in range(100)]
    targets = [np.setdiff1d(np.arange(last, last + 10), r.history.items) for r in requests]
    world = context(data, holdout=Holdout(requests, targets))
    model = Sequence(SequenceConfig(trend_days=days)).fit(data, world)
    assert model.chosen.weights["trend"] > 0
    assert model.chosen.trend_days == (60.0 if days == 60.0 else best_window(data))
    best = model.score([asking(0)])[0].argsort()[::-1][:10]
    assert set(best) <= set(range(last, last + 10))
    back = Sequence(model.chosen).restore(model.state(), context(data))
    np.testing.assert_array_equal(back.score([asking(0)]), model.score([asking(0)]))


def test_newcomers_stand_at_the_mean_of_the_trend():
    data = fashions(300, length=60)
    chosen = SequenceConfig(
        trend_days=30.0, weights={"transition": 0.0, "ease": 0.0, "trend": 1.0}, tune=False
    )
    model = fitted(Sequence(chosen), data)
    grown = model.grow(data.catalog.extended(Catalog(Vocabulary(["new"]))), context(data))
    assert grown.blend([asking(0)])[0, -1] == pytest.approx(0.0, abs=1e-5)
    np.testing.assert_array_equal(grown.blend([asking(0)])[:, :-1], model.blend([asking(0)]))
