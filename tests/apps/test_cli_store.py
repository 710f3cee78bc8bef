"""`llm4rec store`: a store from the first row to the last backup, by commands."""

import pytest

from llm4rec.core import NotFoundError, SettingsError, StoreError


def test_a_shop_goes_in_is_fitted_from_the_store_and_is_backed_up(cli, told, shop, tmp_path):
    url = tmp_path / "shop.db"
    assert told("store", "init", url, "--json")["clock"] == 0
    counts = told("store", "import", url, shop, "--json")
    assert (counts["interactions"], counts["items"], counts["users"]) == (180, 20, 20)
    assert told("store", "import", url, shop, "--json")["written"] == 0
    assert told("store", "export", url, tmp_path / "out", "--json")["interactions"] == 180
    cli("fit", tmp_path / "out", "-o", tmp_path / "engine", "--model", "popular")
    cli("store", "backup", url, tmp_path / "backup.db")
    (user, *_) = (line.split(",")[0] for line in (shop / "interactions.csv").read_text().splitlines()[1:])
    proof = told("store", "erase", url, "--user", user, "--json")
    assert proof["before"]["interactions"] > 0
    assert not any(proof["after"].values())
    assert (
        "restored; 1 erased again"
        in cli("store", "restore", tmp_path / "again.db", tmp_path / "backup.db", "--erasures", url).stdout
    )
    left = told("store", "export", tmp_path / "again.db", tmp_path / "left", "--json")["interactions"]
    assert left == 180 - proof["before"]["interactions"]
    done = told("store", "retain", url, "--days", "30", "--json")
    assert done == {"impressions dropped": 0, "keys dropped": 0, "edits dropped": 0}


def test_pseudonyms_by_the_name_of_a_variable(told, cli, shop, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_KEY", "a key of enough letters")
    url = tmp_path / "shop.db"
    named = ("--pseudonym-key-env", "SHOP_KEY")
    assert told("store", "init", url, *named, "--json")["ids of people"] == "pseudonyms"
    told("store", "import", url, shop, *named, "--json")
    with pytest.raises(SettingsError, match="pseudonyms"):
        cli("store", "export", url, tmp_path / "out")


def test_a_store_that_is_not_there_is_not_made_by_asking(cli, tmp_path):
    for command in (
        ("export", tmp_path / "out"),
        ("backup", tmp_path / "b"),
        ("retain", "--days", "1"),
        ("erase", "--user", "u"),
    ):
        with pytest.raises(NotFoundError, match="no store at"):
            cli("store", command[0], tmp_path / "absent.db", *command[1:])
    assert not (tmp_path / "absent.db").exists()


def test_nothing_is_overwritten(cli, tmp_path):
    cli("store", "init", tmp_path / "a.db")
    cli("store", "backup", tmp_path / "a.db", tmp_path / "b.db")
    with pytest.raises(StoreError, match="exists already"):
        cli("store", "restore", tmp_path / "a.db", tmp_path / "b.db")
