"""`llm4rec describe` says what is known of items, and describes a whole catalog into a file."""

import json

import numpy as np
import pytest

from llm4rec.core import Dataset, Llm4recError
from llm4rec.data.shop import sample_shop
from llm4rec.engine import Engine, Settings

SIZE = 70


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engines") / "shop"
    shop = sample_shop(readers=60)
    rows = shop.interactions.items < SIZE
    small = Dataset(shop.interactions.take(rows), shop.catalog.take(np.arange(SIZE)), shop.users)
    Engine(Settings(encoder={"name": "none"}), model="popular").fit(small).save(folder)
    return str(folder)


def test_words_on_standard_output_and_figures_beside_them(engine, cli):
    result = cli("describe", engine, "--item", "a-christmas-carol", "--style", "short")
    assert "Charles Dickens" in result.stdout
    assert "Flesch reading ease" in result.stderr
    assert "Flesch" not in result.stdout


def test_json_in_chinese(engine, told):
    (one,) = told(
        "describe", engine, "--item", "a-christmas-carol", "--language", "zh", "--style", "facts", "--json"
    )
    assert (one["item"], one["language"]) == ("a-christmas-carol", "zh")
    assert "《A Christmas Carol》" in one["text"]
    assert {e["value"] for c in one["claims"] for e in c["evidence"]} >= {"Charles Dickens", "1843"}


def test_a_catalog_into_a_file_and_into_items(engine, told, tmp_path):
    arguments = (
        "describe",
        engine,
        "--all",
        "-o",
        tmp_path / "d.jsonl",
        "--as-items",
        tmp_path / "items.parquet",
    )
    facts = told(*arguments, "--json")
    lines = [json.loads(line) for line in (tmp_path / "d.jsonl").read_text(encoding="utf-8").splitlines()]
    assert facts["items"] == len(lines) == SIZE
    assert facts["highest_overlap"] == max(line["overlap"] for line in lines)
    assert (tmp_path / "items.parquet").is_file()
    assert told(*arguments, "--json") == facts, "a job that is done does nothing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either --item ID or --all"),
        (["--all"], "belong together"),
        (["--item", "a-christmas-carol", "--all", "-o", "x.jsonl"], "either --item ID or --all"),
        (["--item", "a-christmas-carol", "--as-items", "x.csv"], "belong together"),
        (["--item", "a-chrismas-carol"], "did you mean 'a-christmas-carol'"),
        (["--item", "a-christmas-carol", "--style", "plane"], "did you mean 'plain'"),
        (["--item", "a-christmas-carol", "--language", "xx"], "no language"),
        (["--item", "a-christmas-carol", "--rephrase"], "needs a generator"),
    ],
)
def test_what_cannot_be_done_is_said(engine, cli, arguments, message):
    with pytest.raises(Llm4recError, match=message):
        cli("describe", engine, *arguments)
