"""`llm4rec tune`: from a folder of data to a settings file, through kills."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llm4rec.core import NotFoundError, SettingsError
from llm4rec.evaluation.tuning import search
from llm4rec.evaluation.tuning.crew import Alone

SPACE = [
    "--model",
    "ease",
    "--set",
    "tune=false",
    "--space",
    "reg=1:1000:log",
    "--space",
    "decay=none|2|5|20",
]


@pytest.fixture
def few(tmp_path):
    """People who took some of twenty items in some order."""
    folder = tmp_path / "few"
    folder.mkdir()
    rows = [f"u{u},i{(u * 7 + t * (u % 3 + 1)) % 20},{1.6e9 + t:.0f}" for u in range(30) for t in range(7)]
    (folder / "interactions.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    return folder


def trials(folder):
    return [
        (t["number"], t["values"], t["metric"])
        for t in json.loads((folder / "tune.json").read_text())["trials"]
    ]


def killed(arguments, journal, lines):
    """Begin a slow search in a process of its own, and kill it once so many trials are finished."""
    script = Path(__file__).with_name("slow_tune.py")
    with subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)], stderr=subprocess.PIPE
    ) as begun:
        until = time.monotonic() + 60
        while not (journal.is_file() and len(journal.read_bytes().splitlines()) > lines):
            assert begun.poll() is None, begun.stderr.read().decode()
            assert time.monotonic() < until, "no trial was finished in a minute"
            time.sleep(0.02)
        os.kill(begun.pid, signal.SIGKILL)
    assert begun.returncode == -signal.SIGKILL
    return len(journal.read_bytes().splitlines()) - 1


# As many trials as it takes until what was found so far has a say in what is tried.
@pytest.mark.parametrize(("jobs", "enough"), [(1, 12), (2, 15)])
def test_a_killed_search_ends_like_one_that_was_not(cli, few, tmp_path, jobs, enough, monkeypatch):
    command = ["tune", few, *SPACE, "--trials", enough, "--jobs", jobs]
    finished = killed([*command, "-o", tmp_path / "killed"], tmp_path / "killed" / "trials.jsonl", 2)
    assert 2 <= finished < enough
    # How many processes do the work decides what is tried when; who does it does not.
    monkeypatch.setattr(search, "crew_of", lambda task, jobs: Alone(task))
    before = (tmp_path / "killed" / "trials.jsonl").read_text()
    cli(*command, "-o", tmp_path / "killed")
    cli(*command, "-o", tmp_path / "whole")
    assert (tmp_path / "killed" / "trials.jsonl").read_text().startswith(before)
    assert trials(tmp_path / "killed") == trials(tmp_path / "whole")
    written = [(tmp_path / name / "settings.toml").read_text() for name in ("killed", "whole")]
    assert written[0] == written[1]


def test_the_settings_file_is_accepted_by_fit_and_evaluate(cli, told, few, tmp_path):
    found = told("tune", few, *SPACE, "--trials", 6, "-o", tmp_path / "out", "--json")
    file = tmp_path / "out" / "settings.toml"
    facts = told("fit", few, "-o", tmp_path / "engine", "--settings", file, "--json")
    assert facts["model"] == "ease"
    best = found["best"]["values"]
    assert (facts["config"]["reg"], facts["config"]["decay"]) == (best["reg"], best["decay"])
    figures = told(
        "evaluate", few, "--models", "ease", "--settings", file, "--json", "-", "--metrics", "hr@5"
    )
    assert figures["models"]["ease"]["settings"]["reg"] == best["reg"]
    with pytest.raises(NotFoundError, match="no settings file"):
        cli("fit", few, "-o", tmp_path / "e", "--settings", tmp_path / "none.toml")


def test_people_see_how_far_it_is_and_what_was_found(cli, few, tmp_path):
    done = cli("tune", few, *SPACE, "--trials", 6, "-o", tmp_path / "out")
    assert "trial 1 of 6, 0.0 min: ndcg@10" in done.stderr
    assert "ended after 6 trials" in done.stdout
    assert "--settings" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "settings.toml",
        "tune.json",
        "trials.jsonl",
    }


def test_the_usual_space_of_the_model_is_searched_by_default(told, few, tmp_path):
    found = told("tune", few, "--model", "itemknn", "--trials", 2, "--metric", "hr@5", "--json")
    assert set(found["space"]) == {"neighbours", "shrink", "decay"}
    assert (found["metric"], found["ended"]) == ("hr@5", "2 trials")
    assert found["best"]["metric"] >= found["trials"][0]["metric"]


def test_auto_is_answered_by_the_default_model(cli, few, tmp_path):
    done = cli("tune", few, "--space", "prior=0:2", "--trials", 1, "--set", "tune=false")
    assert "'sequence' is taken" in done.stderr


def test_the_budget_ends_a_search(told, few):
    found = told("tune", few, *SPACE, "--budget", 1e-9, "--json")
    assert len(found["trials"]) == 1
    assert found["ended"] == "1e-09 minutes"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--model", "ease", "--space", "regg=1:2"], SettingsError, "did you mean 'reg'"),
        (["--model", "ensemble"], SettingsError, "no usual search space"),
        (["--model", "eese"], NotFoundError, "did you mean 'ease'"),
        (["--model", "ease", "--metric", "ndgc@10"], SettingsError, "did you mean 'ndcg'"),
        (["--model", "ease", "--metric", "rmse"], SettingsError, "predicts no values"),
        (["--model", "ease", "--budget", "0"], SettingsError, "more than 0 minutes"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(cli, few, tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        cli("tune", few, "-o", tmp_path / "out", *arguments)
    assert not (tmp_path / "out").exists()
