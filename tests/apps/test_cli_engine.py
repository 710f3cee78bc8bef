"""`llm4rec fit` and `llm4rec recommend`: from a folder of data to an engine to answers."""

import json

import pytest

from llm4rec.core import FolderError, NotFoundError, SettingsError
from llm4rec.engine import Engine


@pytest.fixture
def engine(cli, shop, tmp_path):
    cli("fit", shop, "-o", tmp_path / "engine", "--model", "ease", "--set", "reg=1", "--set", "tune=false")
    return tmp_path / "engine"


def test_fitting_says_what_was_learnt(cli, shop, tmp_path):
    done = cli("fit", shop, "-o", tmp_path / "engine", "--model", "popular")
    assert "popular learnt from 180 interactions of 20 users with 20 items" in done.stdout
    assert (tmp_path / "engine" / "manifest.json").is_file()


def test_fitting_gives_its_facts_as_json(told, shop, tmp_path):
    facts = told("fit", shop, "-o", tmp_path / "e", "--model", "ease", "--set", "reg=3", "--json")
    assert (facts["model"], facts["users"], facts["items"], facts["interactions"]) == ("ease", 20, 20, 180)
    assert facts["config"]["reg"] == 3.0
    loaded = Engine.load(tmp_path / "e")
    assert facts["version"] == loaded.fitted.version
    assert facts["config"] == json.loads(loaded.model.config.model_dump_json())


def test_settings_of_the_program_and_of_the_model_may_stand_side_by_side(told, shop, tmp_path):
    arguments = ["--model", "ease", "--set", "fit.tune=false", "--set", "decay=none", "--json"]
    assert told("fit", shop, "-o", tmp_path / "e", *arguments)["config"]["decay"] is None
    assert Engine.load(tmp_path / "e").settings.fit.tune is False


def test_cleaning_is_done_and_told(cli, shop, tmp_path):
    done = cli("fit", shop, "-o", tmp_path / "e", "--model", "popular", "--clean", "k_core=9", "--json")
    assert "cleaning:" in done.stderr
    assert json.loads(done.stdout)["interactions"] == 180


def test_a_user_gets_what_they_lack(told, engine):
    answer = told("recommend", engine, "--user", "user-4", "-n", 1, "--json")
    assert answer["items"] == ["item-4"]
    assert answer["titles"] == ["even number"]
    assert answer["degraded"] == []
    assert {reason["kind"] for reason in answer["reasons"][0]} == {"history"}


def test_a_bare_history_with_limits(told, engine):
    history = ["--history", "item-0, item-2,item-6"]
    allowed = told("recommend", engine, *history, "--allowed", "item-4,item-9", "--json")
    assert allowed["items"] == ["item-4", "item-9"]
    assert allowed["degraded"] == ["only 2 of 10 items may be shown"]
    excluded = told("recommend", engine, *history, "--excluded", "item-4", "-n", 17, "--json")
    assert "item-4" not in excluded["items"]
    seen = told("recommend", engine, *history, "--seen", "-n", 20, "--json")
    assert len(seen["items"]) == 20


def test_people_read_a_table_and_notes(cli, engine):
    done = cli("recommend", engine, "--user", "user-4", "-n", 2)
    assert "item-4" in done.stdout
    assert "because of" in done.stdout
    stranger = cli("recommend", engine, "--user", "nobody", "-n", 2)
    assert "note:" in stranger.stderr
    assert "'nobody'" in stranger.stderr


@pytest.mark.parametrize("asked", [[], ["--user", "user-4", "--history", "item-1"]])
def test_either_a_user_or_a_history_is_asked_for(cli, engine, asked):
    with pytest.raises(SettingsError, match="either --user ID or --history"):
        cli("recommend", engine, *asked)


def test_a_wrong_n_is_refused(cli, engine):
    assert "-n" in cli("recommend", engine, "--user", "user-4", "-n", 0, code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--model", "eese"], NotFoundError, "did you mean 'ease'"),
        (["--model", "ease", "--set", "regg=1"], SettingsError, "did you mean 'reg'"),
        (["--set", "fit.sede=1"], SettingsError, "did you mean 'seed'"),
        (["--set", "reg"], SettingsError, "is not KEY=VALUE"),
        (["--clean", "kcore=5"], SettingsError, "did you mean 'k_core'"),
    ],
)
def test_wrong_names_and_options_are_named_and_nothing_is_written(
    cli, shop, tmp_path, arguments, error, message
):
    with pytest.raises(error, match=message):
        cli("fit", shop, "-o", tmp_path / "engine", *arguments)
    assert not (tmp_path / "engine").exists()


def test_a_folder_that_is_not_ours_is_not_overwritten(cli, shop, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_text("me")
    with pytest.raises(FolderError, match="photos exists and is not an engine folder"):
        cli("fit", shop, "-o", tmp_path / "photos", "--model", "popular")
    assert (tmp_path / "photos" / "me.jpg").read_text() == "me"


def test_the_settings_file_of_the_working_folder_is_used(told, shop, tmp_path):
    (tmp_path / "llm4rec.toml").write_text('[fit]\nmodel = "itemknn"\n[models.itemknn]\nshrink = 3.0\n')
    facts = told("fit", shop, "-o", tmp_path / "e", "--json")
    assert (facts["model"], facts["config"]["shrink"]) == ("itemknn", 3.0)


def test_a_context_is_passed_on(told, cli, engine):
    asked = ["recommend", engine, "--user", "user-4", "-n", 1]
    answer = told(*asked, "--context", "device=phone", "--context", "mood = good", "--json")
    assert answer["degraded"] == [
        "context 'device' is not used: the model looks at no context",
        "context 'mood' is not used: the model looks at no context",
    ]
    for wrong in ("phone", "=phone"):
        with pytest.raises(SettingsError, match="NAME=VALUE"):
            cli(*asked, "--context", wrong)
