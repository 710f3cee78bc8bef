"""From a split and fake engines to figures: end to end, with known winners."""

import json
from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import FolderError, Holdout, Request, SettingsError
from llm4rec.data.folds import Split
from llm4rec.evaluation import Options, evaluate
from llm4rec.evaluation.meter import MemoryMeter
from llm4rec.evaluation.report import ranking, winners

from .worlds import (
    FakeEngine,
    FakeRater,
    catalog,
    clicks,
    constant,
    dataset,
    knows,
    last_out,
    noise,
    random_rows,
)

FAST = Options(metrics=["ndcg@10", "coverage@10"], resamples=500)


@pytest.fixture
def data():
    return dataset(random_rows(people=60), 20)


@pytest.fixture
def split(data):
    return last_out(data)


def engines(split, made=None):
    rules = {"oracle": knows(split), "constant": constant, "noise": noise}

    def engine_for(name, seed):
        engine = FakeEngine(rules[name])
        if made is not None:
            made.append((name, seed, engine))
        return engine

    return engine_for


def test_the_better_model_wins_and_nobody_is_left_out(data, split):
    found = evaluate(
        data, split, ["noise", "oracle", "constant"], engines(split), replace(FAST, metrics=None)
    ).as_json()
    models = found["models"]
    assert list(models) == ["noise", "oracle", "constant"]
    assert models["oracle"]["metrics"]["ndcg@10"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    loser = models["noise"]["versus"]["oracle"]["ndcg@10"]
    assert loser["p_holm"] < 0.05
    assert loser["high"] < 0
    assert loser["p_holm"] >= loser["p"]
    best = models["oracle"]["versus"]
    assert next(iter(best.values()))["ndcg@10"]["difference"] > 0
    assert set(models["noise"]["metrics"]) == {
        "ndcg@10", "hr@10", "recall@10", "mrr@10", "coverage@10", "gini@10", "novelty@10", "ild@10",
    }  # fmt: skip
    assert models["noise"]["seeds"] == models["noise"]["folds"] == 1
    assert models["noise"]["peak_rss_mb"] > 1
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["protocol"]["name"] == "last-out"
    assert "ild compares items by: colour" in found["protocol"]["notes"]


def test_intervals_hold_their_means(data, split):
    found = evaluate(data, split, ["noise"], engines(split), replace(FAST, metrics=None)).as_json()
    for estimate in found["models"]["noise"]["metrics"].values():
        assert estimate["low"] <= estimate["mean"] <= estimate["high"]


def test_chunks_change_neither_figures_nor_fingerprint(data, split):
    whole = evaluate(data, split, ["noise"], engines(split), FAST).as_json()
    parts = evaluate(data, split, ["noise"], engines(split), replace(FAST, chunk_bytes=100)).as_json()
    assert whole["models"]["noise"]["metrics"] == parts["models"]["noise"]["metrics"]
    assert whole["protocol"]["fingerprint"] == parts["protocol"]["fingerprint"]


def test_seeds_are_averaged_and_their_spread_is_told(data, split):
    def engine_for(name, seed):
        return FakeEngine(lambda r, items: np.random.default_rng((seed, r.user)).random(items))

    found = evaluate(data, split, ["noise"], engine_for, replace(FAST, seeds=3)).as_json()
    ndcg = found["models"]["noise"]["metrics"]["ndcg@10"]
    assert len(set(ndcg["seeds"])) == 3
    assert ndcg["mean"] == pytest.approx(np.mean(ndcg["seeds"]))
    assert ndcg["spread"] == pytest.approx(np.std(ndcg["seeds"], ddof=1))


def test_folds_are_pooled_by_person_and_their_means_kept(data, split):
    second = last_out(dataset(random_rows(people=60, seed=9), 20))
    both = Split("folds:a,b", (*split.folds, *second.folds), {})
    ndcg = evaluate(data, both, ["noise"], engines(split), FAST).as_json()["models"]["noise"]["metrics"][
        "ndcg@10"
    ]
    assert ndcg["mean"] == pytest.approx(np.mean(ndcg["folds"]))
    assert len(ndcg["folds"]) == 2


def test_views_carry_their_name_and_an_empty_one_is_left_out(data, split):
    fold = split.folds[0]
    views = {"": fold.tests[""], "first-1": fold.tests[""], "nobody": Holdout([], [])}
    seen = Split("x", (replace(fold, tests=views),), {})
    found = evaluate(data, seen, ["noise"], engines(split), FAST).as_json()["models"]["noise"]["metrics"]
    assert set(found) == {"ndcg@10", "coverage@10", "first-1/ndcg@10", "first-1/coverage@10"}


def test_newcomers_are_added_before_anything_is_asked(data, split):
    cold = replace(split.folds[0], newcomers=catalog(5, first=20))
    made = []
    evaluate(data, Split("cold-items", (cold,), {}), ["noise"], engines(split, made), FAST)
    assert made[0][2].items == 25


def test_a_model_that_takes_no_newcomers_is_measured_all_the_same(data, split):
    fold = split.folds[0]
    requests = [replace(r, allowed=np.arange(20, 25)) for r in fold.tests[""].requests]
    cold = Holdout(requests, [np.array([22])] * len(requests))
    made = Split("cold-items", (replace(fold, newcomers=catalog(5, first=20), tests={"": cold}),), {})

    class Fixed(FakeEngine):
        model = object()

    found = evaluate(
        data, made, ["fixed"], lambda *_: Fixed(noise), replace(FAST, metrics=["hr@1"])
    ).as_json()
    assert found["models"]["fixed"]["metrics"]["hr@1"]["mean"] == pytest.approx(0.2)
    assert found["models"]["fixed"]["degraded"] == ["cannot take new items: they tie behind all others"]


def test_validation_is_for_choosing_and_a_refit_is_a_row_of_its_own(data, split):
    fold = replace(split.folds[0], validation=split.folds[0].tests[""], refit=data.only(np.arange(5)))
    made = []
    found = evaluate(
        data, Split("x", (fold,), {}), ["noise"], engines(split, made), replace(FAST, refit=True)
    ).as_json()
    assert list(found["models"]) == ["noise", "noise (refit)"]
    assert made[0][2].fits == [(fold.train, fold.validation, None)]
    assert made[1][2].fits == [(fold.train, fold.validation, fold.refit)]
    plain, again = found["models"].values()
    assert not plain["validation_trained"]
    assert again["validation_trained"]
    assert plain["fingerprint"] == found["protocol"]["fingerprint"] != again["fingerprint"]


def test_refits_are_compared_among_themselves(data, split):
    fold = replace(split.folds[0], validation=split.folds[0].tests[""], refit=data)
    options = replace(FAST, refit=True)
    models = evaluate(data, Split("x", (fold,), {}), ["noise", "oracle"], engines(split), options).models
    assert set(models["noise"].versus) == {"oracle"}
    assert set(models["noise (refit)"].versus) == {"oracle (refit)"}


def test_a_refit_without_validation_is_refused(data, split):
    with pytest.raises(SettingsError, match="no refit"):
        evaluate(data, split, ["noise"], engines(split), replace(FAST, refit=True))


def with_clicks(split):
    requests = split.folds[0].tests[""].requests
    rng = np.random.default_rng(0)
    items, values = rng.integers(0, 20, len(requests)), np.arange(len(requests)) % 2
    views = {"": split.folds[0].tests[""], "first-1": split.folds[0].tests[""]}
    pairs = clicks(list(requests), items, values)
    return Split("clicks", (replace(split.folds[0], tests=views, pairs=pairs),), {})


def test_values_are_measured_beside_ranks(data, split):
    found = evaluate(
        data, with_clicks(split), ["n"], lambda *_: FakeRater(noise), replace(FAST, metrics=None)
    )
    metrics = found.as_json()["models"]["n"]["metrics"]
    assert {"auc", "logloss", "accuracy", "ndcg@10"} <= set(metrics)
    assert "first-1/auc" not in metrics
    mere = evaluate(
        data, with_clicks(split), ["n"], lambda *_: FakeEngine(noise), replace(FAST, metrics=None)
    )
    assert "logloss" not in mere.as_json()["models"]["n"]["metrics"]
    assert mere.models["n"].metrics["auc"].mean == pytest.approx(metrics["auc"]["mean"])


def test_less_is_better_for_errors(data, split):
    requests = list(split.folds[0].tests[""].requests)
    pairs = clicks(requests, [0] * len(requests), np.tile([2.0, 3.0, 4.0], len(requests) // 3))
    stars = Split("stars", (replace(split.folds[0], pairs=pairs),), {})
    rules = {"far": lambda r, items: np.zeros(items), "near": lambda r, items: np.full(items, 3.0)}
    rules["middle"] = lambda r, items: np.full(items, 2.0)
    options = replace(FAST, metrics=["rmse", "mae"])
    found = evaluate(data, stars, list(rules), lambda n, _: FakeRater(rules[n]), options).as_json()
    assert found["models"]["near"]["metrics"]["rmse"]["mean"] == pytest.approx((2 / 3) ** 0.5)
    assert set(found["models"]["far"]["versus"]) == {"near"}
    assert set(found["models"]["near"]["versus"]) == {"middle"}
    assert ranking(found, "rmse") == ["near", "middle", "far"]
    assert winners(found, "rmse") == {"near"}


def test_the_second_best_is_compared_with_the_best_not_with_the_worst(data, split):
    def half(request, items):
        return knows(split)(request, items) if request.user % 2 else np.zeros(items)

    rules = {"constant": constant, "half": half, "oracle": knows(split)}
    found = evaluate(data, split, list(rules), lambda n, _: FakeEngine(rules[n]), FAST).models
    assert {n: set(m.versus) for n, m in found.items()} == {
        "constant": {"oracle"},
        "half": {"oracle"},
        "oracle": {"half"},
    }


def test_a_metric_without_anything_to_measure_it_on_is_refused(data, split):
    with pytest.raises(SettingsError, match="no rows with known values, which metric 'rmse' needs"):
        evaluate(data, split, ["noise"], engines(split), replace(FAST, metrics=["rmse"]))


@pytest.mark.parametrize("models", [[], ["noise", "noise"]])
def test_models_are_named_once(data, split, models):
    with pytest.raises(SettingsError, match="each once"):
        evaluate(data, split, models, engines(split), FAST)


def test_facts_of_the_caller_are_told_and_count_as_terms(data, split):
    plain = evaluate(data, split, ["noise"], engines(split), FAST).as_json()["protocol"]
    told = evaluate(
        data, split, ["noise"], engines(split), replace(FAST, facts={"cleaning": ["core:5"]})
    ).as_json()
    assert told["protocol"]["cleaning"] == ["core:5"]
    assert told["protocol"]["fingerprint"] != plain["fingerprint"]


def test_options_are_checked():
    with pytest.raises(SettingsError, match="seeds must be at least 1"):
        Options(seeds=0)


def interrupted(split):
    good = engines(split)

    def engine_for(name, seed):
        if name == "constant":
            raise KeyboardInterrupt
        return good(name, seed)

    return engine_for


def test_an_interrupted_run_goes_on_where_it_stopped(data, split, tmp_path):
    keep = replace(FAST, partial=tmp_path / "partial.json")
    with pytest.raises(KeyboardInterrupt):
        evaluate(data, split, ["noise", "constant"], interrupted(split), keep)
    made = []
    resumed = evaluate(
        data, split, ["noise", "constant"], engines(split, made), replace(keep, resume=True)
    ).as_json()
    assert [name for name, *_ in made] == ["constant"]
    straight = evaluate(data, split, ["noise", "constant"], engines(split), FAST).as_json()
    for name in ("noise", "constant"):
        assert resumed["models"][name]["metrics"] == straight["models"][name]["metrics"]
        assert resumed["models"][name]["versus"] == straight["models"][name]["versus"]


@pytest.mark.parametrize(
    "change", [{"seeds": 2}, {"metrics": ["hr@10"]}, {"stamp": "reg=1"}, {"resume": False}]
)
def test_nothing_is_taken_over_from_other_terms(data, split, tmp_path, change):
    keep = replace(FAST, partial=tmp_path / "partial.json", resume=True)
    evaluate(data, split, ["noise"], engines(split), keep)
    made = []
    evaluate(data, split, ["noise"], engines(split, made), replace(keep, **change))
    assert made


def test_a_broken_partial_file_is_named(data, split, tmp_path):
    (tmp_path / "partial.json").write_text("{")
    with pytest.raises(FolderError, match=r"partial\.json"):
        evaluate(
            data,
            split,
            ["noise"],
            engines(split),
            replace(FAST, partial=tmp_path / "partial.json", resume=True),
        )


def test_protocols_of_the_data_room_go_by_name(data):
    found = evaluate(data, "leave-last-out", ["noise"], lambda *_: FakeEngine(noise), FAST).as_json()
    assert found["protocol"]["name"] == "leave-last-out"
    assert found["protocol"]["questions"] == 60


def test_bare_histories_are_people_of_their_own(data, split):
    fold = split.folds[0]
    strangers = Holdout([Request(r.history) for r in fold.tests[""].requests], fold.tests[""].targets)
    made = Split("cold-users", (replace(fold, tests={"": strangers}),), {})
    found = evaluate(data, made, ["noise"], lambda *_: FakeEngine(noise), FAST)
    assert found.models["noise"].metrics["ndcg@10"].low < found.models["noise"].metrics["ndcg@10"].high


def test_the_meter_sees_memory_come_and_go():
    with MemoryMeter(pause=0.001) as before:
        pass
    with MemoryMeter(pause=0.001) as meter:
        big = np.ones(60 * 2**17)
        assert big.sum() > 0
    assert meter.peak_mb > before.peak_mb + 40
