"""What anyone may rely on from the simulator: its truth is true of what it does."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from llm4rec.core import Catalog, DataError, Vocabulary
from llm4rec.data.shop import shop_simulation
from llm4rec.data.simulator import FEATURES, Moments, Simulation, Traits, WorldConfig, simulate

DAY = 86_400.0
POSITIVE = {"loved", "joy", "favourite", "superb", "wonderful", "enjoyed", "perfect", "glad", "recommended"}
NEGATIVE = {"bored", "dull", "disappointment", "disappointing", "flat", "worst", "waste", "cold", "weaker"}


@pytest.fixture(scope="module")
def shop() -> Simulation:
    return shop_simulation(WorldConfig(), np.random.default_rng(0))


def small(seed: int = 0, **options) -> Simulation:
    """Two themes, forty items that have one or the other, a few readers."""
    themes = np.repeat(np.eye(2), 20, axis=0)
    catalog = Catalog(Vocabulary([f"item-{n}" for n in range(40)]))
    given = {"readers": 60, "days": 300, "archetypes": 2, "mean_events": 10, "most_events": 15} | options
    traits = Traits.of(themes, ["sea", "war"])
    return simulate(catalog, traits, WorldConfig(**given), np.random.default_rng(seed))


def digest(made: Simulation) -> tuple:
    rows = made.dataset.interactions
    texts = tuple(rows.texts.tolist())
    return rows.items.tobytes(), rows.timestamps.tobytes(), rows.kinds.tobytes(), rows.values.tobytes(), texts


def test_same_seed_same_world_and_another_seed_another():
    assert digest(small(3)) == digest(small(3))
    assert digest(small(3))[0] != digest(small(4))[0]


def test_any_catalog_with_known_themes_will_do():
    made = small()
    assert made.dataset.synthetic
    assert len(made.dataset.users) == 60
    assert len(made.contexts) == len(made.dataset.interactions)


def test_nobody_takes_an_item_twice(shop):
    rows = shop.dataset.interactions
    pairs = rows.users * len(shop.dataset.catalog) + rows.items
    assert len(np.unique(pairs)) == len(pairs)


def test_events_lie_between_start_and_end(shop):
    times, config = shop.dataset.interactions.timestamps, shop.world.config
    assert config.start <= times.min()
    assert config.end - 2 * DAY < times.max() < config.end
    np.testing.assert_array_equal(times, np.floor(times))


def test_readers_take_what_they_truly_like(shop):
    rows, tastes = shop.dataset.interactions, shop.truth.tastes
    liking = tastes.themes(rows.users, rows.timestamps)
    themes = shop.truth.items.traits.themes
    chance = themes[np.random.default_rng(1).permutation(rows.items)]
    top = liking.argmax(axis=1)
    rows_ = np.arange(len(rows))
    taken, drawn = themes[rows.items][rows_, top].mean(), chance[rows_, top].mean()
    assert taken > 1.7 * drawn


def test_what_has_the_top_theme_has_the_higher_utility(shop):
    users = np.arange(200)
    moments = Moments(users, np.full(200, shop.world.config.start))
    top = shop.truth.tastes.themes(users, moments.times).argmax(axis=1)
    everything = np.tile(np.arange(len(shop.dataset.catalog)), (200, 1))
    utility = shop.truth.utility(moments, everything)
    has = shop.truth.items.traits.themes.T[top] > 0
    with_theme = np.array([u[h].mean() for u, h in zip(utility, has, strict=True)])
    without = np.array([u[~h].mean() for u, h in zip(utility, has, strict=True)])
    assert (with_theme > without).mean() > 0.95


def test_tastes_drift_with_time(shop):
    users, config = np.arange(len(shop.dataset.users)), shop.world.config
    first = shop.truth.tastes.themes(users, np.full(len(users), config.start))
    later = [
        (first * shop.truth.tastes.themes(users, np.full(len(users), config.start + day * DAY))).sum(axis=1)
        for day in (0, 90, 700)
    ]
    means = [float(m.mean()) for m in later]
    assert means[0] == pytest.approx(1.0)
    assert means[0] > means[1] + 0.01 > means[2] + 0.1


def test_without_drift_tastes_stay():
    made = small(drift=0.0, switch=0.0)
    mixtures = made.truth.tastes.mixtures
    np.testing.assert_allclose(mixtures, mixtures[:, :1].repeat(mixtures.shape[1], axis=1))


def test_a_flip_turns_tastes_at_its_day_and_only_those_who_flip():
    made = small(flip_day=150, flip_share=0.5, drift=0.0, switch=0.0, individuality=0.0)
    users, start = np.arange(60), made.world.config.start
    before = made.truth.tastes.themes(users, np.full(60, start + 149.9 * DAY))
    after = made.truth.tastes.themes(users, np.full(60, start + 150.1 * DAY))
    changed = np.abs(before - after).max(axis=1) > 1e-6
    assert 0 < changed.sum() < 60
    assert not changed[~made.truth.tastes.flips].any()


def test_a_few_items_have_most_of_the_events(shop):
    counts = np.sort(shop.dataset.counts)[::-1]
    top = counts[: len(counts) // 10].sum() / counts.sum()
    assert 0.25 < top < 0.5


def test_within_a_session_the_next_item_is_close_to_the_one_before(shop):
    rows, session = shop.dataset.interactions, shop.contexts.columns["session"].values
    inside = np.flatnonzero(np.diff(session) == 0)
    across = np.flatnonzero((np.diff(session) != 0) & (np.diff(rows.users) == 0))
    groups, themes = shop.truth.items.traits.groups, shop.truth.items.vectors
    close = (themes[rows.items[:-1]] * themes[rows.items[1:]]).sum(axis=1)
    assert close[inside].mean() > 2 * close[across].mean() > 0
    same = (groups[rows.items[:-1]] == groups[rows.items[1:]]) & (groups[rows.items[:-1]] >= 0)
    assert same[inside].mean() > 2 * same[across].mean()


def test_stars_follow_the_true_enjoyment(shop):
    rows = shop.dataset.interactions
    rated = np.flatnonzero(rows.kinds == rows.kind_names.index("rating"))
    moments = Moments(rows.users[rated], rows.timestamps[rated])
    expected = shop.truth.rate(moments, rows.items[rated, None])[:, 0]
    assert np.corrcoef(expected, rows.values[rated])[0, 1] > 0.75
    assert set(np.unique(rows.values[rated])) == {1, 2, 3, 4, 5}
    everyone = Moments(rows.users, rows.timestamps)
    disliked = rows.kinds == rows.kind_names.index("dislike")
    enjoyment = shop.truth.enjoyment(everyone, rows.items[:, None])[:, 0]
    assert enjoyment[disliked].mean() < enjoyment[~disliked].mean() - 2


def feeling(text: str, title: str = "") -> int:
    """Words of praise less words of blame; those of a title, such as "The Wonderful Wizard", do not count."""
    words = {word.strip(".,!?").lower() for word in text.replace(title or "\n", "").split()}
    return len(words & POSITIVE) - len(words & NEGATIVE)


def test_words_agree_with_stars_and_name_the_subject(shop):
    rows = shop.dataset.interactions
    written = [n for n, text in enumerate(rows.texts) if text]
    titles = [shop.dataset.catalog.titles[item] for item in rows.items]
    good = [feeling(rows.texts[n], titles[n]) for n in written if rows.values[n] == 5]
    bad = [feeling(rows.texts[n], titles[n]) for n in written if rows.values[n] == 1]
    assert np.mean(good) > 0.5
    assert np.mean(bad) < -0.3
    assert min(good) >= 0, "nothing but praise for five stars"
    assert max(bad) <= 0, "nothing but blame for one"
    sentences = {s for n in written for s in rows.texts[n].split(". ")}
    assert len(sentences) > 1_000
    traits = shop.truth.items.traits
    sea = np.flatnonzero(traits.themes[:, traits.names.index("sea")] == 3)
    about_sea = [n for n in written if "storms and the life on board" in rows.texts[n]]
    assert np.isin(rows.items[about_sea], sea).mean() > 0.5


def test_a_review_can_be_asked_for(shop):
    moments = Moments(np.array([0, 1]), np.full(2, shop.world.config.start))
    texts = shop.world.reviews(moments, np.array([5, 5]), np.array([1, 5]), np.random.default_rng(0))
    assert feeling(texts[0]) <= 0 <= feeling(texts[1])
    again = shop.world.reviews(moments, np.array([5, 5]), np.array([1, 5]), np.random.default_rng(0))
    assert texts == again


def test_clicks_come_as_often_as_their_probability_says(shop):
    rng, repeats = np.random.default_rng(2), 4_000
    slate = np.array([3, 40, 77, 120, -1, 300])
    moment = Moments(np.full(repeats, 7), np.full(repeats, shop.world.config.end - 9 * DAY))
    feedback = shop.world.react(moment, np.tile(slate, (repeats, 1)), rng)
    expected = shop.truth.probability(moment.take(np.array([0])), np.maximum(slate, 0)[None])[0]
    expected[slate < 0] = 0.0
    bound = 4 * np.sqrt(expected * (1 - expected) / repeats) + 1e-9
    assert (np.abs(feedback.clicked.mean(axis=0) - expected) <= bound).all()


def test_position_bias_is_a_factor_of_the_rank_and_can_be_switched_off(shop):
    moments, slates = Moments(np.array([0]), np.array([shop.world.config.start])), np.array([[4, 4, 4]])
    shown = shop.truth.probability(moments, slates)[0]
    attraction = shop.truth.attraction(moments, slates)[0]
    np.testing.assert_allclose(shown / attraction, np.array([1.0, 2.0, 3.0]) ** -0.6)
    free = replace(shop.truth, config=shop.world.config.model_copy(update={"position_bias": 0.0}))
    np.testing.assert_allclose(free.probability(moments, slates), free.attraction(moments, slates))


def test_feedback_becomes_interactions_that_name_their_impression(shop):
    moments = Moments(np.arange(50), np.full(50, shop.world.config.end))
    slates = shop.world.exposure.slates(moments, np.random.default_rng(0))
    feedback = shop.world.react(moments, slates, np.random.default_rng(1))
    rows = feedback.interactions(np.array([f"slate-{n}" for n in range(50)], dtype=object))
    assert len(rows) == feedback.clicked.sum() > 0
    assert set(rows.items) <= set(slates.ravel())
    assert all(name == f"slate-{user}" for name, user in zip(rows.impressions, rows.users, strict=True))


def test_mean_attraction_is_the_click_rate_asked_for():
    made = small(click_rate=0.3, readers=400)
    rng = np.random.default_rng(0)
    moments = Moments(rng.integers(0, 400, 3_000), made.world.config.start + rng.random(3_000) * 300 * DAY)
    slates = made.world.exposure.slates(moments, rng)
    shown = made.truth.attraction(moments, np.maximum(slates, 0))[slates >= 0]
    assert shown.mean() == pytest.approx(0.3, abs=0.03)


def test_context_changes_what_is_wanted(shop):
    weekend = np.array([shop.world.config.end - 10.5 * DAY])  # Saturday, 20 June 2026
    weekday = weekend - 2 * DAY
    long = shop.truth.items.traits.loadings[:, FEATURES.index("weekend")].argmax()
    items = np.array([[long]])
    on = shop.truth.utility(Moments(np.array([0]), weekend), items)
    off = shop.truth.utility(Moments(np.array([0]), weekday), items)
    assert on[0, 0] > off[0, 0] + 0.2


def test_the_sequel_is_wanted_next(shop):
    follows = shop.truth.items.traits.follows
    first = int(np.flatnonzero(follows >= 0)[0])
    moments = Moments(np.array([0]), np.array([shop.world.config.start]))
    after = replace(moments, previous=np.array([first]))
    sequel = np.array([[follows[first]]])
    assert shop.truth.utility(after, sequel)[0, 0] > shop.truth.utility(moments, sequel)[0, 0] + 2


def test_slates_hold_no_item_twice(shop):
    moments = Moments(np.arange(300), np.full(300, shop.world.config.start))
    for slate in shop.world.exposure.slates(moments, np.random.default_rng(0)):
        shown = slate[slate >= 0]
        assert len(np.unique(shown)) == len(shown)


def test_attributes_of_readers_tell_a_little_of_their_taste(shop):
    archetype = shop.truth.tastes.mixtures[:, 0].argmax(axis=1)
    age = shop.dataset.users.columns["age"].values
    names, codes = np.unique(age, return_inverse=True)
    table = np.zeros((archetype.max() + 1, len(names)))
    np.add.at(table, (archetype, codes), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    chi = ((table - expected) ** 2 / expected).sum()
    assert chi > 3 * (table.shape[0] - 1) * (table.shape[1] - 1)


@pytest.mark.parametrize(
    "wrong", [{"least_events": 50}, {"stars": (0.5, 0.2, 0.3, 0.4)}, {"readers": 0}, {"drfit": 1}]
)
def test_a_wrong_option_is_refused(wrong):
    with pytest.raises(ValidationError):
        WorldConfig(**wrong)


def test_traits_that_fit_no_catalog_are_refused():
    catalog = Catalog(Vocabulary(["a", "b"]))
    with pytest.raises(DataError, match="ten items"):
        simulate(catalog, Traits.of(np.eye(2)), WorldConfig(), np.random.default_rng(0))
    with pytest.raises(DataError, match="zero and more"):
        Traits.of(-np.eye(2))
    with pytest.raises(DataError, match="names"):
        Traits.of(np.eye(2), ["only one"])


def test_device_and_place_can_be_told_with_the_data():
    made = small()
    rows, plain = made.situated.interactions, made.dataset.interactions
    assert plain.contexts is None
    assert rows.contexts.names == ("device", "place")
    told = [made.contexts.columns[name].values.tolist() for name in ("device", "place")]
    assert [rows.contexts.column(name).tolist() for name in ("device", "place")] == told
    np.testing.assert_array_equal(rows.items, plain.items)
