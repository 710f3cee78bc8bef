"""A registry with stand-ins, and engines that are quick to fit."""

import pytest

from llm4rec.engine import Engine, Settings
from llm4rec.engine.registry import TABLE, Entry
from llm4rec.engine.settings import GeneratorSettings

from . import doubles


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """A recording model and a quick encoder under names of their own."""
    monkeypatch.setitem(TABLE["model"], "recorder", Entry("engine.doubles:Recorder", "records what it sees"))
    monkeypatch.setitem(TABLE["encoder"], "quick", Entry("engine.doubles:Quick", "counts words"))
    doubles.SEEN.clear()


@pytest.fixture
def settings(tmp_path):
    """Settings with the quick encoder and a vector cache of the test's own."""
    return Settings(encoder={"name": "quick", "width": 16}, cache={"folder": str(tmp_path / "cache")})


@pytest.fixture
def engine(settings):
    """Make an engine: engine("ease", reg=2.0). A model that asks a language model has a stand-in for it."""

    def make(model="sequence", **options):
        writes = {"generator": GeneratorSettings(name="double")} if model == "prompted" else {}
        return Engine(settings.model_copy(update=writes), model=model, **options)

    return make
