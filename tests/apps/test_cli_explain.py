"""`llm4rec explain` says why, in words and as JSON."""

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
    return CliRunner().invoke(app, ["explain", *arguments])


def test_words(engine):
    result = run(engine, "--history", "dracula,frankenstein", "-n", "3")
    assert result.exit_code == 0, result.output
    assert "Because you looked at" in result.stdout


def test_json_of_one_item_in_chinese(engine):
    result = run(engine, "--history", "dracula", "--item", "frankenstein", "--language", "zh", "--json")
    (why,) = json.loads(result.stdout)
    assert (why["item"], why["language"]) == ("frankenstein", "zh")
    cited = [e["items"] for e in why["evidence"] if e["kind"] == "history"]
    assert cited == [["dracula"]]
    assert "您看过《Dracula》" in why["text"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either --user ID or --history"),
        (["--user", "reader-0001", "--rephrase"], "needs a generator"),
        (["--user", "reader-0001", "--language", "xx"], "no language"),
        (["--history", "dracula", "--item", "draculla"], "did you mean 'dracula'"),
    ],
)
def test_what_cannot_be_done_is_said(engine, arguments, message):
    result = run(engine, *arguments)
    assert result.exit_code != 0
    assert message in str(result.exception)
