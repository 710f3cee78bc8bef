"""What anyone may rely on from `adapt`: it trains what it says, learns, keeps its guards, and survives being killed."""

import builtins
import json
import sys
from itertools import pairwise

import numpy as np
import pytest
from safetensors.numpy import load_file

from llm4rec.core import ComponentError, FolderError, SettingsError
from llm4rec.encoders import SentenceConfig, SentenceEncoder, Whitening, loading, weights
from llm4rec.encoders.adapting import TASKS, World, adapt, session_net
from llm4rec.encoders.adapting.folder import INSIDE
from tinyencoder import BAD, GARDENS, GOOD, ROBOTS, WORDS

from .conftest import shop

TEXTS = ["robot space laser", "garden roses", "it was very good", "a bad tree of metal and soil"]


def encoded(folder):
    return SentenceEncoder(SentenceConfig(source=str(folder), precision="fp32")).encode(TEXTS)


def moved(before, after):
    """Names of the weights that differ between two folders; new ones count."""
    old, new = (load_file(folder / "model.safetensors") for folder in (before, after))
    return {name for name in new if name not in old or not np.array_equal(old[name], new[name])}


def layers(names):
    return {name.split(".layer.")[1].split(".")[0] for name in names if ".layer." in name}


@pytest.fixture
def ever_better(monkeypatch):
    """Every state counts as better than the one before, so that the last one is kept."""
    from llm4rec.encoders.adapting import loop_net

    scores = iter(range(10_000))
    monkeypatch.setattr(loop_net, "together", lambda figures, config: float(next(scores)))


@pytest.mark.usefixtures("ever_better")
@pytest.mark.parametrize("method", ["head", "last:1", "last:2", "lora", "full", "prefix"])
def test_a_method_trains_what_it_says_and_nothing_else(method, quick, tiny, tmp_path):
    made = adapt(shop(), tmp_path / "e", quick(method=method, steps=2, learning_rate=0.01))
    assert made.report["best_step"] == 2, "there is something to compare"
    names = moved(tiny, made.folder)
    if method == "head":
        assert names == set()
        (dense,) = made.folder.glob("*_Dense/model.safetensors")
        assert not np.allclose(load_file(dense)["linear.weight"], np.eye(16), atol=1e-4)
    elif method == "lora":
        assert {name.split(".self.")[1] for name in names} == {"query.weight", "value.weight"}
        assert layers(names) == {"0", "1", "2"}
    elif method == "prefix":
        assert names == {"embeddings.word_embeddings.weight"}
        old, new = (load_file(f / "model.safetensors")[next(iter(names))] for f in (tiny, made.folder))
        words = len(WORDS)  # rows behind them belong to no word, and the prefix takes them
        np.testing.assert_array_equal(new[:words], old[:words])
    elif method == "full":
        assert layers(names) == {"0", "1", "2"}
        assert "embeddings.word_embeddings.weight" in names
    else:
        assert layers(names) == {"last:1": {"2"}, "last:2": {"1", "2"}}[method]
        assert not any("embeddings" in name for name in names)


@pytest.mark.usefixtures("ever_better")
@pytest.mark.parametrize("method", ["head", "lora", "prefix"])
def test_the_folder_gives_the_vectors_that_were_trained(method, quick, tmp_path, monkeypatch):
    """Merged, saved and opened by anybody: the same vectors as before merging."""
    from llm4rec.encoders.adapting import saving_net

    seen = []
    save = saving_net.save

    def watched(course, folder):
        course.network.eval()
        seen.append(course.network.encode(TEXTS))
        save(course, folder)

    monkeypatch.setattr(saving_net, "save", watched)
    made = adapt(shop(), tmp_path / "e", quick(method=method, learning_rate=0.05))
    np.testing.assert_allclose(encoded(made.folder), seen[0], atol=1e-5)
    assert not np.allclose(seen[0], encoded_base(quick), atol=1e-3)


def encoded_base(quick):
    return encoded(quick().source)


def test_the_folder_is_an_ordinary_one(quick, tmp_path):
    from sentence_transformers import SentenceTransformer

    made = adapt(shop(), tmp_path / "e", quick(method="prefix", learning_rate=0.05))
    with loading._no_progress_bars():
        library = SentenceTransformer(str(made.folder), device="cpu", local_files_only=True)
    np.testing.assert_allclose(
        library.encode(TEXTS, show_progress_bar=False), encoded(made.folder), atol=1e-5
    )
    names = {file.suffix for file in made.folder.rglob("*") if file.is_file()}
    assert not names & {".bin", ".pt", ".pkl"}, "safetensors only"


def test_how_it_came_to_be_is_no_part_of_an_encoders_name(quick, tmp_path):
    made = adapt(shop(), tmp_path / "e", quick())
    before = weights.digest(made.folder)
    (made.folder / INSIDE / "note.json").write_text("{}")
    assert weights.digest(made.folder) == before


NEWCOMERS = [f"{word} {other}" for words in (ROBOTS, GARDENS) for word, other in pairwise(words)]


def apart(folder):
    """How much closer texts of one subject are than texts of two, as an engine compares them: whitened."""
    vectors = SentenceEncoder(SentenceConfig(source=str(folder), precision="fp32")).encode(NEWCOMERS)
    vectors = Whitening.fit(vectors, 4).transform(vectors)
    cosines, half = vectors @ vectors.T, len(NEWCOMERS) // 2
    within = (cosines[:half, :half].mean() + cosines[half:, half:].mean()) / 2
    return within - cosines[:half, half:].mean()


@pytest.mark.parametrize("task", ["co-consumption", "neighbours"])
def test_what_is_taken_together_comes_close(task, quick, tiny, tmp_path):
    config = quick(
        tasks=(task,),
        method="full",
        steps=120,
        learning_rate=1e-3,
        batch_size=16,
        hard_negatives=0,
        directions=4,
    )
    told = adapt(shop(people=60), tmp_path / "e", config).report["tasks"][task]
    assert told["after"] > told["before"]
    assert apart(tmp_path / "e") > apart(tiny) + 0.08, "titles nobody has touched find their subject"


@pytest.mark.parametrize("tower", ["convolutional", "recurrent"])
def test_sentiment_is_learnt_by_the_other_towers(tower, quick, tmp_path):
    config = quick(
        tasks=("sentiment",),
        method="full",
        steps=60,
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        tower=tower,
    )
    told = adapt(shop(), tmp_path / "e", config).report["tasks"]["sentiment"]
    assert told["after"] > 0.95


@pytest.mark.parametrize("balance", ["scaled", "gradnorm", "turns"])
def test_all_tasks_at_once_under_every_balance(balance, quick, tmp_path):
    config = quick(tasks=TASKS, balance=balance, steps=3, accumulate=2, batch_size=4)
    report = adapt(shop(), tmp_path / "e", config).report
    assert set(report["tasks"]) == set(TASKS)
    assert all(told["held_out"] > 0 for told in report["tasks"].values())


def test_by_turns_a_task_learns_as_alone_where_the_other_hardly_moves(quick, tmp_path):
    terms = {"method": "full", "steps": 6, "validate_every": 6, "learning_rate": 3e-3, "stay": 0.0}

    def head(name, tasks, **given):
        made = adapt(shop(), tmp_path / name, quick(tasks=tasks, **terms, **given))
        assert made.report["best_step"] == 6
        found = load_file(made.folder / INSIDE / "heads.safetensors")
        return np.concatenate([v.ravel() for n, v in sorted(found.items()) if n.startswith("sentiment.")])

    alone = head("alone", ("sentiment",))
    for weight, near in ((1e-9, True), (1.0, False)):
        both = head(f"by {weight}", ("sentiment", "category"), balance="turns", weights={"category": weight})
        assert np.allclose(both, alone, atol=1e-5) == near


def test_an_ordinal_rating_is_learnt(quick, tmp_path):
    config = quick(tasks=("rating",), rating_loss="ordinal", method="full", steps=40, learning_rate=3e-3)
    config = config.model_copy(update={"head_learning_rate": 1e-2})
    assert adapt(shop(), tmp_path / "e", config).report["tasks"]["rating"]["after"] > 0.8


class Killed(Exception):
    """Instead of a signal."""


def killer(at):
    def progress(steps, label, total=None):
        for step in steps:
            if step == at:
                raise Killed
            yield step

    return progress


@pytest.mark.parametrize(("method", "balance"), [("lora", "scaled"), ("prefix", "scaled"), ("lora", "turns")])
def test_a_killed_run_goes_on_to_the_same_weights(method, balance, quick, tmp_path):
    config = quick(
        method=method,
        balance=balance,
        tasks=("co-consumption", "sentiment", "masked", "neighbours"),
        steps=9,
        checkpoint_every=2,
        validate_every=4,
        dropout=0.2,
        learning_rate=0.01,
        patience=50,
    )
    whole = adapt(shop(), tmp_path / "whole", config)
    for at in (3, 7):
        with pytest.raises(Killed):
            adapt(shop(), tmp_path / "killed", config, World(progress=killer(at)))
    again = adapt(shop(), tmp_path / "killed", config)
    assert any("went on from step 6" in note for note in again.notes)
    assert weights.digest(again.folder) == weights.digest(whole.folder)
    first, second = (load_file(made.folder / INSIDE / "heads.safetensors") for made in (whole, again))
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])
    assert again.report["history"] == whole.report["history"]
    assert not list(again.folder.rglob("checkpoint*")), "nothing is left of the way there"


def test_other_settings_do_not_go_on_from_a_checkpoint(quick, tmp_path):
    with pytest.raises(Killed):
        adapt(shop(), tmp_path / "e", quick(checkpoint_every=1), World(progress=killer(2)))
    made = adapt(shop(), tmp_path / "e", quick(learning_rate=0.01))
    assert not any("went on" in note for note in made.notes)


def test_a_damaged_checkpoint_is_named(quick, tmp_path):
    with pytest.raises(Killed):
        adapt(shop(), tmp_path / "e", quick(checkpoint_every=1), World(progress=killer(2)))
    (tmp_path / "e" / INSIDE / "checkpoint.safetensors").write_bytes(b"no tensors")
    with pytest.raises(FolderError, match=r"checkpoint.safetensors is damaged.*delete it"):
        adapt(shop(), tmp_path / "e", quick(checkpoint_every=1))


def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(quick, tmp_path, monkeypatch):
    from llm4rec.encoders.adapting import losses_net

    config, real, calls = quick(checkpoint_every=1, validate_every=1, method="full"), losses_net.contrast, []

    def broken(*given):
        calls.append(1)
        return real(*given) * (float("nan") if len(calls) > 2 else 1.0)

    monkeypatch.setattr(losses_net, "contrast", broken)
    with pytest.raises(ComponentError, match=r"not finite at step 2.*learning_rate.*checkpoint is kept"):
        adapt(shop(), tmp_path / "e", config)
    monkeypatch.undo()
    kept = adapt(shop(), tmp_path / "e", config.model_copy(update={"stop_after": 2}))
    assert kept.report["steps"] == 2
    assert np.isfinite(encoded(kept.folder)).all()


def test_memory_that_runs_out_names_the_batch_size(quick, tmp_path, monkeypatch):
    from llm4rec.encoders.adapting import losses_net

    def full(*given):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")

    monkeypatch.setattr(losses_net, "contrast", full)
    with pytest.raises(ComponentError, match=r"batch_size = 8; set batch_size = 4 and accumulate = 2"):
        adapt(shop(), tmp_path / "e", quick())


def test_a_fault_of_ours_stays_a_fault(quick, tmp_path, monkeypatch):
    from llm4rec.encoders.adapting import losses_net

    def wrong(*given):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(losses_net, "contrast", wrong)
    with pytest.raises(RuntimeError, match="shapes"):
        adapt(shop(), tmp_path / "e", quick())


def falling(monkeypatch, *values):
    """The probe gives these values, one after the other, the last one for ever."""
    from llm4rec.encoders.adapting import measure_net

    left = list(values)
    monkeypatch.setattr(measure_net, "probe", lambda encode: left.pop(0) if len(left) > 1 else left[0])


def test_a_state_that_lost_its_language_is_not_kept(quick, tiny, tmp_path, monkeypatch):
    falling(monkeypatch, 80.0, 70.0)
    config = quick(tasks=("sentiment",), method="full", steps=40, probe_loss=2.0, learning_rate=3e-3)
    made = adapt(shop(), tmp_path / "e", config)
    assert made.report["best_step"] == 0
    assert any("refused" in note and "similarity" in note for note in made.notes)
    assert any("as it was" in note for note in made.notes)
    assert moved(tiny, made.folder) == set()


def test_the_best_state_within_the_guard_is_kept(quick, tmp_path, monkeypatch):
    falling(monkeypatch, 80.0, 79.0, 78.5, 70.0)
    config = quick(
        tasks=("sentiment",), method="full", steps=40, validate_every=10, probe_loss=2.0, learning_rate=3e-3
    )
    report = adapt(shop(), tmp_path / "e", config).report
    assert report["best_step"] in (10, 20)
    assert [told["allowed"] for told in report["history"]] == [True, True, False, False]


@pytest.mark.usefixtures("ever_better")
def test_where_a_guard_refuses_part_of_the_way_is_taken(quick, tiny, tmp_path, monkeypatch):
    from llm4rec.encoders.adapting import loop_net, session_net

    def probed(network):
        """Language is lost as weights move away from where they began."""
        now = {name: value.detach().clone() for name, value in network.model.named_parameters()}
        return 100.0 - sum(
            float((now[name] - at).abs().sum()) for name, at in began.setdefault("at", now).items()
        )

    for module in (loop_net, session_net):
        monkeypatch.setattr(module, "probed", probed)
    terms = {"method": "full", "steps": 4, "validate_every": 4, "learning_rate": 0.003}
    began: dict = {}
    free = adapt(shop(), tmp_path / "free", quick(**terms, probe_loss=1e9))
    lost = 100.0 - free.report["history"][-1]["probe"]
    began.clear()
    bound = adapt(shop(), tmp_path / "bound", quick(**terms, probe_loss=0.6 * lost))
    assert bound.report["best_share"] == 0.5
    assert 100.0 - bound.report["history"][-1]["stepped_back"]["probe"] == pytest.approx(lost / 2, rel=1e-3)
    assert "50% of the way" in " ".join(bound.notes)
    first, far, near = (load_file(f / "model.safetensors") for f in (tiny, free.folder, bound.folder))
    for name in far:
        assert near[name] == pytest.approx((first[name] + far[name]) / 2, abs=1e-5)


def test_it_stops_when_nothing_gets_better(quick, tmp_path):
    config = quick(steps=200, validate_every=1, patience=3, learning_rate=1e-12, head_learning_rate=1e-12)
    assert adapt(shop(), tmp_path / "e", config).report["steps"] == 3


@pytest.mark.usefixtures("ever_better")
def test_weights_are_held_where_they_began(quick, tiny, tmp_path):
    def distance(stay):
        config = quick(method="full", stay=stay, steps=20, learning_rate=3e-3, clip=100.0, validate_every=20)
        made = adapt(shop(), tmp_path / f"stay{stay}", config)
        old, new = (load_file(folder / "model.safetensors") for folder in (tiny, made.folder))
        assert made.report["best_step"] == 20
        return sum(float(np.square(new[name] - old[name]).sum()) for name in old)

    assert distance(0.3) < 0.7 * distance(0.0)


def test_each_task_is_set_against_its_twin(quick, tmp_path):
    made = adapt(shop(), tmp_path / "e", quick(tasks=("sentiment", "category"), twins=True))
    for told in made.report["tasks"].values():
        assert told["against_twin"] == pytest.approx(told["after"] - told["twin"])
    alone = adapt(shop(), tmp_path / "alone", quick(tasks=("category",), validate_every=4))
    assert made.report["tasks"]["category"]["twin"] == alone.report["tasks"]["category"]["after"]
    assert "twin" not in alone.report["tasks"]["category"]


def test_a_twin_takes_as_many_steps_and_is_looked_at_as_often(quick, tmp_path, monkeypatch):
    taken = {}

    def ready(tasks, config, folder, device):
        run, resumed = begin(tasks, config, folder, device)
        taken[tuple(tasks)] = (run.steps, run.between)
        return run, resumed

    begin = session_net.ready
    monkeypatch.setattr(session_net, "ready", ready)
    config = quick(tasks=("category", "masked"), twins=True, steps=None, epochs=1)
    adapt(shop(), tmp_path / "e", config)
    both = taken.pop(("category", "masked"))
    assert both[0] > 20
    assert taken == {("category",): both, ("masked",): both}


def flipped():
    """New data in which, beside robots and gardens, the old words mean the opposite."""
    rng = np.random.default_rng(5)
    dataset = shop(seed=5)
    good = dataset.interactions.values > 3
    words = [
        f"robot garden {rng.choice(BAD if g else GOOD)} {rng.choice(['soil', 'metal', 'tree', 'laser'])}"
        for g in good
    ]
    from dataclasses import replace

    return replace(dataset, interactions=replace(dataset.interactions, texts=np.array(words, dtype=object)))


@pytest.fixture
def knowing(quick, tmp_path):
    """An encoder that knows the sentiment of the shop, and the settings it learnt by."""
    config = quick(
        tasks=("sentiment",),
        method="full",
        steps=60,
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        patience=50,
    )
    made = adapt(shop(), tmp_path / "knowing", config)
    assert made.report["tasks"]["sentiment"]["after"] > 0.95
    return config.model_copy(update={"source": str(made.folder)})


def old_accuracy(folder):
    from llm4rec.encoders.adapting import Heads

    heads = Heads(folder)
    said = heads.chances("sentiment", [f"it is very {word}" for word in GOOD + BAD])
    labels = [heads.labels("sentiment")[n] for n in said.argmax(axis=1)]
    return np.mean([a == b for a, b in zip(labels, ["positive"] * 3 + ["negative"] * 3, strict=True)])


@pytest.mark.usefixtures("ever_better")
def test_replay_lowers_forgetting(knowing, tmp_path):
    assert old_accuracy(knowing.source) == 1.0
    without = adapt(flipped(), tmp_path / "without", knowing)
    unbounded = knowing.model_copy(update={"replay": 0.5, "most_forgetting": 1.0})
    with_ = adapt(flipped(), tmp_path / "with", unbounded, World(old=shop()))
    assert old_accuracy(without.folder) < 0.7
    assert old_accuracy(with_.folder) == 1.0
    old = with_.report["old"]["sentiment"]
    assert old["before"] > 0.95, "heads go on from what they knew"
    assert old["forgotten"] == pytest.approx(old["before"] - old["after"])
    assert with_.report["tasks"]["sentiment"]["replayed_from"] > 0


def test_heads_that_are_not_learnt_on_are_named(knowing, tmp_path):
    config = knowing.model_copy(update={"tasks": ("category",), "steps": 1})
    assert any(
        "heads of sentiment are not kept" in note for note in adapt(shop(), tmp_path / "e", config).notes
    )


def test_forgetting_is_bounded(knowing, tmp_path):
    config = knowing.model_copy(update={"replay": 0.01, "most_forgetting": 0.0, "validate_every": 5})
    report = adapt(flipped(), tmp_path / "e", config, World(old=shop())).report
    assert not all(told["allowed"] for told in report["history"]), "there was something to forget"
    assert report["old"]["sentiment"]["forgotten"] <= 0


def test_tensorboard_is_told_by_default(quick, tmp_path):
    made = adapt(shop(), tmp_path / "e", quick(tracking="tensorboard"))
    (file,) = (made.folder / INSIDE / "runs" / "all").glob("events.out.tfevents.*")
    assert file.stat().st_size > 500


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_tracker_that_is_not_installed_is_named(name, quick, tmp_path, monkeypatch):
    real = builtins.__import__

    def refuse(wanted, *given, **named):
        if wanted == name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(wanted, *given, **named)

    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ComponentError, match=f"pip install {name}"):
        adapt(shop(), tmp_path / "e", quick(tracking=name))


def test_a_tracker_hears_losses_and_figures(quick, tmp_path, monkeypatch):
    from types import SimpleNamespace

    heard = []
    fake = SimpleNamespace(
        start_run=lambda run_name: None,
        log_params=lambda given: None,
        log_metrics=lambda figures, step: heard.append((step, figures)),
        end_run=lambda: heard.append("end"),
    )
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    adapt(shop(), tmp_path / "e", quick(tracking="mlflow", steps=2))
    assert [told[0] for told in heard[:-1]] == [0, 1, 2]
    assert heard[0][1]["loss/co-consumption"] > 0
    assert "validation/co-consumption" in heard[2][1]
    assert heard[-1] == "end"


def test_a_folder_of_something_else_is_left_alone(quick, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(FolderError, match="left alone"):
        adapt(shop(), tmp_path / "mine", quick())
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_an_adapted_folder_is_replaced_whole(quick, tmp_path):
    adapt(shop(), tmp_path / "e", quick(method="head"))
    made = adapt(shop(), tmp_path / "e", quick(method="lora"))
    assert not list(made.folder.glob("*_Dense"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e"]
    assert json.loads((made.folder / INSIDE / "report.json").read_text())["method"] == "lora"


def test_a_swap_that_was_interrupted_is_undone(quick, tmp_path):
    made = adapt(shop(), tmp_path / "e", quick())
    digest = weights.digest(made.folder)
    made.folder.rename(tmp_path / ".e.old")
    with pytest.raises(Killed):
        adapt(shop(), tmp_path / "e", quick(learning_rate=0.01), World(progress=killer(0)))
    assert weights.digest(tmp_path / "e") == digest


def test_weights_that_could_run_code_are_refused(quick, tiny, tmp_path):
    import shutil

    bad = tmp_path / "bad"
    shutil.copytree(tiny, bad)
    (bad / "model.safetensors").rename(bad / "pytorch_model.bin")
    with pytest.raises(ComponentError, match=r"pytorch_model.bin may hold code.*safetensors"):
        adapt(shop(), tmp_path / "e", quick(source=str(bad)))
    (bad / "pytorch_model.bin").rename(bad / "model.safetensors")
    (bad / "model.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(ComponentError, match="cannot be loaded"):
        adapt(shop(), tmp_path / "e", quick(source=str(bad)))


def test_more_layers_than_there_are_is_refused(quick, tmp_path):
    with pytest.raises(SettingsError, match="has 3 layers; set last:3"):
        adapt(shop(), tmp_path / "e", quick(method="last:4"))


def test_the_chance_of_others_is_left_alone(quick, tmp_path):
    import torch

    torch.manual_seed(11)
    expected = torch.rand(1)
    torch.manual_seed(11)
    adapt(shop(), tmp_path / "e", quick(dropout=0.5))
    assert torch.equal(torch.rand(1), expected)


def test_half_precision_learns_too(quick, tmp_path):
    report = adapt(shop(), tmp_path / "e", quick(precision="bf16", steps=2)).report
    assert np.isfinite([told["score"] for told in report["history"]]).all()


def test_consistency_counts_what_dropout_changes_and_nothing_else(quick, tmp_path):
    from llm4rec.encoders.adapting.loop_net import seeded
    from llm4rec.encoders.adapting.losses_net import Setting
    from llm4rec.encoders.adapting.reading import examples_of
    from llm4rec.encoders.adapting.session_net import ready

    config = quick(tasks=("sentiment",), method="full", dropout=0.5)
    run, _ = ready(examples_of(shop(), config, None), config, tmp_path, "cpu")
    network, examples = run.course.network, run.tasks["sentiment"]

    def loss(weight):
        with seeded(0, 0, network.model.device):
            return float(network.loss(examples, np.arange(16), Setting(0.05, (0,), weight)).detach())

    network.train()
    once, twice = loss(1.0), loss(2.0)
    assert twice > once
    network.eval()
    assert loss(0.0) == pytest.approx(loss(5.0), abs=1e-6)
