"""Large catalogs are searched by an index, whose recall is measured, and exactly where it cannot answer."""

import numpy as np
import pytest

from llm4rec.core import Catalog, ComponentError, Dataset, Interactions, Request, Users, Vocabulary
from llm4rec.engine import Engine, Settings, path, vectors
from llm4rec.engine.index import Index, index_for, measured_recall
from llm4rec.engine.settings import IndexSettings
from llm4rec.models.als import Als
from llm4rec.testing import context

ITEMS = 1_200


@pytest.fixture(scope="module")
def data():
    """Many items in groups of twelve; everyone takes nine of a group and two from anywhere."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(500):
        group = 12 * (user % (ITEMS // 12))
        rows.append(np.concatenate([group + rng.choice(12, 9, replace=False), rng.integers(0, ITEMS, 2)]))
    taken = Interactions.of(np.repeat(np.arange(500), 11), np.concatenate(rows))
    catalog = Catalog(Vocabulary([f"item-{n}" for n in range(ITEMS)]))
    return Dataset(taken.sorted(), catalog, Users(Vocabulary([f"user-{n}" for n in range(500)])), "groups")


def made(data, above, **index):
    settings = Settings(encoder={"name": "none"}, index={"above": above, **index})
    return Engine(settings, model="als", embedding_size=32, tune=False).fit(data)


@pytest.fixture(scope="module")
def indexed(data):
    return made(data, ITEMS - 1)


@pytest.fixture(scope="module")
def exact(data):
    return made(data, ITEMS)


def test_up_to_the_threshold_search_is_exact(exact, indexed):
    assert exact.fitted.index is None
    assert exact.fitted.told == exact.fitted.notes
    assert indexed.fitted.index is not None
    assert indexed.model.item_vectors().tobytes() == exact.model.item_vectors().tobytes()


def test_models_without_vectors_have_no_index(data):
    settings = Settings(encoder={"name": "none"}, index={"above": 10})
    assert Engine(settings, model="itemknn").fit(data).fitted.index is None


def test_what_it_gives_is_what_exact_search_gives_up_to_the_recall_it_states(exact, indexed, data):
    questions = [{"user": name, "n": 100} for name in data.users.ids.ids]
    pairs = list(zip(indexed.recommend_many(questions), exact.recommend_many(questions), strict=True))
    shared = np.mean([len(set(a.items) & set(b.items)) / 100 for a, b in pairs])
    stated = indexed.fitted.index.recall
    assert stated >= 0.95
    assert shared >= stated - 0.02
    assert np.mean([a.items[0] == b.items[0] for a, b in pairs]) > 0.9


def test_the_index_is_asked_for_what_it_may_be_asked_for(indexed, monkeypatch):
    asked, search = [], Index.search
    monkeypatch.setattr(Index, "search", lambda self, people, k: asked.append(k) or search(self, people, k))
    monkeypatch.setattr(vectors, "MOST", 40)
    indexed.recommend(user="user-1", n=29)
    indexed.recommend(user="user-1", n=30)  # with eleven items of the history that is 41
    indexed.recommend_many([{"user": "user-1", "n": 5}] * 100)
    assert asked == [40, 16]


def test_scores_are_exact_and_fall(exact, indexed):
    answer = indexed.recommend(user="user-3", n=20)
    numbers = indexed.catalog.ids.numbers(answer.items)
    true = exact.score([Request(exact.fitted.dataset.history(3))])[0]
    np.testing.assert_allclose(answer.scores, true[numbers], rtol=1e-4)
    assert list(answer.scores) == sorted(answer.scores, reverse=True)


def test_the_recall_is_told_and_kept(indexed, tmp_path):
    index = indexed.fitted.index
    assert index.note == indexed.fitted.told[-1]
    assert f"recall@100 {index.recall:.3f}" in index.note
    assert "1,200 items" in index.note
    again = Engine.load(indexed.save(tmp_path / "engine"))
    assert again.fitted.index.note == index.note
    assert (tmp_path / "engine" / "engine.json").read_text().count(f"recall@100 {index.recall:.3f}") == 1
    assert again.recommend(user="user-7", n=30) == indexed.recommend(user="user-7", n=30)


def test_what_may_not_be_shown_is_not_and_the_list_is_full(indexed, exact, data):
    best = exact.recommend(user="user-5", n=60).items
    answer = indexed.recommend(user="user-5", n=10, excluded=best[:50])
    assert not set(answer.items) & (set(best[:50]) | {f"item-{i}" for i in data.history(5).items})
    assert len(answer) == 10
    assert answer.items[0] in best[50:55]
    back = indexed.recommend(user="user-5", n=10, seen="include")
    assert set(back.items) & {f"item-{i}" for i in data.history(5).items}


@pytest.mark.parametrize("limits", [{"allowed": ["item-1", "item-900", "item-77"]}, {"n": 2_500}])
def test_what_an_index_cannot_answer_is_answered_exactly(indexed, exact, limits):
    assert indexed.recommend(user="user-9", **limits) == exact.recommend(user="user-9", **limits)


def test_nobody_is_shown_what_is_popular(indexed, exact):
    assert indexed.recommend(n=3) == exact.recommend(n=3)


def test_all_users_at_once_are_answered_exactly(indexed, exact):
    assert indexed.recommend_all(n=5).equals(exact.recommend_all(n=5))


def test_where_too_little_is_found_the_answer_is_exact(indexed, exact, monkeypatch):
    index = indexed.fitted.index
    none = np.full((1, 400), -1)
    monkeypatch.setattr(Index, "search", lambda self, people, k: (none[:, :k], none[:, :k] * np.inf))
    assert index.search(np.ones((1, 2)), 3)[0].shape == (1, 3)
    assert indexed.recommend(user="user-4", n=5).items == exact.recommend(user="user-4", n=5).items


def test_an_empty_batch_is_a_batch(indexed):
    found, declined = path.candidates(indexed.fitted, [])
    assert found.items.shape == (0, 0)
    assert len(declined) == 0


class Grown(Als):
    """ALS that gives a new item the vector of item 0, twice as long."""

    def grow(self, catalog, context):
        grown = type(self)(self.config)
        new = np.repeat(2 * self.factors_[:1], len(catalog) - len(self.factors_), axis=0)
        return grown._take(np.concatenate([self.factors_, new]))


def test_new_items_are_found_at_once(data, monkeypatch):
    monkeypatch.setattr("llm4rec.models.als.Als", Grown)
    engine = made(data, ITEMS - 1)
    before = engine.fitted.index
    engine.add_items([{"item_id": "newcomer"}])
    after = engine.fitted.index
    assert (len(before.vectors), before.cells.ntotal, len(after.vectors)) == (ITEMS, ITEMS, ITEMS + 1)
    assert after.recall >= 0.95
    takers = [u for u in range(500) if 0 in data.history(u).items]
    assert engine.recommend(user=f"user-{takers[0]}", n=1).items == ("newcomer",)


def test_an_index_is_made_anew_where_its_vectors_changed(data):
    model = Als().fit(data, context(data))
    settings = IndexSettings(above=10)
    known = index_for(model, data, settings)
    assert index_for(model, data, settings, known).cells.nlist == known.cells.nlist
    model.factors_ = -model.factors_
    moved = index_for(model, data, settings, known)
    assert measured_recall(moved, -known.vectors[:50]) > 0.9


def test_more_recall_asks_for_more_cells(data):
    model = Als().fit(data, context(data))
    some = index_for(model, data, IndexSettings(above=10, recall=0.3))
    all_ = index_for(model, data, IndexSettings(above=10, recall=1.0))
    assert some.probes < all_.probes
    assert some.recall < all_.recall
    assert all_.recall > 0.99


def test_an_index_of_other_vectors_is_refused(indexed):
    with pytest.raises(ComponentError, match="1200 vectors of 32 numbers"):
        Index.from_state(indexed.fitted.index.state(), np.zeros((3, 32), np.float32))


def test_a_long_history_rules_out_what_it_holds(indexed, exact):
    history = [f"item-{n}" for n in range(0, 1_100)]
    found = indexed.recommend(history=history, n=100)
    assert found.items == exact.recommend(history=history, n=100).items
    assert len(found) == 100
