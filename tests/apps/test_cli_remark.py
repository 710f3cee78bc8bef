"""`llm4rec remark`: what was understood, the list before and after, and a file that keeps the remarks."""

import json

import pytest

from llm4rec.core import DataError, SettingsError


@pytest.fixture
def engine(cli, shop, tmp_path):
    cli("fit", shop, "-o", tmp_path / "engine", "--model", "ease", "--set", "reg=1", "--set", "tune=false")
    return tmp_path / "engine"


def test_the_list_changes_and_what_was_understood_is_told(cli, told, engine):
    before = told("recommend", engine, "--user", "user-5", "-n", 2, "--json")["items"]
    done = cli("remark", engine, "already have it", "--user", "user-5", "-n", 2)
    assert "1. already known:" in done.stderr
    content = told("remark", engine, "already have it", "--user", "user-5", "-n", 2, "--json")
    assert content["before"]["items"] == before
    assert before[0] not in content["after"]["items"]


def test_a_file_keeps_remarks_and_steps_are_taken_back(told, engine, tmp_path):
    file = tmp_path / "remarks.json"
    asked = ("--user", "user-5", "-n", 2, "--file", file, "--json")
    first = told("remark", engine, "already have it", *asked)
    second = told("remark", engine, "none of these", *asked)
    assert second["before"]["items"] == first["after"]["items"]
    assert [step["id"] for step in json.loads(file.read_text())["steps"]] == [1, 2]
    back = told("remark", engine, "--undo", 1, "--undo", 2, *asked)
    assert back["after"]["items"] == first["before"]["items"]


def test_what_is_wrong_is_named(cli, engine, tmp_path):
    with pytest.raises(SettingsError, match="either --user ID or --history"):
        cli("remark", engine, "too long")
    with pytest.raises(SettingsError, match="no step 7"):
        cli("remark", engine, "none of these", "--user", "user-5", "--undo", 7)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DataError, match=r"bad\.json"):
        cli("remark", engine, "x", "--user", "user-5", "--file", tmp_path / "bad.json")


@pytest.mark.parametrize("text", ["", "\u202e\u200b", "z" * 100_000, "太贵了"])
def test_bad_input_ends_well(cli, engine, text):
    done = cli("remark", engine, text, "--user", "user-5", "-n", 2)
    assert "number" in done.stdout
    assert "note: " in done.stderr or "说明：" in done.stderr
