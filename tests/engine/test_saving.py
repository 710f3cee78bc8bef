"""An engine comes back from its folder as it was: same answers, same ids, same settings, no pickle."""

import pickle

import numpy as np
import pytest

from llm4rec.core import (
    Catalog,
    ComponentError,
    FolderError,
    Holdout,
    NotFoundError,
    Request,
    Saves,
    Vocabulary,
)
from llm4rec.engine import Engine
from llm4rec.engine.build import build_model
from llm4rec.engine.folder import _write_manifest
from llm4rec.engine.registry import TABLE
from llm4rec.engine.settings import GeneratorSettings
from llm4rec.testing import checkerboard, in_a_row

SAVED = [name for name in TABLE["model"] if isinstance(build_model(name, {}), Saves)]
QUESTIONS = [
    {"user": "user-3", "n": 20, "seen": "include"},
    {"user": "stranger", "n": 5},
    {"history": ["item-1", "item-7"], "n": 18},
]


def answers(engine):
    return engine.recommend_many(QUESTIONS, explain=True)


@pytest.mark.parametrize("model", SAVED)
@pytest.mark.parametrize("data", [checkerboard, in_a_row], ids=lambda data: data.__name__)
def test_every_model_answers_the_same_after_loading(engine, tmp_path, model, data):
    made = engine(model).fit(data())
    questions = QUESTIONS if data is checkerboard else [QUESTIONS[0] | {"n": 12}, *QUESTIONS[1:]]
    back = Engine.load(made.save(tmp_path / "engine"), made.settings)
    assert back.recommend_many(questions, explain=True) == made.recommend_many(questions, explain=True)
    here = {"cache"}  # where vectors are kept belongs to the machine, not to the engine
    assert back.settings.model_dump(exclude=here) == made.settings.model_dump(exclude=here)
    assert back.fitted.version == made.fitted.version
    assert back.fitted.notes == made.fitted.notes


@pytest.mark.parametrize("model", ["sequence", "ease", "transition"])
def test_settings_chosen_on_a_holdout_are_saved_too(engine, tmp_path, model):
    data = checkerboard()
    ends = data.offsets[1:] - 1
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[ends] = False
    left = data.only(keep)
    # Questions whose answer is what follows an early item: the shortest memory or the longest is best.
    requests = [Request(left.history(u), user=u) for u in range(20)]
    made = engine(model).fit(
        left, holdout=Holdout(requests, [data.interactions.items[e : e + 1] for e in ends])
    )
    back = Engine.load(made.save(tmp_path / "engine"))
    assert answers(back) == answers(made)
    assert back.model.chosen == made.model.chosen


@pytest.mark.parametrize("model", ["sequence", "content", "popular"])
def test_items_added_since_are_saved_too_and_more_can_be_added_after(engine, tmp_path, model):
    data = checkerboard()
    rows = [{"item_id": "new-0", "title": "even number"}, {"item_id": "new-1", "title": "odd number"}]
    made = engine(model).fit(data).add_items(rows[:1])
    back = Engine.load(made.save(tmp_path / "engine"))
    assert answers(back) == answers(made)
    for each in (made, back):
        each.add_items(rows[1:])
    assert answers(back) == answers(made)
    assert back.catalog.ids.ids[-2:] == ("new-0", "new-1")


@pytest.mark.parametrize("model", ["sequence", "ease"])
def test_a_loaded_engine_forgets_like_the_one_that_was_saved(engine, tmp_path, model):
    made = engine(model).fit(checkerboard())
    back = Engine.load(made.save(tmp_path / "engine"))
    one, other = (e.forget("user-2").recommend(history=["item-4"], n=19) for e in (made, back))
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
    assert one.items == other.items


def test_options_of_none_come_back(engine, tmp_path):
    made = engine("ease", decay=None, tune=False).fit(checkerboard())
    back = Engine.load(made.save(tmp_path / "engine"))
    assert back.model.config.decay is None
    assert answers(back) == answers(made)


def test_the_folder_holds_plain_files_only(engine, tmp_path):
    folder = engine().fit(checkerboard()).save(tmp_path / "engine")
    found = {path.name for path in folder.rglob("*")}
    assert {path.suffix for path in folder.rglob("*")} == {".toml", ".json", ".parquet", ".safetensors"}
    assert {"manifest.json", "settings.toml", "model.safetensors", "whitening.safetensors"} <= found
    for path in folder.rglob("*"):
        with pytest.raises((pickle.UnpicklingError, ValueError, EOFError)):
            pickle.loads(path.read_bytes())


def test_the_folder_does_not_need_its_old_place(engine, tmp_path):
    made = engine().fit(checkerboard())
    folder = made.save(tmp_path / "deep" / "down" / "engine")
    moved = folder.rename(tmp_path / "elsewhere")
    assert answers(Engine.load(moved)) == answers(made)


def test_saving_over_an_engine_replaces_it(engine, tmp_path):
    engine("ease").fit(checkerboard()).save(tmp_path / "engine")
    made = engine("popular").fit(checkerboard())
    made.save(tmp_path / "engine")
    assert type(Engine.load(tmp_path / "engine").model).__name__ == "Popular"
    assert [p.name for p in tmp_path.iterdir() if p.name != "cache"] == ["engine"], "no scratch is left"


def test_a_model_that_cannot_be_saved_says_so_and_leaves_nothing(engine, tmp_path):
    made = engine("recorder").fit(checkerboard())
    with pytest.raises(ComponentError, match="model 'recorder' cannot be saved"):
        made.save(tmp_path / "engine")
    assert not (tmp_path / "engine").exists()


GENERATOR = {"name": "openai", "options": {"base_url": "http://10.0.0.1/v1", "model": "m"}}


def test_who_writes_is_not_kept_in_the_folder(settings, tmp_path):
    here = settings.model_copy(update={"generator": GeneratorSettings(**GENERATOR)})
    folder = Engine(here, model="popular").fit(checkerboard()).save(tmp_path / "engine")
    assert "10.0.0.1" not in (folder / "settings.toml").read_text()
    assert Engine.load(folder).settings.generator == GeneratorSettings()


def test_a_folder_from_elsewhere_cannot_name_a_server(engine, tmp_path):
    folder = engine("popular").fit(checkerboard()).save(tmp_path / "engine")
    with (folder / "settings.toml").open("a") as file:
        file.write('\n[generator]\nname = "openai"\noptions = { base_url = "http://10.0.0.1/v1" }\n')
    (folder / "manifest.json").unlink()
    _write_manifest(folder, "engine")
    assert Engine.load(folder).settings.generator == GeneratorSettings()


def test_an_interrupted_save_leaves_the_old_engine(engine, tmp_path, monkeypatch):
    old = engine("ease").fit(checkerboard())
    old.save(tmp_path / "engine")

    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("llm4rec.engine.saving.write_interactions", full_disk)
    with pytest.raises(OSError, match="no space left"):
        engine("popular").fit(checkerboard()).save(tmp_path / "engine")
    assert answers(Engine.load(tmp_path / "engine")) == answers(old)
    assert [p.name for p in tmp_path.iterdir() if p.name != "cache"] == ["engine"], "no scratch is left"


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing"])
@pytest.mark.parametrize("name", ["model.safetensors", "items.parquet", "settings.toml", "engine.json"])
def test_a_damaged_folder_is_refused_by_file(engine, tmp_path, name, damage):
    folder = engine("popular").fit(checkerboard()).save(tmp_path / "engine")
    path = folder / name
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        path.write_bytes(content[:-7])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        path.unlink()
    with pytest.raises(FolderError, match=name.replace(".", r"\.")):
        Engine.load(folder)


def test_a_folder_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(NotFoundError, match="llm4rec fit"):
        Engine.load(tmp_path / "absent")


def test_items_without_any_text_or_column_are_saved_too(engine, tmp_path):
    from dataclasses import replace

    data = checkerboard()
    bare = replace(data, catalog=Catalog(Vocabulary(data.catalog.ids.ids)))
    made = engine().fit(bare)
    assert made.fitted.whitening is None
    folder = made.save(tmp_path / "engine")
    assert not (folder / "whitening.safetensors").exists()
    assert answers(Engine.load(folder)) == answers(made)
