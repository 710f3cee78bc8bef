"""What anyone may rely on from encoders that are read without sentence-transformers: the same vectors, or the library's."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from llm4rec.core import ComponentError
from llm4rec.encoders import SentenceConfig, SentenceEncoder, loading, weights
from llm4rec.encoders.layout import layout

TEXTS = ["a book of robots", "soil and roses and soil and peace", "Garden", "a", "machines " * 90]
OURS, THEIRS = "BertReader", "Library"


def made_of(folder, plain, behind, **told):
    """A folder of sentence-transformers: a plain one, and modules behind it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Transformer

    with loading._no_progress_bars():
        model = SentenceTransformer(modules=[Transformer(str(plain)), *behind], device="cpu", **told)
        model.save_pretrained(str(folder), create_model_card=False)
    return folder


def parts():
    import torch
    from sentence_transformers.sentence_transformer import modules

    torch.manual_seed(1)
    return modules, torch.nn.Identity()


def check_same(folder, reader, precision="fp32"):
    """Bits of the bare library, by the reader that is expected."""
    ours = loading.open_reader(folder, precision, "cpu")
    library = loading.Library(loading.open_model(folder, precision, "cpu"))
    assert type(ours).__name__ == reader
    assert ours.max_seq_length == library.max_seq_length
    np.testing.assert_array_equal(ours.lengths(TEXTS), library.lengths(TEXTS))
    for batch in (TEXTS, TEXTS[:1], TEXTS[:1] * 3):
        np.testing.assert_array_equal(ours.encode(batch), library.encode(batch))
    assert ours.encode(TEXTS).std(axis=0).max() > 0.01, "texts differ, or equality would say nothing"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("pooling", "reader"),
    [
        ("mean", OURS),
        ("cls", OURS),
        (("cls", "mean"), OURS),
        (("mean", "cls"), OURS),
        ("max", THEIRS),
        ("mean_sqrt_len_tokens", THEIRS),
        ("weightedmean", THEIRS),
        ("lasttoken", THEIRS),
        (("cls", "max"), THEIRS),
    ],
)
def test_every_pooling_of_a_bert_gives_the_vectors_of_the_library(
    pooling, reader, precision, bert_folder, tmp_path
):
    modules, _ = parts()
    folder = made_of(tmp_path / "it", bert_folder, [modules.Pooling(16, pooling)])
    check_same(folder, reader, precision)


@pytest.mark.parametrize("pooling", ["mean", "lasttoken", ("cls", "weightedmean")])
def test_a_decoder_is_left_to_the_library(pooling, gpt_folder, tmp_path):
    modules, _ = parts()
    folder = made_of(tmp_path / "it", gpt_folder, [modules.Pooling(16, pooling)])
    check_same(folder, THEIRS)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_layers_behind_the_pooling_count(precision, bert_folder, tmp_path):
    modules, identity = parts()
    behind = [
        modules.Pooling(16),
        modules.Dense(16, 24),
        modules.Dense(24, 8, bias=False, activation_function=identity),
        modules.Normalize(),
    ]
    check_same(made_of(tmp_path / "it", bert_folder, behind), OURS, precision)


@pytest.mark.parametrize(
    "other",
    [
        lambda modules: modules.LayerNorm(16),
        lambda modules: modules.Dense(16, 16, use_residual=True),
        lambda modules: modules.Dense(16, 16, activation_function=__import__("torch").nn.GELU()),
    ],
    ids=["layer norm", "residual", "gelu"],
)
def test_a_module_that_is_not_known_is_left_to_the_library(other, bert_folder, tmp_path):
    modules, _ = parts()
    folder = made_of(tmp_path / "it", bert_folder, [modules.Pooling(16), other(modules)])
    assert layout(folder) is None
    check_same(folder, THEIRS)


@pytest.mark.parametrize(("with_prompt", "reader"), [(True, OURS), (False, THEIRS)])
def test_a_prompt_goes_before_every_text(with_prompt, reader, bert_folder, tmp_path):
    modules, _ = parts()
    behind = [modules.Pooling(16, include_prompt=with_prompt)]
    told = {"prompts": {"topic": "soil and "}, "default_prompt_name": "topic"}
    folder = made_of(tmp_path / "it", bert_folder, behind, **told)
    check_same(folder, reader)
    plain = loading.open_reader(bert_folder, "fp32", "cpu")
    if with_prompt:
        prompted = loading.open_reader(folder, "fp32", "cpu")
        np.testing.assert_allclose(prompted.encode(["roses"]), plain.encode(["soil and roses"]), atol=1e-6)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_plain_folder_and_the_default_weights_give_the_vectors_of_the_library(precision, bert_folder):
    check_same(bert_folder, OURS, precision)
    check_same(weights.find(weights.MINILM), OURS, precision)


def test_a_checkpoint_with_a_head_is_read_without_it(bert_folder, tmp_path):
    import torch
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(2)
    folder = tmp_path / "it"
    shutil.copytree(bert_folder, folder)
    with loading._no_progress_bars():
        BertForMaskedLM(BertConfig.from_pretrained(bert_folder, hidden_act="relu")).save_pretrained(folder)
    check_same(folder, OURS)


@pytest.mark.parametrize(
    ("file", "told", "reader"),
    [
        ("tokenizer_config.json", {"padding_side": "left"}, OURS),
        ("tokenizer_config.json", {"model_max_length": 10**6}, OURS),
        ("sentence_bert_config.json", {"max_seq_length": 5}, OURS),
        ("config.json", {"layer_norm_eps": 0.1}, OURS),
        ("config.json", {"hidden_act": "gelu_new"}, THEIRS),
        ("config.json", {"is_decoder": True}, THEIRS),
        ("sentence_bert_config.json", {"do_lower_case": True}, THEIRS),
        ("config_sentence_transformers.json", {"truncate_dim": 3}, THEIRS),
        ("1_Pooling/config.json", {"what_is_this": 1}, None),
        ("config.json", {"auto_map": {"AutoModel": "code.Other"}}, None),
        ("config_sentence_transformers.json", {"default_prompt_name": "unheard of"}, None),
    ],
)
def test_one_setting_decides_who_reads(file, told, reader, bert_folder, tmp_path):
    modules, _ = parts()
    folder = made_of(tmp_path / "it", bert_folder, [modules.Pooling(16, "cls")])
    assert layout(folder) is not None
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | told))
    if reader is None:
        assert layout(folder) is None
    else:
        check_same(folder, reader)


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("file", "spoil"),
    [
        ("model.safetensors", cut),
        ("modules.json", lambda path: path.write_text("[{")),
        ("modules.json", lambda path: path.write_text('{"path": 1}')),
        (
            "config.json",
            lambda path: path.write_text(path.read_text().replace('"vocab_size": 20', '"vocab_size": 30')),
        ),
        ("tokenizer.json", cut),
        ("2_Dense/model.safetensors", cut),
        ("2_Dense/config.json", lambda path: path.write_text(path.read_text().replace("16", "12"))),
    ],
)
def test_a_damaged_folder_is_said_by_name(file, spoil, bert_folder, tmp_path):
    modules, _ = parts()
    folder = made_of(tmp_path / "it", bert_folder, [modules.Pooling(16), modules.Dense(16, 16)])
    spoil(folder / file)
    with pytest.raises(ComponentError, match=r"(?s)encoder in .*it cannot be loaded.*save it again"):
        SentenceEncoder(SentenceConfig(source=str(folder), precision="fp32")).encode(["a book"])


FRESH = """
import sys
from llm4rec.encoders import SentenceEncoder
assert SentenceEncoder().encode(["a book of robots"]).any()
print(*{"sentence_transformers", "sklearn", "peft", "torch"} & set(sys.modules))
"""


def test_encoding_with_the_default_weights_loads_torch_but_not_the_library():
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["torch"]
