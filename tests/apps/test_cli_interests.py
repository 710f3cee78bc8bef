"""`llm4rec interests` shows a profile, takes edits, and shows what they change."""

import json

import pytest
from typer.testing import CliRunner

from llm4rec.apps.cli.main import app
from llm4rec.data.shop import sample_shop
from llm4rec.engine import Engine, Settings


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engines") / "shop"
    Engine(Settings(encoder={"name": "none"}), model="ease").fit(sample_shop(readers=150)).save(folder)
    return str(folder)


def run(*arguments):
    return CliRunner().invoke(app, ["interests", *arguments])


def test_words_and_table(engine):
    result = run(engine, "--history", "dracula,frankenstein")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Likes ")
    assert "Dracula" in result.stdout


def test_edits_are_applied_and_their_effect_is_shown(engine, tmp_path):
    file = tmp_path / "edits.json"
    file.write_text('{"keywords": {"sea": 1.0}}')
    plain = json.loads(run(engine, "--user", "reader-0001", "--json").stdout)
    edited = json.loads(run(engine, "--user", "reader-0001", "--edit", str(file), "-n", "5", "--json").stdout)
    assert "recommendations" not in plain
    assert (edited["keywords"][0]["name"], edited["keywords"][0]["edited"]) == ("sea", True)
    assert len(edited["recommendations"]["items"]) == 5
    assert "with these edits" in run(engine, "--user", "reader-0001", "--edit", str(file)).stdout


def test_one_of_user_and_history_is_needed(engine):
    assert "either --user ID or --history" in str(run(engine).exception)
