"""Compressed encoders: the same vectors within stated limits, files that are checked, folders that appear whole."""

import json
import subprocess
import sys

import numpy as np
import pytest

from llm4rec.core import ComponentError, FolderError, SettingsError
from llm4rec.encoders import SentenceConfig, SentenceEncoder, weights
from llm4rec.encoders.compressing import CompressConfig, Questions, compress
from llm4rec.encoders.compressing import folder as folders
from llm4rec.encoders.compressing.candidates import kept_in_fp32
from llm4rec.encoders.exported import Told
from llm4rec.encoders.onnxfile import objections
from tinyencoder import GARDENS, ROBOTS, write_tiny

for needed in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(needed, reason=f"{needed} is missing: pip install 'llm4rec[onnx]'")

from llm4rec.encoders.compressing import graph_net, making_net  # noqa: E402 - they need those libraries

TEXTS = [
    " ".join(words[(n + step) % 8] for step in range(1 + n % 5))
    for words in (ROBOTS, GARDENS)
    for n in range(8)
]
QUICK = {"turns": 1, "timed": 4}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The tiny encoder with layers that count: as made, its vectors are hardly more than looked up."""
    from safetensors.numpy import load_file, save_file

    folder = write_tiny(tmp_path_factory.mktemp("models"))
    file = folder / "model.safetensors"
    weights_ = load_file(file)
    louder = {n: w * 15 if "layer." in n and "LayerNorm" not in n else w for n, w in weights_.items()}
    save_file(louder, file, metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def config(tiny):
    return lambda **more: CompressConfig(source=str(tiny), **{**QUICK, **more})


@pytest.fixture(scope="module")
def exported(config, tmp_path_factory):
    """The tiny encoder exported in fp32 by the real exporter, which takes seconds."""
    return compress(tmp_path_factory.mktemp("exported") / "fp32", config(precision="fp32"), Questions(TEXTS))


@pytest.fixture(scope="module")
def once(exported):
    """Further exports of the tiny encoder are copies of the first."""
    with pytest.MonkeyPatch.context() as patch:
        graph = (exported.folder / "model.onnx").read_bytes()
        patch.setattr(making_net, "export", lambda model, file: file.write_bytes(graph))
        yield


@pytest.fixture(scope="module")
def made(config, once, tmp_path_factory):
    """The tiny encoder in 8 bits."""
    return compress(tmp_path_factory.mktemp("made") / "small", config(precision="int8"), Questions(TEXTS))


def opened(folder, **options):
    return SentenceEncoder(SentenceConfig(source=str(folder), **options))


def changed(made, folder, name, content):
    """A copy of the folder with another file in it."""
    folder.mkdir()
    for file in made.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / name).write_bytes(content)
    return folder


def test_the_folder_works_as_an_encoder_and_is_near_the_one_it_was_made_from(made, tiny):
    before = opened(tiny, precision="fp32").encode([*TEXTS, ""])
    after = opened(made.folder).encode([*TEXTS, ""])
    assert after.shape == before.shape
    assert not after[-1].any()
    cosines = (before[:-1] * after[:-1]).sum(axis=1)
    assert cosines.min() > 0.99
    assert cosines.min() < 1 - 1e-6  # it is not fp32 under another name
    told = {row["precision"]: row for row in made.report["precisions"]}
    assert list(told) == ["as it was (fp32)", "int8"]
    assert told["int8"]["drift"]["worst"] == pytest.approx(1 - cosines.min(), abs=2e-6)


def test_an_export_in_fp32_gives_the_same_vectors(exported, tiny):
    before, after = opened(tiny, precision="fp32").encode(TEXTS), opened(exported.folder).encode(TEXTS)
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_the_report_lies_in_the_folder_and_tells_size_speed_and_price(made):
    assert json.loads((made.folder / "compression.json").read_text()) == made.report
    for row in made.report["precisions"]:
        assert {"megabytes", "texts_per_second", "single_ms", "drift", "neighbours_kept"} <= set(row)
    shares = [row["share_kept"] for row in made.report["widths"]]
    assert shares[0] == pytest.approx(1.0, abs=1e-4)


def test_a_vector_does_not_depend_on_the_texts_beside_it(made):
    encoder = opened(made.folder)
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1]), together[::-1])


def test_neither_torch_nor_transformers_is_loaded_to_run_it(made):
    code = (
        "import sys; from llm4rec.encoders import SentenceConfig, SentenceEncoder;"
        f"SentenceEncoder(SentenceConfig(source={str(made.folder)!r})).encode(['robot']);"
        "print({'torch', 'transformers', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_name_follows_the_weights_and_not_the_report(made, tiny, tmp_path):
    name = opened(made.folder).name
    assert name.endswith("-all-onnx-int8")
    assert name != opened(tiny).name
    copy = changed(made, tmp_path / "small", "compression.json", b"{}")
    assert opened(copy).name == name
    graph = (made.folder / "model.onnx").read_bytes()
    assert weights.digest(changed(made, tmp_path / "b", "model.onnx", graph + b"\0")) != weights.digest(copy)


def test_long_texts_are_cut_where_asked(made):
    first, second = opened(made.folder, max_length=4).encode(["robot space", "robot space metal engine"])
    np.testing.assert_allclose(first, second, atol=1e-6)  # begin, two words, end


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.onnx", lambda old: old[: len(old) // 2], "damaged or was changed"),
        ("model.onnx", lambda old: old[:-1] + bytes([old[-1] ^ 1]), "damaged or was changed"),
        ("tokenizer.json", lambda old: old.replace(b"robot", b"rabot"), "damaged or was changed"),
        ("exported.json", lambda old: b"{", "cannot be read"),
        ("exported.json", lambda old: old.replace(b'"format": 1', b'"format": 2'), "format 2"),
    ],
)
def test_files_that_are_not_what_was_written_are_refused(made, tmp_path, name, content, words):
    folder = changed(made, tmp_path / "bad", name, content((made.folder / name).read_bytes()))
    with pytest.raises(ComponentError, match=words):
        opened(folder).encode(["robot"])


def graph_of(node, initializers=()):
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "g", [value("x", TensorProto.FLOAT, [1])], [value("y", TensorProto.FLOAT, [1])], initializers
    )
    return helper.make_model(graph).SerializeToString()


def test_operators_of_others_and_numbers_elsewhere_are_refused(made, tmp_path):
    from onnx import TensorProto, helper

    far = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    far.external_data.add(key="location", value="/etc/passwd")
    inside = helper.make_node("If", ["x"], ["y"], then_branch=helper.make_graph([], "t", [], [], [far]))
    bad = {
        "an operator of 'evil'": graph_of(helper.make_node("Run", ["x"], ["y"], domain="evil")),
        "numbers in another file": graph_of(helper.make_node("Add", ["x", "w"], ["y"]), [far]),
    }
    assert objections(graph_of(inside)) == ["numbers in another file"]
    assert objections(graph_of(helper.make_node("Abs", ["x"], ["y"]))) == []
    for place, (words, content) in enumerate(bad.items()):
        folder = changed(made, tmp_path / str(place), "model.onnx", content)
        told = json.loads((folder / "exported.json").read_text())
        from hashlib import sha256

        told["graph_sha256"] = sha256(content).hexdigest()
        (folder / "exported.json").write_text(json.dumps(told))
        with pytest.raises(ComponentError, match=f"is refused: it needs {words}"):
            opened(folder).encode(["robot"])


@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers"])
def test_a_missing_library_is_named_with_its_extra(made, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ComponentError, match=rf"needs {missing}: pip install 'llm4rec\[onnx\]'"):
        opened(made.folder).encode(["robot"])


def test_a_library_missing_for_the_export_is_named_before_anything_is_done(config, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ComponentError, match=r"needs onnx: pip install 'llm4rec\[onnx\]'"):
        compress(tmp_path / "out", config(), Questions(TEXTS))
    assert list(tmp_path.iterdir()) == []


def test_bf16_is_an_ordinary_folder_of_half_the_size(config, tiny, tmp_path):
    made = compress(tmp_path / "half", config(precision="bf16"), Questions(TEXTS))
    assert made.report["chosen"] == "bf16"
    assert (made.folder / "modules.json").is_file()
    sizes = [
        sum(file.stat().st_size for file in folder.rglob("model.safetensors"))
        for folder in (tiny, made.folder)
    ]
    assert sizes[1] < 0.75 * sizes[0]
    before, after = opened(tiny, precision="fp32").encode(TEXTS), opened(made.folder).encode(TEXTS)
    assert (before * after).sum(axis=1).min() > 0.999


def test_fewer_numbers_keep_what_is_strongest(config, tiny, tmp_path):
    made = compress(tmp_path / "narrow", config(precision="bf16", width=6), Questions(TEXTS))
    before, after = opened(tiny, precision="fp32").encode(TEXTS), opened(made.folder).encode(TEXTS)
    assert (after.shape, opened(made.folder).width) == ((len(TEXTS), 6), 6)
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1.0, atol=1e-5)
    _, strength, turned = np.linalg.svd(before.astype(np.float64), full_matrices=False)
    best = before @ turned[:6].T
    best /= np.linalg.norm(best, axis=1, keepdims=True)
    np.testing.assert_allclose(after @ after.T, best @ best.T, atol=0.02)
    share = {row["width"]: row["share_kept"] for row in made.report["widths"]}
    assert share[6] == pytest.approx((strength[:6] ** 2).sum() / (strength**2).sum(), abs=1e-4)


def test_auto_takes_the_smallest_within_the_limits(config, once, tmp_path):
    made = compress(tmp_path / "a", config(), Questions(TEXTS))
    rows = {row["precision"]: row for row in made.report["precisions"]}
    assert list(rows) == ["as it was (fp32)", "fp32", "int8", "bf16"]
    sizes = {name: row["megabytes"] for name, row in rows.items() if row.get("refused") == ""}
    assert made.report["chosen"] == min(sizes, key=sizes.get)


def test_limits_decide_what_auto_takes_and_say_why(config, once, tmp_path):
    strict = config(most_drift=1e-7, most_drift_p99=1e-6)
    made = compress(tmp_path / "a", strict, Questions(TEXTS))
    assert made.report["chosen"] == "fp32"
    assert any("no half of the layers" in note for note in made.report["notes"])
    lost = compress(tmp_path / "b", config(), Questions(TEXTS, worth_less_unless_exact(TEXTS, config)))
    assert lost.report["chosen"] == "fp32"
    refused = {row["precision"]: row.get("refused") for row in lost.report["precisions"]}
    assert "NDCG changed by -50.00%" in refused["int8"]
    asked = compress(tmp_path / "c", config(precision="int8", most_drift=1e-7), Questions(TEXTS))
    assert "although vectors moved" in asked.report["why"]


def worth_less_unless_exact(texts, config):
    """Gains of 300 questions that halve as soon as a vector differs from fp32 by more than rounding."""
    exact = opened(config().source, precision="fp32").encode(texts)
    return lambda vectors: np.full(300, 1.0 if np.allclose(vectors, exact, atol=1e-5) else 0.5)


def test_few_questions_decide_nothing(config, once, tmp_path):
    asked = Questions(TEXTS, lambda vectors: worth_less_unless_exact(TEXTS, config)(vectors)[:5])
    made = compress(tmp_path / "few", config(), asked)
    assert not any(row.get("refused") for row in made.report["precisions"])
    assert any("only 5 questions" in note for note in made.report["notes"])


def test_the_layers_that_move_most_stay_in_fp32():
    harm = {"a": 0.001, "b": 0.5, "c": 0.002, "d": 0.2, "e": 0.001, "f": 0.001}
    before = np.tile(np.array([[1.0, 0.0]], np.float32), (10, 1))

    def make(left_out):
        angle = np.arccos(1 - sum(value for name, value in harm.items() if name not in left_out))
        return np.tile(np.array([[np.cos(angle), np.sin(angle)]], np.float32), (10, 1))

    limits = CompressConfig(most_drift=0.01, most_drift_p99=0.03)
    assert kept_in_fp32(list(harm), make, before, limits) == (["b", "d"], True)
    assert kept_in_fp32(list(harm), make, before, CompressConfig(most_drift=0.0)) == ([], False)
    assert kept_in_fp32(list(harm), make, before, CompressConfig(most_drift=0.9, most_drift_p99=0.9)) == (
        [],
        True,
    )


def test_layers_left_out_and_tables_change_the_graph(exported, tmp_path, monkeypatch):
    full = exported.folder / "model.onnx"
    names = graph_net.layers(full)
    assert len(names) == 18  # six products in each of three layers
    assert graph_net.to_int8(full, tmp_path / "some.onnx", names[:5]) == 13
    assert graph_net.layers(tmp_path / "some.onnx") == names[:5]
    monkeypatch.setattr(graph_net, "LOOKED_UP", 40)
    graph_net.to_int8(full, tmp_path / "table.onnx", names)
    assert (tmp_path / "table.onnx").stat().st_size < full.stat().st_size


def test_a_run_that_dies_leaves_the_earlier_folder_and_the_next_clears_up(
    config, made, tmp_path, monkeypatch
):
    output = tmp_path / "out"
    compress(output, config(precision="bf16"), Questions(TEXTS))
    earlier = (output / "compression.json").read_bytes()
    monkeypatch.setattr(folders, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        compress(output, config(precision="bf16"), Questions(TEXTS))
    assert (output / "compression.json").read_bytes() == earlier
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    output.rename(tmp_path / ".out.old")  # killed between the two moves
    (tmp_path / ".out.new").mkdir()  # and with its work lying there
    folders.begin(output)
    assert (output / "compression.json").read_bytes() == earlier


def test_what_is_not_ours_is_left_alone(config, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FolderError, match="left alone"):
        compress(tmp_path, config(), Questions(TEXTS))
    with pytest.raises(FolderError, match="is a file"):
        compress(tmp_path / "mine.txt", config(), Questions(TEXTS))


def test_bad_sources_and_widths_are_named(config, made, tiny, tmp_path):
    with pytest.raises(ComponentError, match="compressed already"):
        compress(tmp_path / "a", CompressConfig(source=str(made.folder), **QUICK), Questions(TEXTS))
    with pytest.raises(SettingsError, match="more than the 16 numbers"):
        compress(tmp_path / "b", config(width=17), Questions(TEXTS))
    with pytest.raises(SettingsError, match="exported as int8 and cannot be run as bf16"):
        opened(made.folder, precision="bf16").encode(["robot"])
    unsafe = tmp_path / "unsafe"
    unsafe.mkdir()
    (unsafe / "config.json").write_text("{}")
    (unsafe / "pytorch_model.bin").write_bytes(b"code")
    with pytest.raises(ComponentError, match="may hold code"):
        compress(tmp_path / "c", CompressConfig(source=str(unsafe), **QUICK), Questions(TEXTS))


def test_a_narrow_encoder_is_exported_whole(config, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(making_net, "export", graph_net.export)
    made = compress(tmp_path / "narrow", config(precision="fp32", width=6), Questions(TEXTS))
    after = opened(made.folder)
    assert (after.encode(TEXTS).shape, after.width) == ((len(TEXTS), 6), 6)
    assert made.report["precisions"][1]["drift"]["worst"] < 1e-4


def test_an_export_that_computes_something_else_is_refused(config, exported, tmp_path, monkeypatch):
    monkeypatch.setattr(
        making_net,
        "export",
        lambda model, file: graph_net.to_int8(exported.folder / "model.onnx", file),
    )
    with pytest.raises(ComponentError, match="does not give the vectors"):
        compress(tmp_path / "a", config(precision="fp32"), Questions(TEXTS))


def test_what_is_told_survives_a_round_trip(made, tmp_path):
    told = Told.read(made.folder)
    assert (told.precision, told.width, told.pooling) == ("int8", 16, ("Pooling", "Normalize"))
    told.write(tmp_path)
    assert Told.read(tmp_path) == told
