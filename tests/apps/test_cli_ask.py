"""`llm4rec ask`: a sentence in, items and an account of it out."""

import pytest

from llm4rec.core import SettingsError


@pytest.fixture
def engine(cli, shop, tmp_path):
    cli("fit", shop, "-o", tmp_path / "engine", "--model", "ease", "--set", "reg=1", "--set", "tune=false")
    return tmp_path / "engine"


def test_items_are_found_and_the_reading_is_told(cli, engine):
    done = cli("ask", engine, "an odd number", "-n", 3)
    assert "1. wished for: an odd number" in done.stderr
    assert "odd number" in done.stdout
    assert "even number" not in done.stdout


def test_the_answer_as_json(told, engine):
    content = told("ask", engine, "odd number", "--user", "user-5", "-n", 1, "--json")
    assert content["answer"]["items"] == ["item-5"]
    assert content["reading"]["pieces"][0]["text"] == "odd number"


def test_taste_is_a_flag(told, engine):
    """User 4 lacks item 4 alone of the even ones: with taste it comes first among equals."""
    content = told("ask", engine, "number", "--user", "user-4", "--taste", "5", "-n", 1, "--json")
    assert content["answer"]["items"] == ["item-4"]


def test_what_was_understood_can_be_taken_away(told, cli, engine):
    content = told("ask", engine, "odd, whole", "--without", "1", "--json")
    assert [piece["text"] for piece in content["reading"]["pieces"]] == ["whole"]
    with pytest.raises(SettingsError, match="numbers from 1 to 2"):
        cli("ask", engine, "odd, whole", "--without", "3")


@pytest.mark.parametrize("text", ["", "\u202e\u200b", "z" * 100_000, "不要 odd", "under 5 euros"])
def test_bad_input_ends_well(cli, engine, text):
    done = cli("ask", engine, text, "-n", 2)
    assert "number" in done.stdout
    assert "note: " in done.stderr or "说明：" in done.stderr


def test_a_language_model_is_that_of_the_settings_here(told, engine, monkeypatch):
    monkeypatch.setenv("LLM4REC_GENERATOR__NAME", "double")
    content = told("ask", engine, "odd number", "-n", 1, "--json")
    assert content["answer"]["titles"] == ["odd number"]
