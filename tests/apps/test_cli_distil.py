"""`llm4rec distil` and `llm4rec distil-encoder`, and their results in other commands."""

import json

import pytest

from llm4rec.core import DataError, FolderError, SettingsError
from tinyencoder import GARDENS, ROBOTS, write_tiny

QUICK = ["--set", "embedding_size=8", "--set", "epochs=8"]


@pytest.fixture
def engine(cli, shop, tmp_path):
    cli("fit", shop, "-o", "engine", "--model", "ease", "--set", "fit.tune=false")
    return tmp_path / "engine"


def test_the_student_recommends(cli, told, engine):
    done = cli("distil", engine, "-o", "student", "--student", "two-tower", *QUICK)
    assert "student two-tower written to student" in done.stdout
    found = told("recommend", "student", "--user", "user-4", "-n", "1", "--json")
    assert "item-4" in json.dumps(found)


def test_the_report_as_json_and_all_the_options(told, engine, tmp_path):
    later = tmp_path / "later.csv"
    later.write_text(
        "user_id,item_id,timestamp\n" + "".join(f"user-{u},item-{u},{1.7e9 + u:.0f}\n" for u in range(20))
    )
    flags = ["--student", "transition", "--seed", "3", "--questions", later, "--device", "cpu"]
    report = told(
        "distil", engine, "-o", "student", *flags, *QUICK, "--set", "depth=5", "--set", "epochs=25", "--json"
    )
    assert (report["config"]["seed"], report["config"]["depth"]) == (3, 5)
    assert report["config"]["options"] == {"embedding_size": 8, "epochs": 25}
    assert report["unseen_questions"] == 20
    assert report["teacher"]["ndcg@10"] == 1.0
    assert report["figures"]["share"] > 0.9


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["--student", "tiny"], SettingsError, "student"),
        (["--set", "epoch=3"], SettingsError, "did you mean 'epochs'"),
        (["-o", "."], FolderError, "not an engine folder"),
    ],
)
def test_bad_input_is_named(cli, engine, arguments, error, words):
    with pytest.raises(error, match=words):
        cli("distil", engine, "-o", "student", *arguments)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("models"))


@pytest.fixture
def books(tmp_path):
    """Sixteen titles on two subjects."""
    folder = tmp_path / "books"
    folder.mkdir()
    titles = [f"{words[n]} {words[(n + 1) % 8]}" for words in (ROBOTS, GARDENS) for n in range(8)]
    (folder / "items.csv").write_text(
        "item_id,title\n" + "".join(f"b{n},{title}\n" for n, title in enumerate(titles))
    )
    rows = "".join(f"u{n % 4},b{n},{1.6e9 + n:.0f}\n" for n in range(16))
    (folder / "interactions.csv").write_text("user_id,item_id,timestamp\n" + rows)
    return folder


def test_the_small_encoder_is_an_encoder_of_fit(cli, told, books, tiny):
    quick = ["--from", tiny, "--layers", "1", "--set", "steps=2", "--set", "batch_size=4", "--seed", "1"]
    report = told("distil-encoder", books, "-o", "small", *quick, "--device", "cpu", "--json")
    assert (report["layers"], report["source_layers"], report["steps"]) == (1, 3, 2)
    done = cli("distil-encoder", books, "-o", "small", *quick)
    assert "1 layers of 3" in done.stdout
    cli("fit", books, "-o", "shelf", "--model", "content", "--encoder", "small")


def test_what_a_small_encoder_cannot_be_is_named(cli, books, shop, tiny, tmp_path):
    with pytest.raises(SettingsError, match="has 3; set fewer"):
        cli("distil-encoder", books, "-o", "small", "--from", tiny, "--layers", "4")
    bare = tmp_path / "bare.csv"
    bare.write_text("user_id,item_id,timestamp\nann,1,5\nbob,2,6\n")
    with pytest.raises(DataError, match="0 texts"):
        cli("distil-encoder", bare, "-o", "small", "--from", tiny)
