"""`llm4rec adapt`, and its result as an encoder of `fit` and `evaluate`."""

import json
from pathlib import Path

import pytest

from llm4rec.core import DataError, FolderError, NotFoundError, SettingsError
from llm4rec.engine import Engine
from tinyencoder import GARDENS, ROBOTS, write_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Sixteen titles on two subjects, each reader on one; sixteen reviews, good and bad."""
    folder = tmp_path_factory.mktemp("data") / "books"
    folder.mkdir()
    items = ["item_id,title,categories"]
    for n in range(8):
        items.append(f"r{n},{ROBOTS[n]} {ROBOTS[(n + 1) % 8]},robots")
        items.append(f"g{n},{GARDENS[n]} {GARDENS[(n + 1) % 8]},gardens")
    events = ["user_id,item_id,timestamp,kind,value,text"]
    for user in range(16):
        for step in range(5):
            item, word = f"{'rg'[user % 2]}{(user + step) % 8}", ("good", "bad")[step % 2]
            stars = (5, 1)[step % 2]
            time = 1_700_000_000 + 100 * user + step
            events.append(f"u{user},{item},{time},rating,{stars},it was {word} {ROBOTS[(user + step) % 8]}")
    (folder / "items.csv").write_text("\n".join(items) + "\n")
    (folder / "interactions.csv").write_text("\n".join(events) + "\n")
    return folder


@pytest.fixture
def quick(tiny):
    sets = ("steps=2", "batch_size=4", "precision=fp32", "tracking=none", "validation=0.3", "probe_loss=1000")
    return ["--from", tiny, *(word for one in sets for word in ("--set", one))]


def test_the_result_is_an_encoder_of_fit_and_evaluate(cli, told, books, quick, tmp_path):
    done = cli("adapt", books, "-o", "enc", "--task", "co-consumption,sentiment", "--method", "full", *quick)
    assert "macro-F1" in done.stdout
    assert "similarity probe" in done.stdout
    cli("fit", books, "-o", "engine", "--model", "content", "--encoder", "enc", "--set", "fit.tune=false")
    settings = Engine.load(tmp_path / "engine").settings
    assert (settings.encoder.name, settings.encoder.options) == ("sentence", {"source": "enc"})
    figures = told(
        "evaluate", books, "--models", "content", "--encoder", "enc", "--set", "fit.tune=false", "--json", "-"
    )
    assert "content" in figures["models"]


def test_the_report_as_json_and_all_the_options(told, books, quick):
    given = ["--task", "sentiment", "--task", "category", "--method", "head", "--twins", "--seed", "3"]
    report = told("adapt", books, "-o", "enc", *given, *quick, "--set", "weights.sentiment=2", "--json")
    assert report["method"] == "head"
    assert (report["config"]["seed"], report["config"]["weights"]) == (3, {"sentiment": 2.0})
    assert set(report["tasks"]) == {"sentiment", "category"}
    assert all("against_twin" in task for task in report["tasks"].values())
    assert json.loads(Path("enc/adapting/report.json").read_text()) == report


def test_earlier_data_are_replayed(told, books, quick):
    bound = ["--replay", books, "--most-forgetting", "0.5"]
    report = told("adapt", books, "-o", "enc", "--task", "sentiment", *bound, *quick, "--json")
    assert report["config"]["most_forgetting"] == 0.5
    assert set(report["old"]["sentiment"]) == {"before", "after", "forgotten"}


def test_only_what_a_protocol_lets_be_fitted_on_is_seen(told, books, quick):
    def learnt(*protocol):
        report = told("adapt", books, "-o", "enc", "--task", "category", *protocol, *quick, "--json")
        return sum(report["tasks"]["category"][part] for part in ("learnt_from", "held_out"))

    assert learnt() == 16
    assert learnt("--protocol", "cold-items:random,0.25") == 12
    with pytest.raises(SettingsError, match="has 3 folds"):
        learnt("--protocol", "k-fold:3")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["--task", "clicks"], SettingsError, "tasks"),
        (["--method", "lorra"], SettingsError, "method 'lorra' is not one of"),
        (["--set", "learning_rat=1"], SettingsError, "did you mean 'learning_rate'"),
        (["--task", "sentiment", "--set", "label_column=moood"], DataError, "no column 'moood'"),
        (["--replay", "nowhere"], NotFoundError, "nowhere"),
        (["-o", "."], FolderError, "left alone"),
    ],
)
def test_bad_input_is_named(cli, books, quick, tmp_path, arguments, error, words):
    (tmp_path / "something").write_text("mine")
    with pytest.raises(error, match=words):
        cli("adapt", books, "-o", "enc", *quick, *arguments)


TINY = ("steps=2", "embedding_size=16", "heads=2", "layers=1", "vocabulary=300", "history=3")


def test_a_causal_model_is_taught_and_recommends(cli, told, books, tmp_path, monkeypatch):
    sets = [word for one in TINY for word in ("--set", one)]
    done = cli("adapt", books, "-o", "lm", "--task", "recommend", "--protocol", "leave-last-out", *sets)
    assert "nats before" in done.stdout
    assert len(json.loads((tmp_path / "lm" / "teaching" / "names.json").read_text())) == 16
    monkeypatch.setenv("LLM4REC_GENERATOR__NAME", "local")
    monkeypatch.setenv("LLM4REC_GENERATOR__OPTIONS__FOLDER", str(tmp_path / "lm"))
    cli("fit", books, "-o", "engine", "--model", "prompted")
    answer = told("recommend", "engine", "--history", "r0,r1", "-n", "3", "--json")
    assert len(answer["items"]) == 3
    monkeypatch.delenv("LLM4REC_GENERATOR__NAME")
    with pytest.raises(SettingsError, match=r"generator\.name"):
        cli("recommend", "engine", "--history", "r0,r1")


@pytest.mark.parametrize(
    "wrong", [("--twins",), ("--task", "click"), ("--most-forgetting", "0.1"), ("--replay", ".")]
)
def test_what_is_for_encoders_alone_does_not_go_with_recommend(cli, books, wrong):
    with pytest.raises(SettingsError, match="causal model"):
        cli("adapt", books, "-o", "lm", "--task", "recommend", *wrong)
