"""A small encoder comes nearer to the large one by each thing that is transferred, and survives a kill."""

import json

import numpy as np
import pytest
import torch

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    ComponentError,
    Dataset,
    FolderError,
    Interactions,
    SettingsError,
    Users,
    Vocabulary,
    unit_rows,
)
from llm4rec.encoders import SentenceConfig, SentenceEncoder, loading
from llm4rec.encoders.distilling import EncoderConfig, distil, loop_net
from llm4rec.encoders.distilling.pair_net import Pair, related
from tinyencoder import GARDENS, OTHERS, ROBOTS, write_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The tiny encoder with louder weights: as they are drawn, its layers change next to nothing."""
    folder = write_tiny(tmp_path_factory.mktemp("models"))
    model = loading.open_model(folder, "fp32", "cpu")
    with torch.no_grad(), loading._no_progress_bars():
        for name, value in model.named_parameters():
            if ".layer." in name and value.ndim > 1:
                value.mul_(12.0)
        model.save_pretrained(str(folder), create_model_card=False)
    return folder


@pytest.fixture(scope="module")
def titles():
    """Sixty titles of four words."""
    rng = np.random.default_rng(0)
    words = [*ROBOTS, *GARDENS, *OTHERS]
    said = np.empty(60, dtype=object)
    said[:] = [" ".join(rng.choice(words, 4, replace=False)) for _ in range(60)]
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(60)]), {"title": Column(ColumnType.TEXT, said)})
    return Dataset(Interactions.of([0], [0]), catalog, Users(Vocabulary(["ann"])), "titles")


def config(tiny, **given):
    usual = {"layers": 1, "steps": 40, "batch_size": 16, "learning_rate": 5e-3, "precision": "fp32"}
    return EncoderConfig(source=str(tiny), **(usual | {"validate_every": 10} | given))


def test_vectors_come_near_to_those_of_the_large_encoder(tiny, titles, tmp_path):
    made = distil(titles, tmp_path / "small", config(tiny))
    likeness = made.report["likeness"]
    assert likeness["after"] > likeness["before"]
    shape = json.loads((tmp_path / "small" / "config.json").read_text())
    assert shape["num_hidden_layers"] == 1
    large, small = (
        SentenceEncoder(SentenceConfig(source=str(folder))) for folder in (tiny, tmp_path / "small")
    )
    texts = ["robot garden", "the laser of the tree"]
    cosines = np.einsum("ij,ij->i", unit_rows(large.encode(texts)), unit_rows(small.encode(texts)))
    assert cosines.min() > likeness["before"]


def test_the_last_layer_is_kept_and_the_others_are_spread(tiny):
    assert Pair.open(config(tiny, layers=1), "cpu").kept == (2,)
    assert Pair.open(config(tiny, layers=2), "cpu").kept == (1, 2)
    whole = Pair.open(config(tiny, layers=3), "cpu")
    assert whole.kept == (0, 1, 2)
    whole.student.eval()
    assert float(whole.loss(["robot garden", "soil"], config(tiny)).detach()) == pytest.approx(0.0, abs=1e-5)
    with pytest.raises(SettingsError, match="has 3; set fewer"):
        Pair.open(config(tiny, layers=4), "cpu")


@pytest.mark.parametrize("part", ["features", "hidden", "relations"])
def test_each_transfer_alone_teaches_the_small_encoder(tiny, titles, tmp_path, part):
    only = {name: float(name == part) for name in ("features", "hidden", "relations")}
    settings = config(tiny, **only)
    run, _ = loop_net.ready(_texts(titles, settings), settings, tmp_path, "cpu")
    some = run.texts.learnt[:20]

    def lost():
        run.pair.student.eval()
        return float(run.pair.loss(some, settings).detach())

    before = lost()
    for step in range(15):
        loop_net._step(run, step)
    assert lost() < 0.9 * before


def _texts(titles, settings):
    from llm4rec.encoders.distilling.distil import texts_of

    return texts_of(titles, settings)


def test_relations_are_alike_only_where_attention_is():
    rng = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 4, 8, generator=rng)
    there = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
    other = rows.clone()
    other[1, 2:] = 9.0  # hidden tokens say nothing
    assert float(related(rows, other, there, 2)) == pytest.approx(0.0, abs=1e-6)
    assert float(related(rows, torch.randn(2, 4, 8, generator=rng), there, 2)) > 0.01


def test_no_text_is_learnt_and_asked(titles, tiny):
    found = _texts(titles, config(tiny, validation=0.3))
    assert not set(found.learnt) & set(found.held)
    assert len(found.learnt) > len(found.held) > 5


def test_a_run_that_was_killed_goes_on_to_the_same_encoder(tiny, titles, tmp_path, monkeypatch):
    settings = config(tiny, steps=6, validate_every=3, checkpoint_every=2)
    distil(titles, tmp_path / "whole", settings)
    step = loop_net._step

    def killed(run, number):
        if number == 5:
            raise KeyboardInterrupt
        step(run, number)

    monkeypatch.setattr(loop_net, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        distil(titles, tmp_path / "small", settings)
    monkeypatch.setattr(loop_net, "_step", step)
    made = distil(titles, tmp_path / "small", settings)
    assert "went on from step 4" in made.report["notes"][0]
    files = [tmp_path / name / "model.safetensors" for name in ("whole", "small")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_what_goes_wrong_is_named_and_the_checkpoint_is_left(tiny, titles, tmp_path, monkeypatch):
    with pytest.raises(ComponentError, match="smaller learning_rate"):
        distil(titles, tmp_path / "small", config(tiny, learning_rate=1e30))
    settings = config(tiny, steps=4, checkpoint_every=1)
    step = loop_net._step

    def short(run, number):
        if number == 2:
            raise torch.OutOfMemoryError("out of memory")
        step(run, number)

    monkeypatch.setattr(loop_net, "_step", short)
    with pytest.raises(ComponentError, match=r"set a smaller one.*checkpoint is kept"):
        distil(titles, tmp_path / "small", settings)
    file = tmp_path / "small" / "adapting" / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(FolderError, match="damaged"):
        distil(titles, tmp_path / "small", settings)
    assert file.is_file()
    with pytest.raises(SettingsError, match="nothing to transfer"):
        EncoderConfig.of({"features": 0, "hidden": 0, "relations": 0}, "distil-encoder")
