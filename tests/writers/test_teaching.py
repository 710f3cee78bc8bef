"""A small causal model is taught to recommend: it learns, goes on after a kill, and refuses what is unsafe."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from llm4rec.core import (
    ComponentError,
    DataError,
    FolderError,
    GeneratorRefusedError,
    Holdout,
    ReadsTokens,
    Request,
    SettingsError,
)
from llm4rec.engine import Engine, Settings, teach_recommending
from llm4rec.models.prompted_lessons import LessonsConfig, course_of
from llm4rec.testing import asking, context, in_a_row
from llm4rec.writers import LocalConfig, LocalGenerator
from llm4rec.writers.teaching import Course, TeachConfig, World, teach
from llm4rec.writers.teaching.course import Rows

SMALL = {
    "embedding_size": 32,
    "layers": 2,
    "heads": 2,
    "room": 64,
    "vocabulary": 300,
    "dropout": 0.0,
    "batch_size": 16,
    "learning_rate": 1e-2,
}
PLAIN = Settings(encoder={"name": "none"})


@pytest.fixture(scope="module")
def circle():
    """A walk in a circle, and a model that was taught it by codes."""
    return in_a_row(12, 60)


@pytest.fixture(scope="module")
def walked(circle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "walked"
    options = {**SMALL, "epochs": 25, "history": 4, "texts": False}
    return teach_recommending(circle, folder, options, PLAIN)


def local(folder):
    return LocalGenerator(LocalConfig(folder=str(folder)))


def engine(folder, **options):
    return Engine(
        Settings(
            fit={"model": "prompted"},
            encoder={"name": "none"},
            generator={"name": "local", "options": {"folder": str(folder)}},
            models={"prompted": {"history": 4, **options}},
        )
    )


# -- what was learnt


def test_what_was_taught_is_recommended(circle, walked):
    model = engine(walked.folder).fit(circle).model
    assert model.taught_
    scores = model.score([asking(n, (n + 1) % 12, (n + 2) % 12) for n in range(12)])
    assert np.mean(scores.argmax(axis=1) == (np.arange(12) + 3) % 12) >= 0.9
    np.testing.assert_allclose(np.exp(scores.astype(float)).sum(axis=1), 1.0, rtol=1e-4)
    assert walked.report["after"] < walked.report["before"] / 4


def test_only_catalog_items_come_out_of_random_prompts(circle, walked):
    """Whatever stands in a prompt: the tokens written are the name of an item."""
    model = engine(walked.folder).fit(circle).model
    naming, rng = model._naming(), np.random.default_rng(0)
    words = naming.reader.tokens([str(n) for n in range(300)])
    prompts = [[words[n][0] for n in rng.integers(0, 300, rng.integers(1, 30))] for _ in range(200)]
    items, written = naming.trie.drawn(naming.reader.read(prompts), len(prompts), rng)
    for item, tokens in zip(items.tolist(), written, strict=True):
        name = naming.pieces[naming.named[item]]
        assert tokens == name[: len(tokens)]
    assert len(set(items.tolist())) > 3


def test_the_last_event_of_a_person_is_left_for_judging(circle, walked):
    generator = local(walked.folder)
    assert isinstance(generator, ReadsTokens)
    events = [
        (f"user-{user}", f"item-{item}") for user in range(60) for item in circle.history(user).items.tolist()
    ]
    known = np.array(generator.has_learnt(events)).reshape(60, -1)
    assert known[:, :-1].all()
    assert not known[:, -1].any()
    asked = Holdout([Request(circle.history(0), user=0)], [circle.history(0).items[:1]])
    with pytest.raises(SettingsError, match="1 of 1 held-out answers"):
        engine(walked.folder).fit(circle, holdout=asked)


def test_titles_need_no_code(circle, tmp_path):
    folder = tmp_path / "titles"
    options = {**SMALL, "names": "titles", "history": 4, "epochs": 25, "learning_rate": 5e-3, "batch_size": 8}
    options["texts"] = False
    teach_recommending(circle, folder, options, PLAIN)
    model = engine(folder).fit(circle).model
    assert not model.taught_
    scores = model.score([asking(3, 4, 5)])
    np.testing.assert_allclose(np.exp(scores.astype(float)).sum(axis=1), 1.0, rtol=1e-4)
    assert scores[0].argmax() == 6


# -- what is read of a prompt


def test_a_kept_prompt_says_what_reading_it_all_says(walked):
    generator = local(walked.folder)
    model, _ = generator._loaded()
    rng = np.random.default_rng(1)
    prompts = [rng.integers(0, 300, size).tolist() for size in (3, 17, 9)]
    rows, paths = [2, 0, 1, 1, 2], [[5, 6], [], [7], [1, 2, 3], []]
    found = generator.read(prompts).after(rows, paths, [4, 250, 9])
    for row, path, values in zip(rows, paths, found, strict=True):
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([[*prompts[row], *path]])).logits[0, -1]
        expected = torch.log_softmax(logits, dim=-1)[[4, 250, 9]].numpy()
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("prompt", [[], [1] * 64])
def test_a_prompt_that_leaves_no_room_is_refused(walked, prompt):
    with pytest.raises(GeneratorRefusedError, match="less history"):
        local(walked.folder).read([[1], prompt])


# -- how it is taught


def lessons_of(data, **options):
    return Course(**course_of(data, context(data), LessonsConfig(**options)))


def test_windows_show_every_part_once_an_epoch(circle):
    lesson = ("", tuple(f"{n} " for n in range(23)), 0)
    number = {f"{n} ": [n] for n in range(23)} | {"": []}
    rows = Rows([lesson], lambda texts: [number[text] for text in texts], 5, 100)
    starts = set()
    for epoch in range(6):
        shown = [rows.row(int(n), 0, epoch).tokens for n in rows.order(0, epoch, 2)]
        assert sorted(token for window in shown for token in window) == list(range(23))
        assert max(map(len, shown)) <= 5
        starts.add(tuple(sorted(window[0] for window in shown if window)))
    assert len(starts) > 1, "windows begin elsewhere in each epoch"


def test_items_with_one_code_have_names_of_their_own(circle):
    course = lessons_of(circle, together=0.0)
    assert len(set(course.names.values())) == 12
    assert all(name.startswith("<a") for name in course.names.values())


def test_a_run_that_was_stopped_goes_on_to_the_same_model(circle, tmp_path):
    options = {**SMALL, "steps": 12, "history": 4, "validate_every": 4, "checkpoint_every": 3}
    whole = teach_recommending(circle, tmp_path / "whole", options, PLAIN)
    course = lessons_of(circle, history=4)
    config = TeachConfig(**{k: v for k, v in options.items() if k != "history"})

    class Killed(Exception):
        pass

    def until(limit):
        def progress(steps, label, total=None):
            for n, step in enumerate(steps):
                if n == limit:
                    raise Killed
                yield step

        return World("cpu", progress)

    for limit in (5, 4):  # begins at 0 and dies at 5; goes on from 4 and dies again
        with pytest.raises(Killed):
            teach(course, tmp_path / "killed", config, until(limit))
    done = teach(course, tmp_path / "killed", config)
    assert "went on from step" in done.report["notes"][0]
    straight = teach(course, tmp_path / "straight", config)
    found, expected = (load_file(one / "model.safetensors") for one in (done.folder, straight.folder))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    assert done.report["history"] == straight.report["history"]
    assert whole.report["steps"] == 12


def test_lora_leaves_all_rows_but_those_of_new_words(circle, walked, tmp_path):
    words = ("<new0>", "<new1>")
    course = Course([("a ", (f"{words[n % 2]}",), 0) for n in range(20)], words=words, names={"x": "<new0>"})
    base = shutil.copytree(walked.folder, tmp_path / "base")
    config = TeachConfig(
        source=str(base), method="lora", steps=4, batch_size=8, learning_rate=1e-2, dropout=0.0
    )
    made = teach(course, tmp_path / "lora", config)
    before, after = (load_file(one / "model.safetensors") for one in (base, made.folder))
    table = "transformer.wte.weight"
    old = len(before[table])
    np.testing.assert_array_equal(after[table][:old], before[table])
    assert len(after[table]) == old + 2
    moved = [name for name in before if name != table and not np.array_equal(before[name], after[name])]
    assert moved
    assert all("c_attn" in name for name in moved), moved
    generator = local(made.folder)
    new = [row[0] for row in generator.tokens(list(words))]
    chance = np.exp(generator.read(generator.tokens(["a "])).after([0], [[]], new)).sum()
    assert chance > np.exp(local(base).read(generator.tokens(["a "])).after([0], [[]], [0])).sum()
    assert generator.taught == {"x": "<new0>"}


# -- what is refused


def test_a_folder_of_other_things_is_left_alone(circle, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderError, match="left alone"):
        teach_recommending(circle, tmp_path / "mine", {**SMALL, "steps": 1}, PLAIN)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_wrong_option_is_named(circle, tmp_path):
    with pytest.raises(SettingsError, match="learning_rate"):
        teach_recommending(circle, tmp_path / "m", {"learning_rat": 1}, PLAIN)
    with pytest.raises(SettingsError, match="multiple of 4 heads"):
        teach_recommending(circle, tmp_path / "m", {"embedding_size": 33}, PLAIN)


def test_nobody_took_anything(circle, tmp_path):
    nothing = circle.only(np.zeros(len(circle.interactions), dtype=bool))
    with pytest.raises(DataError, match="no lesson"):
        teach_recommending(nothing, tmp_path / "m", {**SMALL, "texts": False}, PLAIN)


def test_a_loss_that_is_not_finite_is_told_and_the_checkpoint_kept(circle, tmp_path):
    course = lessons_of(circle, history=4)
    with pytest.raises(ComponentError, match="smaller learning_rate"):
        teach(course, tmp_path / "m", TeachConfig(**SMALL | {"learning_rate": 1e30, "clip": 1e30}))


def test_a_damaged_checkpoint_is_told(circle, tmp_path):
    (tmp_path / "m" / "teaching").mkdir(parents=True)
    (tmp_path / "m" / "teaching" / "checkpoint.safetensors").write_bytes(b"garbage")
    with pytest.raises(FolderError, match="begin anew"):
        teach(lessons_of(circle), tmp_path / "m", TeachConfig(**SMALL, steps=1))


@pytest.mark.parametrize("spoil", ["pickle", "cut", "none"])
def test_weights_that_are_unsafe_or_damaged_are_refused(circle, walked, tmp_path, spoil):
    folder = shutil.copytree(walked.folder, tmp_path / "spoilt")
    weights = folder / "model.safetensors"
    if spoil == "pickle":
        torch.save({}, folder / "pytorch_model.bin")
    if spoil == "cut":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        weights.unlink()
    with pytest.raises(ComponentError, match="safetensors"):
        engine(folder).fit(circle).model.score([asking(0)])
    with pytest.raises(ComponentError, match="safetensors"):
        teach(lessons_of(circle), tmp_path / "m", TeachConfig(source=str(folder), steps=1))


def test_names_that_were_spoilt_are_told(circle, walked, tmp_path):
    folder = shutil.copytree(walked.folder, tmp_path / "spoilt")
    for content in ("[1]", "{"):
        (folder / "teaching" / "names.json").write_text(content)
        with pytest.raises(ComponentError, match="teach the model again"):
            engine(folder).fit(circle)


def test_the_report_lies_in_the_folder(walked):
    told = json.loads((walked.folder / "teaching" / "report.json").read_text())
    assert told["names"] == 12
    assert told["held_out"] == 60
    assert not (walked.folder / "teaching" / "checkpoint.safetensors").exists()
