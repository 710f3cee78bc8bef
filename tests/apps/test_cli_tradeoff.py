"""`llm4rec tradeoff`: from a folder of data to curves and a settings file that `fit` takes."""

import json

import pytest

from llm4rec.core import NotFoundError, SettingsError

FEW = ["--model", "ease", "--set", "tune=false", "--against", "popular"]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """People who took some of twenty items, each of one of four colours, in some order."""
    folder = tmp_path_factory.mktemp("few")
    rows = [f"u{u},i{(u * 7 + t * (u % 3 + 1)) % 20},{1.6e9 + t:.0f}" for u in range(30) for t in range(7)]
    (folder / "interactions.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    items = [f"i{i},{('red', 'blue', 'green', 'grey')[i % 4]},maker {i % 3}" for i in range(20)]
    (folder / "items.csv").write_text("\n".join(["item_id,colour,seller", *items]) + "\n")
    return folder


def test_the_settings_file_is_accepted_by_fit(cli, told, few, tmp_path):
    found = told("tradeoff", few, *FEW, "--rerankers", "mmr,novel", "-o", tmp_path / "out", "--json")
    facts = told(
        "fit", few, "-o", tmp_path / "engine", "--settings", tmp_path / "out" / "settings.toml", "--json"
    )
    assert facts["model"] == "ease"
    assert found["base"] == "ease"
    kept = (tmp_path / "engine" / "settings.toml").read_text()
    chosen = found["rows"][found["recommended"]["name"]]["rerankers"]
    assert ("[rerank]" in kept) == bool(chosen)
    assert all(name.partition("(")[0] in kept for name in chosen.split("+"))


def test_without_a_word_what_suits_the_data_is_tried(told, few, tmp_path):
    found = told("tradeoff", few, *FEW, "-o", tmp_path / "out", "--json", "--budget", "0.2")
    curves = {row["curve"] for row in found["rows"].values()}
    assert {"mmr", "dpp", "calibrated", "novel+mmr", "fair(field='seller')", "other models"} <= curves
    assert found["protocol"]["provider"] == "seller"
    assert set(found["axes"]) == {
        "ild@10",
        "breadth@10",
        "novelty@10",
        "coverage@10",
        "calibration@10",
        "provider gap@10",
    } & set(found["rows"]["ease"]["validation"])
    assert set(found["volumes"]) == curves - {"own order", "other models"}
    for row in found["rows"].values():
        for figure in row["validation"].values():
            assert figure["low"] <= figure["mean"] <= figure["high"]


def test_people_see_what_it_costs_and_where_it_is(cli, few, tmp_path):
    done = cli("tradeoff", few, *FEW, "--rerankers", "novel", "-o", tmp_path / "out")
    assert "test, asked once" in done.stdout
    assert "recommended: ease" in done.stdout
    assert "--settings" in done.stdout
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {
        "settings.toml",
        "tradeoff.json",
        "report.html",
        "points",
        "tradeoff-novelty.svg",
    }
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out" / "points").iterdir()}
    cli("tradeoff", few, *FEW, "--rerankers", "novel", "-o", tmp_path / "out")
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out" / "points").iterdir()} == before


def test_data_without_categories_trade_what_there_is(told, shop, tmp_path):
    found = told("tradeoff", shop, *FEW, "-o", tmp_path / "out", "--json", "--against", "none")
    assert "breadth@10" not in found["axes"]
    assert found["protocol"]["provider"] == ""
    assert {row["curve"] for row in found["rows"].values()} == {"own order", "novel"}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--rerankers", "mrm"], NotFoundError, "did you mean 'mmr'"),
        (["--rerankers", "rules"], SettingsError, "no strength"),
        (["--model", "eese"], NotFoundError, "did you mean 'ease'"),
        (["--against", "poplar"], NotFoundError, "did you mean 'popular'"),
        (["--provider", "sellr"], SettingsError, "did you mean 'seller'"),
        (["--loss", "3"], SettingsError, "share from 0 to 1"),
        (["--budget", "0"], SettingsError, "more than 0 minutes"),
        (["--protocol", "cold-items"], SettingsError, "leave-last-out"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(cli, few, tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        cli("tradeoff", few, *FEW, "-o", tmp_path / "out", *arguments)
    assert not (tmp_path / "out").exists()
