"""`llm4rec data`: what a person learns of their data before anything is learnt from it."""

import pytest

from llm4rec.core import DataError, NotFoundError


def test_good_data_pass_the_check(cli, told, shop):
    assert "20" in cli("data", "check", shop).stdout
    report = told("data", "check", shop, "--json")
    assert report["ok"] is True
    assert report["problems"] == []


def test_bad_data_are_named_by_file_row_and_column_with_exit_code_two(cli, told, bad_shop):
    text = cli("data", "check", bad_shop, code=2).stdout
    assert "interactions.csv, row 2, column 'item_id'" in text
    report = told("data", "check", bad_shop, "--json", code=2)
    assert report["ok"] is False
    (problem,) = report["problems"]
    assert (problem["file"], problem["row"], problem["column"]) == ("interactions.csv", 2, "item_id")
    assert problem["remedy"]


def test_showing_counts_columns_and_first_items(cli, told, shop):
    facts = told("data", "show", shop, "--json")
    assert (facts["users"], facts["items"], facts["interactions"]) == (20, 20, 180)
    assert facts["columns"]["title"] == {"type": "text", "missing": 0}
    assert facts["first_items"][0] == ["item-0", "even number"]
    text = cli("data", "show", shop).stdout
    for fact in ("180", "title", "item-4", "odd number"):
        assert fact in text


def test_bad_data_are_not_shown(cli, bad_shop):
    with pytest.raises(DataError, match="row 2"):
        cli("data", "show", bad_shop)


def test_a_folder_that_is_not_there_is_named(cli, tmp_path):
    with pytest.raises(NotFoundError, match="absent"):
        cli("data", "show", tmp_path / "absent")
