"""Edits of a profile steer the ranking, within bounds, with any model; erasing makes somebody a stranger."""

import numpy as np
import pytest

from llm4rec.core import ProfileEdits
from llm4rec.data.shop import sample_shop
from llm4rec.engine import Engine, Settings
from llm4rec.engine.interests import STRONGEST, profiler

USERS = 70  # enough for models of vectors to answer from products


@pytest.fixture(scope="module", params=["sequence", "als"])
def engine(request):
    settings = Settings(encoder={"name": "none"})
    return Engine(settings, model=request.param).fit(sample_shop(readers=150))


def shares(engine, name, edits=None):
    """How much of the lists of the first users is about something."""
    about = profiler(engine.fitted).about(name)
    questions = [{"user": u, "profile": edits} for u in engine.fitted.dataset.users.ids.ids[:USERS]]
    lists = [engine.catalog.ids.numbers(a.items) for a in engine.recommend_many(questions)]
    return np.array([about[items].mean() for items in lists])


@pytest.mark.parametrize(("wish", "sign"), [(1.0, 1), (-1.0, -1)])
def test_lists_move_the_way_that_is_wished(engine, wish, sign):
    for kind, name in (("keywords", "sea"), ("topics", profiler(engine.fitted).topics.labels[0])):
        before, after = shares(engine, name), shares(engine, name, ProfileEdits(**{kind: {name: wish}}))
        assert (sign * (after - before) >= 0).all()
        assert sign * (after.mean() - before.mean()) > 0.02


def test_a_wish_moves_an_item_by_no_more_than_the_bound(engine):
    edits = ProfileEdits(keywords={"sea": 1.0, "ship": 1.0, "island": 1.0})
    plain, _ = engine._asked(user=engine.fitted.dataset.users.ids.ids[3])
    steered, _ = engine._asked(edits, user=engine.fitted.dataset.users.ids.ids[3])
    before, after = engine.score([plain])[0], engine.score([steered])[0]
    assert np.abs(after - before).max() <= STRONGEST * (before.max() - before.mean()) * 1.001
    assert (after > before).any()


def test_what_a_search_wants_is_not_lost_beside_what_the_profile_wants(engine):
    sea, ghost = (ProfileEdits(keywords={word: 1.0}) for word in ("sea", "ghost"))
    user = engine.fitted.dataset.users.ids.ids[3]
    searched, _ = engine._asked(user=user, query="ghost stories")
    for edits in (sea, ghost, ProfileEdits(removed=("sea",))):
        both, _ = engine._asked(edits, user=user, query="ghost stories")
        alone, _ = engine._asked(edits, user=user)
        own = 0.0 if alone.tilt is None else alone.tilt
        np.testing.assert_allclose(both.tilt, searched.tilt + own, atol=1e-6)


def test_a_removed_topic_counts_no_more_but_its_items_stay_hidden(engine):
    user = engine.fitted.dataset.users.ids.ids[0]
    topic = engine.interests(user).topics[0]
    edits = ProfileEdits(removed=(topic.name,))
    request, _ = engine._asked(edits, user=user)
    seen = engine.fitted.dataset.history(0).items
    assert not profiler(engine.fitted).about(topic.name)[request.history.items].any()
    answer = engine.recommend(user, profile=edits)
    assert not np.isin(engine.catalog.ids.numbers(answer.items), seen).any()


def test_an_erased_profile_is_answered_as_a_stranger_is(engine):
    user = engine.fitted.dataset.users.ids.ids[0]
    seen = engine.catalog.ids.names(np.unique(engine.fitted.dataset.history(0).items))
    answer = engine.recommend(user, profile=ProfileEdits(erased=True))
    assert answer.items == engine.recommend(history=[], excluded=seen).items
    assert engine.interests(user, edits=ProfileEdits(erased=True)).topics == ()


def test_a_profile_of_a_known_user_names_rows_of_the_data(engine):
    dataset = engine.fitted.dataset
    profile = engine.interests(dataset.users.ids.ids[2])
    for entry in (*profile.topics, *profile.keywords):
        for proof in entry.proof:
            assert dataset.interactions.users[proof.row] == 2
            assert dataset.catalog.ids.ids[dataset.interactions.items[proof.row]] == proof.item
    assert engine.interests(history=["dracula"]).topics[0].proof[0].row == -1


def test_explanations_follow_the_edits(engine):
    user = engine.fitted.dataset.users.ids.ids[3]
    edits = ProfileEdits(keywords={"sea": 1.0})
    found = engine.explain(user, profile=edits, n=5)
    assert tuple(e.item for e in found) == engine.recommend(user, n=5, profile=edits).items
    assert [e.place for e in found] == [1, 2, 3, 4, 5]
    about = profiler(engine.fitted).about("sea")
    for why in found:
        wished = [e.name for e in why.of_kind("context")]
        assert wished == (["wishes"] if about[engine.catalog.ids.number(why.item)] else [])
        assert ("With your wishes its score is higher." in why.text) is bool(wished)
