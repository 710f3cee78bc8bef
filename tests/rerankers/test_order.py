"""What each reranker is for, on lists whose right order is known."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core import (
    Candidates,
    Catalog,
    Column,
    ColumnType,
    ComponentError,
    History,
    Request,
    RerankContext,
    SettingsError,
    Vocabulary,
    labels,
)
from llm4rec.core.sets import discount, log_volume
from llm4rec.rerankers.calibrated import Calibrated, CalibratedConfig
from llm4rec.rerankers.dpp import Dpp, DppConfig
from llm4rec.rerankers.explore import Explore, ExploreConfig
from llm4rec.rerankers.fair import Fair, FairConfig
from llm4rec.rerankers.greedy import relevance
from llm4rec.rerankers.mmr import Mmr, MmrConfig
from llm4rec.rerankers.novel import Novel, NovelConfig
from llm4rec.rerankers.sentiment import Sentiment, SentimentConfig
from llm4rec.rerankers.similarity import Kernel, to_history
from llm4rec.rerankers.ssd import Ssd, SsdConfig
from llm4rec.rerankers.xquad import Xquad, XquadConfig

A, B, C = ("a",), ("b",), ("c",)


def shop(*tags, **given):
    """A context whose items have these tags; titles are item 0, item 1 ..."""
    values = np.empty(len(tags), dtype=object)
    values[:] = list(tags)
    titles = np.array([f"item {n}" for n in range(len(tags))], dtype=object)
    columns = {"categories": Column(ColumnType.TAGS, values), "title": Column(ColumnType.TEXT, titles)}
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(len(tags))]), columns)
    return RerankContext(catalog, **{"n": len(tags), **given})


def best(*scores):
    """One request's candidates: item 0 first, with these scores."""
    return Candidates(np.arange(len(scores))[None], np.array([scores], np.float32))


def asked(*items, n=10, **given):
    return [Request(History.of(items), n=n, **given)]


def order(reranker, context, candidates, requests=None):
    return reranker.rerank(requests or asked(), candidates, context).items[0].tolist()


def test_relevance_belongs_to_places():
    mixed = Candidates(np.array([[5, -1, 7, 6]]), np.array([[1.0, -np.inf, 3.0, 2.0]], np.float32))
    assert relevance(mixed).tolist() == [[1.0, 0.0, 0.5, 0.0]]
    assert relevance(best(2.0, 2.0)).tolist() == [[0.0, 0.0]]


def test_mmr_puts_the_unlike_before_the_like():
    context = shop(A, A, B)
    assert order(Mmr(MmrConfig(strength=0.6, by_relevance=False)), context, best(1.0, 0.9, 0.6)) == [0, 2, 1]
    assert order(Mmr(MmrConfig(strength=0.1)), context, best(1.0, 0.9, 0.6)) == [0, 1, 2]


def test_chosen_items_stand_by_relevance_where_they_go_out():
    context = shop(A, A, B, B, n=3)
    scores = best(1.0, 0.9, 0.8, 0.0)
    chosen = order(Mmr(MmrConfig(strength=0.5, by_relevance=False)), context, scores, asked(n=3))
    assert chosen == [0, 2, 1, 3]
    assert order(Mmr(MmrConfig(strength=0.5)), context, scores, asked(n=3)) == [0, 1, 2, 3]
    assert order(Mmr(MmrConfig(strength=0.5)), context, scores, asked(n=2)) == [0, 2, 1, 3]


def exact(similar, worth, strength, size):
    """The set with the largest sum of worth and volume, of all sets."""

    def value(chosen):
        part = similar[np.ix_(chosen, chosen)][None]
        return (1 - strength) * worth[list(chosen)].sum() + strength / 2 * log_volume(
            part, np.ones((1, len(chosen)), bool), 1e-9
        )[0]

    return max(combinations(range(len(worth)), size), key=value), value


def few(seed):
    """Seven items with random vectors and scores."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((7, 5)).astype(np.float32)
    context = replace(shop(*[()] * 7), vectors=vectors, n=3)
    candidates = best(*np.sort(rng.random(7))[::-1])
    similar = Kernel(context).among(candidates.items).block()[0].astype(float)
    return context, candidates, similar, relevance(candidates)[0].astype(float)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), strength=st.floats(0.05, 0.95))
def test_each_step_of_dpp_is_the_best_step_by_the_whole_determinant(seed, strength):
    context, candidates, similar, worth = few(seed)
    (_, value) = exact(similar, worth, strength, 3)
    got = order(Dpp(DppConfig(strength=strength, by_relevance=False)), context, candidates)[:3]
    for size in (1, 2, 3):
        above = got[: size - 1]
        rest = [item for item in range(7) if item not in above]
        found = value(got[:size])
        assert found == pytest.approx(max(value([*above, item]) for item in rest), abs=1e-4)


def test_dpp_mostly_finds_the_best_of_all_sets():
    hits = []
    for seed in range(60):
        context, candidates, similar, worth = few(seed)
        wanted, value = exact(similar, worth, 0.3, 3)
        got = order(Dpp(DppConfig(strength=0.3, by_relevance=False)), context, candidates)[:3]
        assert value(got) <= value(wanted) + 1e-6
        hits.append(set(got) == set(wanted))
    assert np.mean(hits) > 0.7


def test_a_window_makes_neighbours_differ_and_lets_things_come_back():
    context = shop(A, A, A, B, B, B)
    scores = best(1.0, 0.98, 0.96, 0.94, 0.92, 0.9)
    fed = order(Dpp(DppConfig(strength=0.8, window=2)), context, scores)
    assert [item // 3 for item in fed] == [0, 1, 0, 1, 0, 1]
    fed = order(Ssd(SsdConfig(strength=0.9, window=2)), context, scores)
    assert [item // 3 for item in fed] == [0, 1, 0, 1, 0, 1]


def test_a_window_as_long_as_the_list_is_no_window():
    rng = np.random.default_rng(3)
    context = replace(shop(*[()] * 20), vectors=rng.standard_normal((20, 12)).astype(np.float32), n=8)
    scores = best(*np.sort(rng.random(20))[::-1])
    whole = order(Dpp(DppConfig(strength=0.4, by_relevance=False)), context, scores)
    assert order(Dpp(DppConfig(strength=0.4, window=8)), context, scores) == whole
    assert order(Dpp(DppConfig(strength=0.4, window=3)), context, scores) != whole


def test_xquad_covers_what_the_history_is_made_of():
    context = shop(A, A, B, C, A, A, B)
    found = order(
        Xquad(XquadConfig(strength=0.8, by_relevance=False)), context, best(1.0, 0.9, 0.8, 0.7), asked(4, 6)
    )
    assert found == [0, 2, 1, 3], "b is in the history, c is not"
    assert order(Xquad(), context, best(1.0, 0.9, 0.8, 0.7), asked()) == [0, 1, 2, 3]


def test_calibrated_lists_have_the_shares_of_the_history():
    tags = [A] * 6 + [B] * 6 + [A, A, B]
    context = shop(*tags, n=6)
    scores = best(*np.linspace(1, 0.5, 12))
    found = order(
        Calibrated(CalibratedConfig(strength=0.9, half_life=1e9)), context, scores, asked(12, 13, 14, n=6)
    )
    assert sum(item >= 6 for item in found[:6]) == 2, "a third of b, as in the history"


def test_calibrated_fades():
    context = shop(A, B, A, B, n=1)
    fresh = Calibrated(CalibratedConfig(strength=0.9, half_life=0.5))
    assert order(fresh, context, best(1.0, 0.9), asked(2, 2, 2, 3, n=1))[0] == 1


def test_calibrated_by_popularity_gives_the_tail_to_those_who_like_it():
    context = shop(*[()] * 6, n=2, counts=np.array([90, 80, 5, 5, 1, 1]), users=100)
    popular = Calibrated(CalibratedConfig(by="popularity", strength=0.9))
    scores = best(1.0, 0.9, 0.8, 0.7)
    assert order(popular, context, scores, asked(4, 5, n=2))[:2] == [2, 3]
    assert order(popular, context, scores, asked(0, n=2))[0] == 0
    with pytest.raises(ComponentError, match="counts"):
        order(popular, replace(context, counts=None), scores)


def test_novel_puts_first_what_few_took():
    context = shop(A, A, A, counts=np.array([50, 1, 0]), users=100)
    assert order(Novel(NovelConfig(strength=1.0)), context, best(1.0, 0.9, 0.8)) == [2, 1, 0]


def test_novel_by_distance_leads_away_from_the_history():
    context = shop(A, B, A)
    far = Novel(NovelConfig(strength=0.9, information=0, distance=1))
    assert order(far, context, best(1.0, 0.9), asked(2)) == [1, 0]
    assert order(far, context, best(1.0, 0.9), asked()) == [0, 1]


def test_novel_by_neighbours_shows_what_the_like_minded_never_met():
    from llm4rec.core import as_csr

    matrix = as_csr(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]], np.float32))
    context = shop(A, A, A, A, matrix=matrix)
    unmet = Novel(NovelConfig(strength=0.9, information=0, unmet=1, neighbours=2))
    candidates = Candidates(np.array([[1, 2]]), np.array([[1.0, 0.9]], np.float32))
    assert order(unmet, context, candidates, asked(0)) == [2, 1]
    assert order(unmet, context, candidates, asked(3)) == [1, 2]


def test_sum_of_diversity_and_novelty_is_the_objective():
    context = shop(A, A, B, counts=np.array([9, 9, 9]), users=10)
    both = Novel(NovelConfig(strength=0.6, diversity=1.0, by_relevance=False))
    assert order(both, context, best(1.0, 0.95, 0.9)) == [0, 2, 1]


def test_jaccard_and_cosines_by_hand():
    context = shop(("x", "y"), ("x",), ("z",), ())
    near = Kernel(context, {"categories": 1.0}).among(np.array([[0, 1, 2, 3, -1]]))
    assert near.to(np.array([0]))[0].tolist() == [1.0, 0.5, 0.0, 0.0, 0.0]
    vectors = np.array([[2, 0], [0, 3], [-1, 0], [0, 0]], np.float32)
    text = Kernel(replace(context, vectors=vectors), {"text": 1.0}).among(np.array([[0, 1, 2, 3]]))
    assert text.to(np.array([0]))[0].tolist() == [1.0, 0.5, 0.0, 0.0], "of an unknown vector nothing is said"
    assert text.to(np.array([3]))[0].tolist() == [0.0, 0.0, 0.0, 1.0]
    mixed = Kernel(replace(context, vectors=vectors), {"text": 1.0, "categories": 3.0})
    assert mixed.among(np.array([[0, 1]])).to(np.array([0]))[0].tolist() == [1.0, 0.5]


@pytest.mark.parametrize("weights", [{"categories": 1.0}, {"cosine": 1.0}, {"text": 2.0, "categories": 1.0}])
def test_kernels_are_symmetric_and_positive(weights):
    rng = np.random.default_rng(0)
    tags = [tuple(np.array(list("uvwxyz"))[rng.random(6) < 0.4]) for _ in range(15)]
    context = shop(*tags, vectors=rng.standard_normal((15, 4)).astype(np.float32))
    block = Kernel(context, weights).among(np.arange(15)[None]).block()[0]
    np.testing.assert_allclose(block, block.T, atol=1e-6)
    assert np.linalg.eigvalsh(block.astype(float)).min() > -1e-5
    assert np.diag(block).tolist() == [1.0] * 15


def test_likeness_to_a_history_is_a_mean():
    context = shop(A, B, A, B)
    found = to_history(Kernel(context), np.array([[0, 1]]), [History.of([2, 2, 3])], last=5)
    assert found[0].tolist() == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("weights", "reason"),
    [({"txt": 1.0}, "did you mean 'text'"), ({"text": 1.0}, "encoder"), ({"picture": 1.0}, "pictures")],
)
def test_a_kernel_that_is_not_there_is_refused(weights, reason):
    with pytest.raises(SettingsError, match=reason):
        Kernel(shop(A, B), weights)


def test_an_unknown_field_is_refused_by_name():
    with pytest.raises(SettingsError, match="did you mean 'categories'"):
        order(Mmr(MmrConfig(field="categorie")), shop(A, B), best(1.0, 0.5))
    assert labels(shop(A, B).catalog).names == ("categories=a", "categories=b")


def market(people=400):
    """The ranker favours provider a: items 0 to 9 are of a, 10 to 19 of b, all taken alike."""
    rng = np.random.default_rng(0)
    scores = rng.random((people, 20)).astype(np.float32) + np.where(np.arange(20) < 10, 0.5, 0).astype(
        np.float32
    )
    items = np.argsort(-scores, axis=1)
    candidates = Candidates(items, np.take_along_axis(scores, items, axis=1))
    context = shop(*[A] * 10, *[B] * 10, n=5, counts=np.full(20, 50), users=1000)
    return [Request(History.of([]), n=5) for _ in range(people)], candidates, context


def share(candidates):
    looked = np.tile(discount(5), (len(candidates), 1))
    return float((looked * (candidates.items[:, :5] >= 10)).sum() / looked.sum())


def test_providers_are_seen_as_they_merit():
    requests, candidates, context = market()
    assert share(candidates) < 0.15
    fair = Fair(FairConfig(field="categories")).prepare(requests, candidates, context)
    assert share(fair.rerank(requests, candidates, context)) == pytest.approx(0.5, abs=0.1)


def test_prepared_prices_are_held_and_learnt_ones_depend_on_nothing_kept():
    requests, candidates, context = market(200)
    plain = Fair(FairConfig(field="categories"))
    first = plain.rerank(requests, candidates, context).items
    np.testing.assert_array_equal(plain.rerank(requests, candidates, context).items, first)
    held = plain.prepare(requests, candidates, context)
    whole = held.rerank(requests, candidates, context).items
    one = held.rerank(requests[7:8], candidates.take(slice(7, 8)), context).items
    np.testing.assert_array_equal(one[0], whole[7])


def test_cold_items_of_a_favoured_provider_are_not_priced_down():
    requests, candidates, context = market()
    counts = np.full(20, 50)
    counts[:2] = 0

    def cold(floor_at):
        config = FairConfig(field="categories", cold=floor_at)
        here = replace(context, counts=counts)
        found = Fair(config).prepare(requests, candidates, here).rerank(requests, candidates, here)
        return float((np.isin(found.items[:, :5], [0, 1]) * discount(5)).sum())

    before = float((np.isin(candidates.items[:, :5], [0, 1]) * discount(5)).sum())
    assert cold(0) < 0.8 * before
    assert cold(3) >= 0.95 * before


def test_what_reviewers_loved_goes_up_and_disliked_words_go_down():
    context = shop(("horror",), ("comedy",), ("comedy",), sentiment=np.array([0.0, -1.0, 1.0], np.float32))
    scores = best(1.0, 0.9, 0.85)
    assert order(Sentiment(SentimentConfig(strength=0.8)), context, scores) == [2, 0, 1]
    hated = asked(context={"disliked": ["Horror"]})
    assert order(Sentiment(SentimentConfig(loved=0.0, strength=0.6)), context, scores, hated)[-1] == 0
    part = asked(context={"disliked": ["horr"]})
    assert order(Sentiment(SentimentConfig(loved=0.0, strength=0.6)), context, scores, part) == [0, 1, 2]
    with pytest.raises(SettingsError, match="words"):
        order(Sentiment(), context, scores, asked(context={"disliked": 3}))


@pytest.mark.parametrize("how", ["plackett-luce", "epsilon"])
def test_propensities_are_how_often_it_really_happens(how):
    people = 6000
    candidates = Candidates(
        np.tile(np.arange(3), (people, 1)), np.tile(np.array([[1.0, 0.5, 0.0]], np.float32), (people, 1))
    )
    context = shop(A, B, C, n=2, rng=np.random.default_rng(0))
    config = ExploreConfig(how=how, strength=0.6)
    found = Explore(config).rerank([Request(History.of([]), n=2)] * people, candidates, context)
    first = found.items[:, 0]
    for item in range(3):
        told = found.propensities[first == item, 0]
        assert np.ptp(told) < 1e-6
        assert told[0] == pytest.approx((first == item).mean(), abs=0.03)
    behind = (first == 0) & (found.items[:, 1] == 1)
    told = found.propensities[behind, 1][0]
    assert told == pytest.approx(behind.sum() / (first == 0).sum(), abs=0.03)
    assert (found.propensities[:, 2] == 1).all(), "nothing is drawn behind the list"


def test_any_other_order_forgets_propensities():
    context = shop(A, A, B, rng=np.random.default_rng(0))
    drawn = Explore(ExploreConfig(strength=1.0)).rerank(asked(), best(1.0, 0.9, 0.5), context)
    turned = drawn.reorder(np.array([[2, 1, 0]]))
    assert drawn.propensities is not None
    assert turned.propensities is None
    assert drawn.reorder(np.array([[0, 1, 2]])).propensities is drawn.propensities
