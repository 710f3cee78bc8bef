"""What one may rely on where other libraries are measured: the same figures as if they were asked directly."""

import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks import peers
from benchmarks.versus import job as jobs
from benchmarks.versus.catalogue import PEERS, TABLES, Entry, Table
from benchmarks.versus.compare import against, page
from benchmarks.versus.rates import ReplayRates
from benchmarks.versus.replay import Ask, ReplayLists

from benchmarking.fake_work import rule
from evaluation.worlds import FakeEngine, dataset, random_rows
from llm4rec.core import ComponentError, History, Interactions, Request
from llm4rec.data import split
from llm4rec.engine import Engine
from llm4rec.evaluation import Plan, parse_metrics, run_trial, terms

FAKE = Path(__file__).with_name("fake_work.py")
METRICS = ("ndcg@10", "hr@10", "mrr", "coverage@5")
TABLE = Table("tiny", "tiny", "leave-last-out", METRICS)


@pytest.fixture
def ask(monkeypatch):
    """Questions over made-up histories, asked of a worker that only pretends to be a library."""
    monkeypatch.setenv("LLM4REC_PEERS_PYTHON", sys.executable)
    data = dataset(random_rows(people=30, items=20, length=6), 20)
    return Ask(TABLE, split(data, "leave-last-out"), start=lambda job: jobs.Worker(job, FAKE))


def measured(ask, entry, name="fake"):
    engine = ReplayLists(name, entry, ask)
    trial = run_trial(name, lambda seed: engine, ask.split.folds, Plan(parse_metrics(METRICS)))
    return trial, engine


def directly(ask, sign=1):
    engine = FakeEngine(lambda request, items: sign * rule(np.array([request.user]), items)[0])
    return run_trial("direct", lambda seed: engine, ask.split.folds, Plan(parse_metrics(METRICS)))


def test_replayed_rows_give_the_figures_of_direct_scoring(ask):
    replayed, engine = measured(ask, Entry("fake", "fake"))
    direct = directly(ask)
    for metric in ("ndcg@10", "hr@10", "mrr"):
        np.testing.assert_array_equal(replayed.samples[metric].totals, direct.samples[metric].totals)
    assert replayed.wholes["coverage@5"].value == direct.wholes["coverage@5"].value
    assert engine.notes["fit_seconds"] == 1.5


def test_the_worker_is_given_no_answers(ask):
    _, engine = measured(ask, Entry("fake", "fake"))
    assert engine.notes["seen"] == ["asked.npz", "fit.npz", "history.npz", "job.json", "log.txt"]


@pytest.mark.parametrize(("by_row", "fitted"), [(False, 4), (True, 5)])
def test_who_knows_people_by_row_alone_is_fitted_on_validation_too(ask, by_row, fitted):
    """Six events each: four to train on, one for validation, one asked for. Histories reach up to the test for all."""
    _, engine = measured(ask, Entry("fake", "fake", by_row=by_row))
    assert engine.notes["fit_rows"] == 30 * fitted
    assert engine.notes["history_rows"] == 30 * 5


def test_the_setting_is_chosen_on_validation(ask):
    _, engine = measured(ask, Entry("fake", "fake", ({"sign": 1}, {"sign": -1})))
    fold = ask.split.folds[0]
    wanted = []
    for sign in (1, -1):
        scores = sign * rule(np.array([r.user for r in fold.validation.requests]), 20)
        for row, request in zip(scores, fold.validation.requests, strict=True):
            row[request.history.items] = -np.inf
        targets = np.concatenate(fold.validation.targets)
        own = scores[np.arange(len(scores)), targets]
        wanted.append(float((scores > own[:, None]).sum()))
    qualities = [tried["quality"] for tried in engine.tuning]
    assert np.argmax(qualities) == np.argmin(wanted)
    assert engine.setting == {"sign": (1, -1)[int(np.argmax(qualities))]}


def test_a_setting_that_dies_is_told_and_the_others_are_tried(ask):
    _, engine = measured(ask, Entry("fake", "fake", ({"dies": True}, {"sign": 1})))
    assert "no such matrix" in engine.tuning[0]["failed"]
    assert engine.setting == {"sign": 1}


def test_a_worker_that_dies_is_reported_by_name_with_what_it_printed(ask):
    with pytest.raises(ComponentError, match=r"(?s)wonderlib.*exit code 7.*no such matrix"):
        measured(ask, Entry("fake", "fake", ({"dies": True},)), "wonderlib")


def test_rows_that_are_cut_short_are_an_error(ask):
    with pytest.raises(ComponentError, match="4 bytes short"):
        measured(ask, Entry("fake", "fake", ({"short": True},)))


def test_a_declined_row_is_answered_as_our_own_engine_answers_strangers(monkeypatch):
    """By what is popular now, not ever: else a table with newcomers sets two different fallbacks against each other."""
    monkeypatch.setenv("LLM4REC_PEERS_PYTHON", sys.executable)
    made = split(changing(), "leave-last-out")
    ask = Ask(TABLE, made, start=lambda job: jobs.Worker(job, FAKE))
    trial, engine = measured(ask, Entry("fake", "fake", ({"declines": True},)))
    ours = Engine(model="itemknn").fit(made.folds[0].train)
    stranger = ours.score([Request(History.of([]))])[0]
    assert not np.array_equal(np.argsort(-stranger), np.argsort(-made.folds[0].train.counts))

    def by_hand(request, items):
        return stranger if request.user == 0 else rule(np.array([request.user]), items)[0]

    direct = run_trial("x", lambda seed: FakeEngine(by_hand), made.folds, Plan(parse_metrics(METRICS)))
    np.testing.assert_array_equal(trial.samples["mrr"].totals, direct.samples["mrr"].totals)
    assert engine.degraded == ["1 questions without a usable history were answered by what is popular"]
    assert trial.degraded == tuple(engine.degraded)


def changing():
    """A newcomer each day; the first hundred take five of the items 0-7, the next sixty five of the items 10-15."""
    rng, day = np.random.default_rng(3), 86_400.0
    rows = [
        (rng.permutation(8)[:5] if user < 100 else 10 + rng.permutation(6)[:5]).tolist()
        for user in range(160)
    ]
    return dataset(rows, 20, times=[1.6e9 + day * user + at for user in range(160) for at in range(5)])


def test_rows_are_held_against_the_lists_of_the_library(ask):
    """Lists of other scores than those that came are noticed: a guard against rows read wrongly."""
    _, same = measured(ask, Entry("fake", "fake", ({"lists": 1},)))
    _, other = measured(ask, Entry("fake", "fake", ({"lists": -1},)))
    assert same.notes["agreement"] == 1.0
    assert other.notes["agreement"] < 0.9


def test_ratings_are_replayed_in_the_order_of_the_pairs(monkeypatch):
    monkeypatch.setenv("LLM4REC_PEERS_PYTHON", sys.executable)
    data = rated()
    made = split(data, "folds:first", {"first": np.arange(len(data.interactions)) % 3 == 0})
    table = Table("tiny", "tiny", "folds:first", ("rmse", "mae"))
    ask = Ask(table, made, start=lambda job: jobs.Worker(job, FAKE))
    engine = ReplayRates("fake", Entry("fake", "fake"), ask)
    trial = run_trial("fake", lambda seed: engine, made.folds, Plan(parse_metrics(("rmse", "mae"))))
    pairs = made.folds[0].pairs
    assert trial.samples["rmse"].mean == pytest.approx(
        float(np.sqrt(np.mean((pairs.items - pairs.values) ** 2)))
    )


def rated():
    plain = dataset(random_rows(people=12, items=8, length=4), 8)
    rows = plain.interactions
    stars = 1.0 + (rows.items % 5)
    made = Interactions.of(
        rows.users, rows.items, kind_names=("rating",), values=stars, timestamps=rows.timestamps
    )
    return type(plain)(made, plain.catalog, plain.users, "rated")


def test_without_an_interpreter_the_message_says_how_to_make_one(monkeypatch, capsys):
    monkeypatch.delenv("LLM4REC_PEERS_PYTHON", raising=False)
    assert peers.main(["ml-100k", "implicit-als"]) == 3
    said = capsys.readouterr().err
    assert "LLM4REC_PEERS_PYTHON is not set" in said
    assert "benchmarks/peers-requirements.txt" in said


def test_a_wrong_name_is_refused_before_anything_runs(capsys):
    assert peers.main(["ml-100k", "implicit-asl"]) == 2
    assert "did you mean 'implicit-als'" in capsys.readouterr().err


def test_a_row_that_fails_leaves_the_others(monkeypatch, ask, tmp_path, capsys):
    """The run goes on, the table says who failed and why, and what was measured before joins it."""
    entries = {"good": Entry("fake", "fake"), "bad": Entry("fake", "fake", ({"dies": True},))}
    entries["other"] = Entry("fake", "fake", ({"sign": -1},))
    data = dataset(random_rows(people=30, items=20, length=6), 20)
    stand_in(monkeypatch, tmp_path, entries, data)
    assert peers.main(["tiny", "good"]) == 0
    assert peers.main(["tiny", "bad", "other", "--reference", "good"]) == 0
    told = capsys.readouterr()
    assert "bad failed" in told.err
    assert "no such matrix" in told.err
    text = (tmp_path / "peers-tiny.md").read_text()
    assert "| bad | failed |" in text
    assert "| good | " in text
    assert "| other | " in text


def test_rows_chosen_from_another_grid_do_not_join(monkeypatch, ask, tmp_path):
    data = dataset(random_rows(people=30, items=20, length=6), 20)
    entries = {"one": Entry("fake", "fake", ({"sign": 1}, {"sign": 2})), "two": Entry("fake", "fake")}
    stand_in(monkeypatch, tmp_path, entries, data)
    assert peers.main(["tiny", "one", "two"]) == 0
    assert "| one | " in (tmp_path / "peers-tiny.md").read_text()
    entries["one"] = Entry("fake", "fake", ({"sign": 1}, {"sign": -1}))
    assert peers.main(["tiny", "two"]) == 0
    assert "| one | " not in (tmp_path / "peers-tiny.md").read_text()


def stand_in(monkeypatch, folder, entries, data):
    """The runner over made-up tables and rows."""
    monkeypatch.setattr(peers, "PEERS", entries)
    monkeypatch.setattr(peers, "TABLES", {"tiny": TABLE})
    monkeypatch.setattr(peers, "OUT", folder)
    monkeypatch.setattr("benchmarks.common.OUT", folder)
    loaded = type("Loaded", (), {"dataset": data, "marks": {}, "splits": {}})()
    monkeypatch.setattr(peers, "loaded", lambda name: loaded)
    monkeypatch.setattr(peers, "Ask", lambda *given: Ask(*given, start=lambda job: jobs.Worker(job, FAKE)))


def test_differences_name_the_better_row(ask):
    trials = {"knows": perfect(ask), "fake": directly(ask)}
    found = against(trials, "fake", "ndcg@10")["knows"]
    assert found["says"] == "better"
    assert found["difference"] == pytest.approx(1.0 - trials["fake"].samples["ndcg@10"].mean)
    mirrored = against(trials, "knows", "ndcg@10")["fake"]
    assert mirrored["says"] == "worse"
    assert mirrored["difference"] == pytest.approx(-found["difference"])


def perfect(ask):
    holdout = ask.split.folds[0].tests[""]
    answers = {r.user: t[0] for r, t in zip(holdout.requests, holdout.targets, strict=True)}
    engine = FakeEngine(lambda request, items: np.eye(items)[answers[request.user]])
    return run_trial("knows", lambda seed: engine, ask.split.folds, Plan(parse_metrics(METRICS)))


def test_the_page_says_plainly_that_another_library_wins(ask):
    trials = {"ours": told(directly(ask), "ours", 4.0), "lib": told(perfect(ask), "peers", 2.0)}
    base = terms(dataset(random_rows(people=30, items=20, length=6), 20), ask.split)
    content = peers.summed_up("ml-100k", trials, base, {}, "ours")
    text = page(content)
    assert "Better: `lib`" in text
    assert "Below `ours` in fit s: `lib`." in text
    assert content["rows"]["lib"]["ratios"]["fit_seconds"] == 0.5


def told(trial, home, seconds):
    said = {"home": home, "setting": {}, "tuning": [], "fit_seconds": seconds, "peak_mb": 10.0}
    return type(trial)(**{**vars(trial), "settings": said})


def test_every_row_of_the_catalogue_has_a_worker_and_a_home():
    for name, entry in PEERS.items():
        source = (jobs.WORKERS / f"{entry.module}.py").read_text(encoding="utf-8")
        assert f'"{entry.kind}":' in source, name
        assert set(entry.tables) <= set(TABLES), name
        assert "llm4rec" not in source.partition('"""')[2].partition('"""')[2], f"{name} may not import us"
    assert all((jobs.ROOT / "benchmarks" / f"{home}-requirements.txt").is_file() for home in jobs.VARIABLES)
