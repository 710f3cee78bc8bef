"""`llm4rec compress`, and its result as an encoder of `fit`."""

import json
from pathlib import Path

import pytest

from llm4rec.core import NotFoundError, SettingsError
from llm4rec.engine import Engine
from tinyencoder import GARDENS, ROBOTS, write_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Sixteen titles on two subjects, each reader on one."""
    folder = tmp_path_factory.mktemp("data") / "books"
    folder.mkdir()
    items = ["item_id,title"]
    items += [f"{w[0][0]}{n},{w[n]} {w[(n + 1) % 8]}" for w in (ROBOTS, GARDENS) for n in range(8)]
    events = ["user_id,item_id,timestamp"]
    events += [f"u{u},{'rg'[u % 2]}{(u + step) % 8},{100 * u + step}" for u in range(16) for step in range(5)]
    (folder / "items.csv").write_text("\n".join(items) + "\n")
    (folder / "interactions.csv").write_text("\n".join(events) + "\n")
    return folder


QUICK = ["--set", "turns=1", "--set", "timed=4"]


def test_the_result_is_an_encoder_of_fit(cli, told, tiny, books, tmp_path):
    done = cli(
        "compress", tiny, "-o", "small", "--texts", books, "--precision", "bf16", "--width", "8", *QUICK
    )
    assert "bf16: it was asked for" in done.stdout
    assert "share kept" in done.stdout
    cli("fit", books, "-o", "engine", "--model", "content", "--encoder", "small", "--set", "fit.tune=false")
    assert Engine.load(tmp_path / "engine").settings.encoder.options == {"source": "small"}
    asked = ["--precision", "bf16", *QUICK, "--json"]
    report = told("compress", tiny, "-o", "again", *asked)
    assert report["measured_on"].startswith("sentences of general language")
    assert json.loads(Path("again/compression.json").read_text()) == report


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["--precision", "int4"], SettingsError, "precision"),
        (["--set", "most_drif=1"], SettingsError, "did you mean 'most_drift'"),
        (["--texts", "nowhere"], NotFoundError, "nowhere"),
    ],
)
def test_bad_input_is_named(cli, tiny, arguments, error, words):
    with pytest.raises(error, match=words):
        cli("compress", tiny, "-o", "small", *arguments)
