"""A contract check is worth what it refuses: each broken component below fails for its own reason."""

import numpy as np
import pytest

from llm4rec.core import Candidates, Config, NotFittedError, RerankContext
from llm4rec.testing import WordEncoder, asking, check_encoder, check_model, check_reranker, shelf


class Counting:
    """A model that keeps the contract: every item scores how often it was taken."""

    config_type = Config

    def __init__(self, config=None):
        self.config = config or Config()

    def fit(self, dataset, context):
        self.counts_ = dataset.counts.astype(np.float32)
        return self

    def score(self, requests, items=None):
        if not hasattr(self, "counts_"):
            raise NotFittedError("Counting needs fit first")
        rows = np.tile(self.counts_, (len(requests), 1))
        return rows if items is None else rows[:, items]


class ScoresBeforeFit(Counting):
    counts_ = np.ones(20, np.float32)


class Doubles(Counting):
    def score(self, requests, items=None):
        return super().score(requests, items).astype(np.float64)


class NotFinite(Counting):
    def score(self, requests, items=None):
        scores = super().score(requests)
        scores[:, 0] = np.nan
        return scores if items is None else scores[:, items]


class LooksAtItsBatch(Counting):
    def score(self, requests, items=None):
        return super().score(requests, items) * len(requests)


class ForgetsItems(Counting):
    def score(self, requests, items=None):
        return super().score(requests)


class Random(Counting):
    rng = np.random.default_rng(0)

    def fit(self, dataset, context):
        super().fit(dataset, context)
        self.counts_ += self.rng.random(len(self.counts_), dtype=np.float32)
        return self


class WritesOnItsData(Counting):
    def fit(self, dataset, context):
        super().fit(dataset, context)
        dataset.interactions.timestamps[:] = 0.0
        return self


class LosesOnSaving(Counting):
    def state(self):
        return {"counts": np.round(self.counts_ / 10)}

    def restore(self, state, context):
        self.counts_ = state["counts"]
        return self


class ChangesWhenGrowing(Counting):
    def grow(self, catalog, context):
        self.counts_ = np.append(self.counts_, np.float32(0))
        return self


class RemembersForever(Counting):
    def forget(self, histories):
        return self


class NeverLearns(Counting):
    def partial_fit(self, before, after):
        return self


class BlamesOthers(Counting):
    def contributions(self, request, items):
        return [{1: 1.0} for _ in items]  # user 0 took even items only


class HearsStrangeWords(Counting):
    @property
    def contexts(self):
        return {"device": ("phone",)}

    def score(self, requests, items=None):
        heard = np.array([[r.context.get("device") not in (None, "phone")] for r in requests], np.float32)
        return super().score(requests, items) + heard.reshape(len(requests), 1)


def test_a_model_that_keeps_the_contract_passes():
    check_model(Counting())


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (ScoresBeforeFit, "NotFittedError"),
        (Doubles, "float32"),
        (HearsStrangeWords, "nobody knows"),
        (NotFinite, "finite"),
        (LooksAtItsBatch, "batch"),
        (ForgetsItems, "some items score"),
        (Random, "same data, same scores"),
        (WritesOnItsData, "fit leaves its data alone"),
        (LosesOnSaving, "saving and loading"),
        (ChangesWhenGrowing, "growing leaves the old model alone"),
        (RemembersForever, "forgetting"),
        (NeverLearns, "updating"),
        (BlamesOthers, "only what is in the history"),
    ],
)
def test_a_broken_model_is_refused_with_the_reason(broken, reason):
    with pytest.raises(AssertionError, match=reason):
        check_model(broken())


class ByPlace(WordEncoder):
    def encode(self, contents):
        return super().encode(contents) * np.arange(1, len(contents) + 1, dtype=np.float32)[:, None]


class Nameless(WordEncoder):
    def __init__(self):
        super().__init__()
        self.name = ""


@pytest.mark.parametrize(("broken", "reason"), [(ByPlace, "same text, same vector"), (Nameless, "name keys")])
def test_a_broken_encoder_is_refused_with_the_reason(broken, reason):
    with pytest.raises(AssertionError, match=reason):
        check_encoder(broken())


class Reranks:
    """Reranks by the orders given."""

    def __init__(self, change):
        self.change = change

    def rerank(self, requests, candidates, context):
        return self.change(candidates)


def swapped(candidates):
    return candidates.reorder([np.array([1, 0, 2])])


def doubled(candidates):
    return candidates.reorder([np.array([1, 1, 2])])


def shortened(candidates):
    return candidates.reorder([np.array([1, 0])])


def in_place(candidates):
    candidates.items[:] = candidates.items[:, ::-1]
    return candidates


@pytest.fixture
def candidates():
    return Candidates(np.array([[3, 1, 2]]), np.array([[0.9, 0.8, 0.7]], np.float32))


def test_a_reranker_that_only_reorders_passes(candidates):
    world = RerankContext(shelf().catalog)
    assert check_reranker(Reranks(swapped), [asking(0)], candidates, world).items.tolist() == [[1, 3, 2]]


@pytest.mark.parametrize(
    ("change", "reason"), [(doubled, "invented"), (shortened, "lost"), (in_place, "left alone")]
)
def test_a_reranker_that_loses_or_invents_is_refused(candidates, change, reason):
    with pytest.raises(AssertionError, match=reason):
        check_reranker(Reranks(change), [asking(0)], candidates, RerankContext(shelf().catalog))
