"""A folder of data as a person would write it, and the command line called in process."""

import json
import os

import pytest
from typer.testing import CliRunner

from llm4rec.apps.cli.main import app
from llm4rec.testing import checkerboard


@pytest.fixture(autouse=True)
def quiet_place(tmp_path, monkeypatch):
    """A working folder without settings, no encoder to load, a vector cache of the test's own."""
    for name in [name for name in os.environ if name.startswith("LLM4REC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LLM4REC_ENCODER__NAME", "none")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The checkerboard as csv files: user-u took every item of their parity but item-u."""
    folder = tmp_path_factory.mktemp("data") / "board"
    folder.mkdir()
    data = checkerboard()
    events = data.interactions
    rows = [
        f"user-{u},item-{i},{t:.0f}"
        for u, i, t in zip(events.users, events.items, events.timestamps + 1.6e9, strict=True)
    ]
    (folder / "interactions.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    items = [f"item-{n},{title}" for n, title in enumerate(data.catalog.titles)]
    (folder / "items.csv").write_text("\n".join(["item_id,title", *items]) + "\n")
    return folder


@pytest.fixture
def bad_shop(tmp_path):
    """Interactions with a row that names no item."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "interactions.csv").write_text("user_id,item_id,timestamp\nann,dracula,5\nbob,,6\n")
    return folder


@pytest.fixture
def cli():
    """Run a command; errors that the front would print are raised."""

    def call(*arguments, code=0):
        done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    return call


@pytest.fixture
def told(cli):
    """Run a command and read the JSON it prints."""

    def call(*arguments, code=0):
        return json.loads(cli(*arguments, code=code).stdout)

    return call
