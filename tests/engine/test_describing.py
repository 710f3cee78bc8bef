"""An engine describes its items, one or all; a job that was killed ends as if it had not been."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from llm4rec.core import Column, ColumnType, Dataset, FolderError, NotFoundError, SettingsError
from llm4rec.core.description import GENERATED
from llm4rec.data import sample_shop, write_folder, write_items
from llm4rec.data.reading import read_dataset
from llm4rec.engine import Engine, Settings
from llm4rec.engine.describing import enriched
from llm4rec.engine.describing_all import AT_ONCE, Job, describe_all, read_descriptions
from llm4rec.testing import ScriptedGenerator
from llm4rec.testing.generators import ScriptedConfig
from llm4rec.writers.describe import Grounds

SIZE = 70


def small_shop():
    """Seventy books of the shop and what people did with those."""
    shop = sample_shop(readers=60)
    rows = shop.interactions.items < SIZE
    return Dataset(shop.interactions.take(rows), shop.catalog.take(np.arange(SIZE)), shop.users)


@pytest.fixture(scope="module")
def engine():
    return Engine(Settings(encoder={"name": "none"}), model="popular").fit(small_shop())


@pytest.fixture(scope="module")
def whole(engine, tmp_path_factory):
    """The file of a job that nothing stopped."""
    path = tmp_path_factory.mktemp("described") / "all.jsonl"
    engine.describe_all(path)
    return path.read_bytes()


def test_every_claim_of_every_item_is_accepted_by_the_checker(engine):
    found = engine.describe()
    assert len(found) == len(engine.catalog)
    for one in found:
        assert Grounds(one.title, [p for c in one.claims for p in c.evidence], one.language).accepts(one.text)


def test_one_item_by_its_id(engine):
    (one,) = engine.describe(["a-christmas-carol"], style="short")
    assert one.item == "a-christmas-carol"
    assert "Charles Dickens" in one.text
    with pytest.raises(NotFoundError, match="did you mean 'a-christmas-carol'"):
        engine.describe(["a-chrismas-carol"])


def test_sentences_are_chosen_by_the_encoder(engine, settings):
    reader = Engine(settings, model="popular").fit(small_shop())
    (one,) = reader.describe(["a-christmas-carol"])
    texts = [piece.value for claim in one.claims for piece in claim.evidence if piece.kind == "text"]
    column = reader.catalog.columns["description"].values[reader.catalog.ids.number("a-christmas-carol")]
    assert texts
    assert all(text in column for text in texts)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9997, 1.0])
def test_a_killed_job_ends_as_if_it_had_not_been(engine, whole, tmp_path, share):
    path = tmp_path / "all.jsonl"
    path.write_bytes(whole[: int(share * len(whole))])
    told = engine.describe_all(path)
    assert path.read_bytes() == whole
    assert (told.items, told.described) == (len(engine.catalog), len(engine.catalog))
    assert told.highest_overlap < 0.6


def test_a_language_model_goes_on_with_the_same_questions(engine, tmp_path):
    def answer(messages, schema):
        texts = [one["text"] for one in json.loads(messages[-1].content)]
        return {
            "texts": [" ".join(reversed(text.split(". "))) if "Christmas" in text else text for text in texts]
        }

    jobs = [Job(generator=ScriptedGenerator(script=answer)) for _ in range(2)]
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    told = describe_all(engine.fitted, first, jobs[0])
    assert told.rephrased + told.degraded == told.described
    assert told.degraded > 0
    lines = first.read_bytes().splitlines(keepends=True)
    second.write_bytes(b"".join(lines[: AT_ONCE + 7]))
    describe_all(engine.fitted, second, jobs[1])
    assert second.read_bytes() == first.read_bytes()
    other = Job(generator=ScriptedGenerator(ScriptedConfig(seed=1), script=answer))
    with pytest.raises(SettingsError, match="other terms"):
        describe_all(engine.fitted, second, other)


def test_an_interrupted_job_leaves_whole_chunks(engine, whole, tmp_path):
    def stopping(steps, label, total=None):
        for place, step in enumerate(steps):
            if place == 2:
                raise KeyboardInterrupt
            yield step

    path = tmp_path / "all.jsonl"
    with pytest.raises(KeyboardInterrupt):
        engine.describe_all(path, progress=stopping)
    assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[: 2 * AT_ONCE])


def test_a_file_of_other_terms_is_left_alone(engine, whole, tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_bytes(whole)
    with pytest.raises(SettingsError, match="other terms"):
        engine.describe_all(path, style="long")
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[5:]))
    with pytest.raises(SettingsError, match="other items"):
        engine.describe_all(path)
    assert path.read_bytes() == b"".join(lines[5:])


@pytest.mark.parametrize("content", [b"my novel\n", b"my novel", b'{"a": 1}\n', b"[1]\n", b"\xff\xfe\n"])
def test_a_file_of_somebody_else_is_left_alone(engine, tmp_path, content):
    path = tmp_path / "novel.txt"
    path.write_bytes(content)
    with pytest.raises(FolderError, match="remove it"):
        engine.describe_all(path)
    assert path.read_bytes() == content


def test_a_wrong_style_makes_no_file(engine, tmp_path):
    with pytest.raises(SettingsError, match="there are: short"):
        engine.describe_all(tmp_path / "all.jsonl", style="epic")
    assert not (tmp_path / "all.jsonl").exists()


def test_the_same_words_in_every_process(engine, tmp_path):
    """Orders of sets differ between processes."""
    engine.save(tmp_path / "engine")
    script = (
        "from llm4rec.engine import Engine; "
        f"print([d.text for d in Engine.load({str(tmp_path / 'engine')!r}).describe()])"
    )
    other = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    environment = {**os.environ, "PYTHONHASHSEED": other}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout == f"{[one.text for one in engine.describe()]}\n"


def test_only_short_originals_get_a_generated_text(engine):
    catalog = engine.catalog
    hidden = {
        **catalog.columns,
        "description": Column(ColumnType.TEXT, catalog.columns["description"].values.copy()),
    }
    hidden["description"].values[:10] = None
    bare = type(catalog)(catalog.ids, hidden)
    filled = enriched(bare, [(name, f"text of {name}") for name in catalog.ids.ids])
    generated = filled.columns[GENERATED].values
    assert list(generated[:10]) == [f"text of {name}" for name in catalog.ids.ids[:10]]
    assert not any(generated[10:])
    assert filled.texts[0].endswith(f"text of {catalog.ids.ids[0]}")
    again = enriched(filled, [(catalog.ids.ids[0], "newer")])
    assert again.columns[GENERATED].values[0] == "newer", "a generated text makes no original long"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_items_with_generated_texts_can_be_fitted_on(engine, whole, tmp_path, suffix):
    (tmp_path / "all.jsonl").write_bytes(whole)
    folder = write_folder(small_shop(), tmp_path / "shop", suffix)
    filled = enriched(engine.catalog, read_descriptions(tmp_path / "all.jsonl"), below=1000)
    write_items(filled, folder / f"items.{suffix}")
    read = read_dataset(folder)
    assert read.catalog.columns[GENERATED].type is ColumnType.TEXT
    assert list(read.catalog.columns[GENERATED].values) == list(filled.columns[GENERATED].values)
    assert read.catalog.texts == filled.texts


def test_pictures_are_not_written_as_text(engine, tmp_path):
    images = np.full(len(engine.catalog), b"\xff\xd8", dtype=object)
    seen = type(engine.catalog)(
        engine.catalog.ids, {**engine.catalog.columns, "image": Column(ColumnType.MEDIA, images)}
    )
    with pytest.raises(SettingsError, match=r"'image' holds bytes, which need \.parquet"):
        write_items(seen, tmp_path / "items.csv")
    with pytest.raises(SettingsError, match="parquet, csv, jsonl"):
        write_items(engine.catalog, tmp_path / "items.txt")
    assert list(tmp_path.iterdir()) == []
