"""What may be relied on from a sweep: fronts, the choice, what is measured is what is served, the test asked once."""

import json

import numpy as np
import pytest
from tests.evaluation.worlds import FixedScores, dataset, last_out, random_rows

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    FolderError,
    Holdout,
    Interactions,
    NotFoundError,
    Request,
    SettingsError,
    Users,
    Vocabulary,
    silent,
)
from llm4rec.data.splits import split
from llm4rec.engine import Engine, Settings, path
from llm4rec.evaluation import parse_metrics, rank
from llm4rec.evaluation.tradeoff import Sweep, tradeoff
from llm4rec.evaluation.tradeoff.front import choose, front, gains, volume
from llm4rec.evaluation.tradeoff.measures import FAIRNESS, Judge
from llm4rec.evaluation.tradeoff.recipes import provider_of, read_recipes, usual
from llm4rec.evaluation.tradeoff.stands import Course, Model

EASE = Settings(encoder={"name": "none"}, cache={"folder": "none"}).with_model(
    "ease", {"reg": 5.0, "tune": False, "decay": None}
)
TRIED = "mmr,novel+mmr,fair(field=brand)"


@pytest.fixture(scope="module")
def subjects():
    """Everyone reads one of three subjects and a little of the others; items carry a subject and a brand."""
    rng = np.random.default_rng(5)
    rows = [
        rng.permutation(
            np.union1d(
                rng.choice(np.arange(user % 3, 60, 3), 7, replace=False), rng.choice(60, 3, replace=False)
            )
        )
        for user in range(60)
    ]
    users = np.repeat(np.arange(60), [len(row) for row in rows])
    tags = np.empty(60, dtype=object)
    tags[:] = [(("robots", "gardens", "cooking")[item % 3],) for item in range(60)]
    brands = np.array([("large", "small")[item < 12] for item in range(60)], dtype=object)
    columns = {
        "categories": Column(ColumnType.TAGS, tags),
        "brand": Column(ColumnType.CATEGORY, brands),
    }
    catalog = Catalog(Vocabulary([f"i{item}" for item in range(60)]), columns)
    times = np.concatenate([1.6e9 + np.arange(len(row)) for row in rows])
    events = Interactions.of(users, np.concatenate(rows), timestamps=times).sorted()
    return Dataset(events, catalog, Users(Vocabulary([f"u{user}" for user in range(60)])), "subjects")


@pytest.fixture(scope="module")
def parts(subjects):
    return split(subjects, "leave-last-out")


@pytest.fixture(scope="module")
def swept(subjects, parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    found = tradeoff(subjects, parts, EASE, Sweep(TRIED, ("popular",)), folder, silent)
    found.write(folder)
    return found, folder


def figures(ndcg, **axes):
    """Changes against the model's own order."""
    told = {"ndcg@10": {"change": ndcg}}
    return told | {f"{axis}@10": {"change": change} for axis, change in axes.items()}


KNOWN = {
    "own": figures(0.0, ild=0.0, calibration=0.0),
    "good": figures(-0.01, ild=0.10, calibration=-0.2),
    "beaten": figures(-0.02, ild=0.05, calibration=-0.3),
    "dear": figures(-0.08, ild=0.20, calibration=-0.3),
}


def test_what_another_beats_in_both_is_not_on_the_front():
    assert front(KNOWN, "ild@10") == ["own", "good", "dear"]
    assert front(KNOWN, "calibration@10") == ["own", "good", "beaten"], "less divergence is more"


def test_of_equal_rows_the_first_stays_on_the_front():
    twins = {"a": KNOWN["good"], "b": KNOWN["good"]}
    assert front(twins, "ild@10") == ["a"]


def test_the_area_of_a_front_is_that_of_its_boxes():
    # .10 wide and .09 high, then .10 more at .02.
    assert volume(KNOWN, "ild@10") == pytest.approx(0.10 * 0.09 + 0.10 * 0.02)
    assert volume({"own": KNOWN["own"]}, "ild@10") == 0.0


def test_most_gain_within_the_limit_is_chosen():
    assert choose(KNOWN, 0.02).name == "good"
    assert choose(KNOWN, 0.10).name == "dear"
    assert choose(KNOWN, 0.02).gain == pytest.approx((1.0 + 2 / 3) / 2)


def test_who_surely_loses_little_is_chosen_before_who_does_on_average():
    rows = {
        "own": figures(0.0, ild=0.0),
        "sure": figures(-0.005, ild=0.1),
        "lucky": figures(-0.001, ild=0.3),
    }
    for name, low in (("sure", -0.019), ("lucky", -0.025)):
        rows[name]["ndcg@10"]["change_low"] = low
    assert choose(rows, 0.02).name == "sure"
    assert "surely 2.0%" in choose(rows, 0.02).rule
    assert choose(rows, 0.03).name == "lucky"
    del rows["sure"]
    found = choose(rows, 0.02)
    assert (found.name, "surely" in found.rule) == ("lucky", False), "nothing that is sure gains anything"


def test_a_loss_on_one_axis_counts_no_more_than_the_largest_gain():
    rows = {"own": figures(0.0, ild=0.0, novelty=0.0), "a": figures(0.0, ild=0.1, novelty=0.1)}
    rows["b"] = figures(0.0, ild=0.2, novelty=-50.0)
    assert choose(rows, 0.02).name == "a"
    assert choose({"own": rows["own"], "b": rows["b"]}, 0.02).gain == pytest.approx(1.0)
    assert gains(rows, list(rows))["b"] == pytest.approx((1.0 - 1.0) / 2)


def test_where_nothing_cheap_gains_the_knee_is_chosen():
    steep = {
        "own": figures(0.0, ild=0.0),
        "knee": figures(-0.03, ild=0.15),
        "straight": figures(-0.10, ild=0.16),
        "dear": figures(-0.20, ild=0.20),
    }
    found = choose(steep, 0.0)
    assert (found.name, "knee" in found.rule) == ("knee", True)


def test_lists_are_as_accurate_as_the_ranking_they_come_from():
    data = dataset(random_rows(), 20)
    made = last_out(data)
    fold = made.folds[0]
    asked = fold.tests[""]
    rng = np.random.default_rng(2)
    two = Holdout(asked.requests, [np.append(t, (t + 1) % 20) for t in asked.targets])
    kept = [i for i, t in enumerate(two.targets) if not np.isin(t, asked.requests[i].history.items).any()]
    two = Holdout([two.requests[i] for i in kept], [two.targets[i] for i in kept])
    scores = FixedScores(rng.permuted(np.tile(np.arange(20.0), (30, 1)), axis=1))
    full = rank(scores, two, 20, parse_metrics(["ndcg@10", "recall@10", "ild@10"]))
    found = Judge(fold, two).of(full.lists)
    for name in ("ndcg@10", "recall@10"):
        np.testing.assert_allclose(found[name].values, full.values[name])


def test_the_gap_of_providers_is_how_far_exposure_is_from_merit(subjects, parts):
    fold = parts.folds[0]
    some = fold.tests[""].sample(1, np.random.default_rng(0))
    counts = fold.train.counts
    merit = counts[:12].sum() / counts.sum()  # of the small brand
    only_large = np.arange(20, 30)[None]
    found = Judge(fold, some, "brand").of(only_large)[FAIRNESS]
    assert found.value == pytest.approx(merit)
    only_small = np.arange(10)[None]
    assert Judge(fold, some, "brand").of(only_small)[FAIRNESS].value == pytest.approx(1.0 - merit)


def test_what_is_measured_is_what_the_recommended_settings_serve(swept, parts):
    found, _ = swept
    fold = parts.folds[0]
    for name in (found.choice.name, next(n for n in found.rows if "fair" in n)):
        row = found.rows[name]
        engine = Engine(EASE.model_copy(update={"rerank": row.rerank})).fit(
            fold.train, holdout=fold.validation
        )
        requests = [Request(r.history, user=r.user, n=10) for r in fold.tests[""].requests]
        lists, _, _ = path.ordered(engine.fitted, requests)
        course = Course.of(parts, 100, Judge, row.rerank)
        (stand,) = Model("ease", EASE, course).stands
        np.testing.assert_array_equal(stand.lists("test", row.rerank), lists.items)


def test_mmr_covers_categories_and_changes_are_against_the_own_order(swept):
    rows = swept[0].rows
    varied = rows["ease > mmr(strength=1.0)"].validation
    assert varied["breadth@10"]["mean"] == 1.0, "all three subjects in every list"
    assert varied["breadth@10"]["change_low"] > 0.0
    own = rows["ease"].validation
    assert all(one["change"] == 0.0 and one["low"] <= one["mean"] <= one["high"] for one in own.values())


def test_the_test_part_is_asked_for_fronts_and_own_lists_alone(swept):
    found, _ = swept
    asked = {name for name, row in found.rows.items() if row.test is not None}
    named = {name for names in found.fronts.values() for name in names}
    assert asked == named | {"ease", "popular", found.choice.name}
    assert len(asked) < len(found.rows)


def test_the_choice_does_not_depend_on_the_test_part(subjects, parts, swept, tmp_path):
    fold = parts.folds[0]
    test = fold.tests[""]
    unseen = [np.setdiff1d(np.arange(60), r.history.items)[:3] for r in test.requests]
    other = type(fold)(fold.train, {"": Holdout(test.requests, unseen)}, fold.validation)
    moved = type(parts)(parts.name, (other,), parts.facts)
    found = tradeoff(subjects, moved, EASE, Sweep(TRIED, ()), tmp_path, silent)
    assert found.choice == swept[0].choice
    assert found.fronts == swept[0].fronts
    assert found.rows["ease"].test != swept[0].rows["ease"].test


def test_an_interrupted_sweep_goes_on_and_a_finished_one_fits_nothing(
    subjects, parts, swept, tmp_path, monkeypatch
):
    found, folder = swept

    def no_fit(course, settings):
        raise AssertionError("everything is measured already")

    for name in sorted((folder / "points").iterdir())[::2]:
        (tmp_path / "points").mkdir(exist_ok=True)
        (tmp_path / "points" / name.name).write_text(name.read_text())
    again = tradeoff(subjects, parts, EASE, Sweep(TRIED, ("popular",)), tmp_path, silent)
    assert again.as_json() == found.as_json()
    monkeypatch.setattr(Course, "stands", no_fit)
    assert tradeoff(subjects, parts, EASE, Sweep(TRIED, ("popular",)), folder, silent).choice == found.choice
    with pytest.raises(AssertionError):
        tradeoff(subjects, parts, EASE.with_flags({"fit.seed": 1}), Sweep(TRIED, ()), folder, silent)


def test_a_broken_point_is_named(subjects, parts, tmp_path):
    tradeoff(subjects, parts, EASE, Sweep("mmr(strength=0.5)", ()), tmp_path, silent)
    for point in (tmp_path / "points").iterdir():
        point.write_text("{")
    with pytest.raises(FolderError, match="remove it"):
        tradeoff(subjects, parts, EASE, Sweep("mmr(strength=0.5)", ()), tmp_path, silent)


def test_the_settings_file_and_the_page_are_written_whole(swept):
    found, folder = swept
    assert found.recommended.as_toml() in (folder / "settings.toml").read_text()
    page = (folder / "report.html").read_text()
    assert found.choice.name.replace(">", "&gt;") in page
    assert "<script" not in page
    assert json.loads((folder / "tradeoff.json").read_text())["recommended"]["name"] == found.choice.name
    assert {f"tradeoff-{axis}.svg" for axis in ("ild", "breadth", "provider-gap")} <= {
        path.name for path in folder.iterdir()
    }


def test_a_budget_cuts_all_curves_alike(subjects, parts, tmp_path):
    found = tradeoff(subjects, parts, EASE, Sweep("mmr,novel", (), minutes=1e-9), tmp_path, silent)
    assert len(found.rows) == 2, "the own order, and the first setting of the first curve"
    assert any("were not tried" in note for note in found.notes)


def test_what_cannot_be_done_here_is_told_and_left_out(subjects, parts, tmp_path):
    found = tradeoff(subjects, parts, EASE, Sweep("mmr(kernel={text=1}),novel", ()), tmp_path, silent)
    assert any("mmr" in note and "left out" in note for note in found.notes)
    assert all("mmr" not in name for name in found.rows)
    with pytest.raises(SettingsError, match="no reranker can be tried"):
        tradeoff(subjects, parts, EASE, Sweep("mmr(kernel={text=1})", ()), tmp_path / "none", silent)


def test_recipes_suit_the_catalog(subjects):
    with_all = [recipe.name for recipe in usual(subjects.catalog, False, "brand")]
    assert {"xquad", "calibrated", "novel+mmr", "fair(field='brand')"} <= set(with_all)
    assert "ssd" not in with_all
    bare = Catalog(Vocabulary(["a", "b"]), {})
    assert [recipe.name for recipe in usual(bare, False)] == ["novel"]
    assert provider_of(subjects.catalog, None) == "brand"
    assert provider_of(bare, None) == provider_of(subjects.catalog, "none") == ""


@pytest.mark.parametrize(
    ("words", "error", "reason"),
    [
        ("rules", SettingsError, "no strength"),
        ("mmr,mmr", SettingsError, "once"),
        ("mmr+mmr", SettingsError, "twice"),
        (" , ", SettingsError, "at least one"),
        ("mrm", NotFoundError, "mmr"),
        ("mmr(strength=2)", SettingsError, "strength"),
    ],
)
def test_wrong_recipes_are_refused(words, error, reason):
    with pytest.raises(error, match=reason):
        read_recipes(words)


def test_a_fixed_strength_is_not_varied():
    assert len(read_recipes("mmr(strength=0.2)")[0].settings()) == 1
    tried = [one.options["dpp"]["strength"] for one in read_recipes("dpp")[0].settings()]
    assert tried[0] == 0.08
    assert len(tried) == len(set(tried)) == 8


@pytest.mark.parametrize(("wrong", "reason"), [({"loss": 2.0}, "share"), ({"minutes": 0.0}, "minutes")])
def test_wrong_limits_are_refused(wrong, reason):
    with pytest.raises(SettingsError, match=reason):
        Sweep(**wrong)


def test_a_protocol_without_known_items_is_refused(subjects, tmp_path):
    with pytest.raises(SettingsError, match="leave-last-out"):
        tradeoff(subjects, split(subjects, "cold-items"), EASE, Sweep("mmr", ()), tmp_path, silent)
    assert not list(tmp_path.iterdir())


def test_no_error_is_hidden(subjects, parts, tmp_path, monkeypatch):
    def broken(model, part, rerank):
        raise MemoryError("too much")

    monkeypatch.setattr(Model, "found", broken)
    with pytest.raises(MemoryError):
        tradeoff(subjects, parts, EASE, Sweep("mmr", ()), tmp_path, silent)
