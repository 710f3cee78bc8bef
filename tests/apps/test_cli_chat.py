"""`llm4rec chat`: lines in, answers out; nothing is kept unless asked for."""

import json

import pytest
from typer.testing import CliRunner

from llm4rec.apps.cli.main import app
from llm4rec.core import DataError


@pytest.fixture
def engine(cli, shop, tmp_path):
    cli("fit", shop, "-o", tmp_path / "engine", "--model", "ease", "--set", "reg=1", "--set", "tune=false")
    return tmp_path / "engine"


def spoken(engine, lines, *options):
    arguments = ["chat", str(engine), *map(str, options)]
    done = CliRunner().invoke(app, arguments, input=lines, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def test_lines_are_answered_in_turn_and_nothing_is_kept(engine, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    done = spoken(engine, "hello\nodd number\n\nthanks\n/quit\nnever read\n", "--user", "user-5", "-n", "1")
    assert "item-5" not in done.stdout
    assert "odd number" in done.stdout
    assert "You are welcome" in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


def test_commands_show_and_change_what_is_remembered(engine):
    lines = "an odd number\n/memory\n/forget 1\n/undo\n/forget 9\n/dance\n"
    done = spoken(engine, lines, "--user", "user-4")
    told = done.stdout.splitlines()
    assert "1. wished for: an odd number" in told
    assert "nothing is remembered" in told
    assert told[-1] == "1. wished for: an odd number"
    assert "nothing is remembered under 9" in done.stderr
    assert "there is no '/dance'" in done.stderr


def test_a_file_keeps_the_conversation(engine, tmp_path):
    file = tmp_path / "talk.json"
    spoken(engine, "an odd number\n", "--file", file)
    assert "wished for: an odd number" in spoken(engine, "/memory\n", "--file", file).stdout
    file.write_text("[]")
    with pytest.raises(DataError, match="not an object"):
        spoken(engine, "hello\n", "--file", file)


def test_replies_as_json_lines(engine):
    done = spoken(engine, "an odd number\nnone of these\n", "--json", "--user", "user-4", "-n", "2")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["act"] == second["act"] == "recommend"
    assert not set(first["answer"]["items"]) & set(second["answer"]["items"])
    assert second["dialogue"]["state"]["passed"] == first["answer"]["items"]


@pytest.mark.parametrize("line", ["\u202e\u200b", "z" * 100_000, "不要 odd", "\x07"])
def test_bad_lines_end_well(engine, line):
    assert spoken(engine, f"{line}\n").stdout.strip()
