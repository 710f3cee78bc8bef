"""`llm4rec demo`: the whole road, on fewer readers than a person sees and without reading descriptions."""

import json

import pytest

from llm4rec.data import sample_shop
from llm4rec.engine import Engine


@pytest.fixture
def few_readers(monkeypatch):
    monkeypatch.setattr("llm4rec.data.sample_shop", lambda: sample_shop(readers=80))


def test_the_demo_leaves_a_report_a_shop_and_an_engine_that_answers(cli, told, few_readers, tmp_path):
    done = cli("demo", "-o", tmp_path / "demo")
    for step in (
        "80 synthetic readers",
        "1. Which model",
        "2. Reader",
        "3. Somebody",
        "4. A new book",
        "Best on",
    ):
        assert step in done.stdout
    for place in ("report/report.html", "report/report.md", "engine/manifest.json", "shop/dataset.toml"):
        assert (tmp_path / "demo" / place).is_file()
    figures = json.loads((tmp_path / "demo" / "report" / "figures.json").read_text())
    assert figures["protocol"]["synthetic"] is True
    assert set(figures["models"]) == {"sequence", "transition", "ease", "itemknn", "popular"}
    assert len(Engine.load(tmp_path / "demo" / "engine").recommend(history=["dracula"], n=5)) == 5
    facts = told("data", "show", tmp_path / "demo" / "shop", "--json")
    assert (facts["items"], facts["synthetic"]) == (340, True)


def test_the_demo_can_be_run_again_over_itself(cli, few_readers, tmp_path, monkeypatch):
    monkeypatch.setattr("llm4rec.apps.cli.evaluate.TRADITIONAL", "popular")
    for _ in range(2):
        assert "Best on the shop: popular" in cli("demo", "-o", tmp_path / "demo").stdout
