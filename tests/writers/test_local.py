"""A tiny causal model on this machine: what it was taught comes out, and nothing outside a schema does."""

import json
import random
import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from llm4rec.core import (
    BrokenAnswerError,
    ComponentError,
    GeneratorRefusedError,
    GeneratorTimeoutError,
    Message,
    SettingsError,
)
from llm4rec.testing import check_generator
from llm4rec.writers import LocalConfig, LocalGenerator

from .conftest import LEARNT

TITLES = ["Solaris", "Robots & roses", 'The "garden"', "Ünder the sky"]
PICK = {
    "type": "object",
    "properties": {"title": {"enum": TITLES}, "sure": {"type": "boolean"}},
    "required": ["title", "sure"],
    "additionalProperties": False,
}


def user(text):
    return [Message("user", text)]


@pytest.fixture
def local(taught_folder):
    def make(**options):
        return LocalGenerator(LocalConfig.of({"folder": str(taught_folder), "max_tokens": 40, **options}))

    return make


@pytest.fixture
def copy(taught_folder, tmp_path):
    """The folder, to be spoilt."""
    return shutil.copytree(taught_folder, tmp_path / "copy")


def test_keeps_the_contract(local):
    check_generator(local())


@pytest.mark.parametrize(("start", "end"), LEARNT.items())
def test_what_was_taught_comes_out(local, start, end):
    assert local().complete(user(start)).strip() == end


def test_nothing_global_is_seeded(local):
    generator = local(temperature=1.0)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    generator.complete(user("the sky is"))
    assert torch.equal(torch.rand(3), expected)


def test_chance_depends_on_the_seed_alone(local):
    def answers(seed):
        generator = local(temperature=3.0, seed=seed, max_tokens=20)
        return [generator.complete(user(text)) for text in ("roses are", "the sky is", "roses are")]

    first = answers(1)
    assert first == answers(1)
    assert first[0] == first[2]
    assert first != answers(2)


def test_a_low_temperature_is_the_likeliest(local):
    assert local(temperature=0.01, seed=9).complete(user("roses are")).strip() == "red"


@pytest.mark.parametrize("temperature", [0.0, 5.0])
def test_only_what_the_schema_allows_comes_out(local, temperature):
    rng = random.Random(3)
    generator = local(temperature=temperature, max_tokens=60)
    for _ in range(5):
        prompt = "".join(chr(rng.randrange(32, 500)) for _ in range(20))
        found = generator.complete(user(prompt), PICK)
        assert found["title"] in TITLES
        assert isinstance(found["sure"], bool)


def test_without_constraint_an_answer_that_is_no_json_is_told(local):
    with pytest.raises(BrokenAnswerError, match=r"not JSON|cut off"):
        local(constrained=False).complete(user("the sky is"), PICK)


@pytest.mark.parametrize(("least", "fits"), [(1, True), (3, False)])
def test_what_no_grammar_can_hold_is_checked_afterwards(local, least, fits):
    schema = {
        "type": "array",
        "items": {"enum": [1]},
        "minItems": least,
        "maxItems": least,
        "uniqueItems": True,
    }
    if fits:
        assert local().complete(user("x"), schema) == [1]
    else:
        with pytest.raises(BrokenAnswerError, match=r"\[1\] repeats 1"):
            local().complete(user("x"), schema)


def test_a_schema_that_nothing_fits_is_told(local):
    schema = {"type": "string", "minLength": 3, "maxLength": 2}
    with pytest.raises(SettingsError, match="cannot be held to this schema"):
        local().complete(user("x"), schema)


def test_a_missing_package_is_told_with_its_command(local, monkeypatch):
    monkeypatch.setitem(sys.modules, "llguidance.hf", None)
    with pytest.raises(
        ComponentError, match=r"pip install 'llm4rec\[generation\]', or set constrained = false"
    ):
        local().complete(user("x"), PICK)


def test_a_device_that_is_not_there_is_told(taught_folder):
    generator = LocalGenerator(LocalConfig(folder=str(taught_folder)), device="xpu:7")
    with pytest.raises(ComponentError, match="cannot be loaded"):
        generator.complete(user("x"))


def test_room_is_checked_before_writing(local):
    with pytest.raises(
        GeneratorRefusedError, match=r"a prompt of \d+ tokens and an answer of 40 do not fit into its 640"
    ):
        local().complete(user("x" * 600))


def test_it_does_not_write_for_ever(local):
    with pytest.raises(GeneratorTimeoutError, match="not ready in time"):
        local(timeout=1e-9).complete(user("the sky is"))


def test_a_chat_template_is_used(copy):
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    settings["chat_template"] = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
    (copy / "tokenizer_config.json").write_text(json.dumps(settings))
    assert LocalGenerator(LocalConfig(folder=str(copy))).complete(user("roses are")).strip() == "red"
    settings["chat_template"] = "{{ raise_exception('no system here') }}"
    (copy / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(GeneratorRefusedError, match=r"chat template refuses .*no system here"):
        LocalGenerator(LocalConfig(folder=str(copy))).complete(user("roses are"))


def test_habits_of_the_folder_do_not_change_greedy_answers(copy):
    habits = {"do_sample": True, "temperature": 9.0, "top_k": 3, "num_beams": 4, "eos_token_id": 0}
    (copy / "generation_config.json").write_text(json.dumps(habits))
    generator = LocalGenerator(LocalConfig(folder=str(copy)))
    assert [generator.complete(user("roses are")).strip() for _ in range(3)] == ["red"] * 3


def spoil_weights(folder, change):
    file = folder / "model.safetensors"
    weights = load_file(file)
    change(weights)
    save_file(weights, file, metadata={"format": "pt"})


def not_finite(weights):
    weights["transformer.ln_f.bias"][:] = float("nan")


def lacking(weights):
    del weights["transformer.h.1.mlp.c_fc.weight"]


def pickled(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def own_code(folder):
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.C", "AutoModelForCausalLM": "mine.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('code of a folder was run')\n")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: spoil_weights(f, not_finite), "not finite; set precision"),
        (
            lambda f: spoil_weights(f, lacking),
            r"weights lack transformer\.h\.1\.mlp\.c_fc\.weight; save it again",
        ),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x00" * 50), "cannot be loaded"),
        (pickled, "holds no safetensors, and other weights are not read"),
        (own_code, r"cannot be loaded .*save it again with transformers"),
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "cannot be loaded"),
        (lambda f: (f / "tokenizer.json").unlink(), "cannot be loaded"),
        (lambda f: (f / "adapter_config.json").write_text("{}"), "holds an adapter; merge it"),
        (shutil.rmtree, "no such folder"),
    ],
)
def test_a_folder_that_will_not_do_is_told(copy, spoil, told):
    spoil(copy)
    with pytest.raises(ComponentError, match=told):
        LocalGenerator(LocalConfig(folder=str(copy))).complete(user("roses are"))


def test_no_folder_is_told_at_once():
    with pytest.raises(SettingsError, match="folder is empty"):
        LocalGenerator()
