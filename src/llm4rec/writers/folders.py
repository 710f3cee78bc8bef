"""A folder with a causal model to a model in memory, and messages to its tokens. Loads safetensors, runs no code.

torch and transformers are imported inside the functions: they take seconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from llm4rec.core import ComponentError, GeneratorRefusedError, Message

NAMES = (
    Path("teaching") / "names.json"
)  # inside a folder: what items are called, where the model was taught that
EVENTS = NAMES.with_name("events.safetensors")  # marks of what it was taught that people took
SAVE_AGAIN = "save it again with transformers (safetensors, no code of its own)"


def open_folder(name: str, precision: Literal["fp32", "bf16"], device: str, who: str) -> tuple[Any, Any]:
    """The model, ready to write, and its tokenizer. ComponentError says why a folder will not do."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = _checked(name, who)
    known: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    opened: Any
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(str(folder), **known)
            opened = AutoModelForCausalLM.from_pretrained(
                str(folder), use_safetensors=True, dtype=dtype, output_loading_info=True, **known
            )
            model, report = opened
            model = model.to(device).eval()
    except (
        AssertionError,  # torch without the device
        OSError,
        ValueError,
        RuntimeError,
        KeyError,
        ImportError,
        AttributeError,
        SafetensorError,
    ) as error:
        first = (str(error).splitlines() or [""])[0][:300]
        raise ComponentError(
            f"{who} cannot be loaded ({type(error).__name__}: {first}); {SAVE_AGAIN}"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ComponentError(f"{who}: its weights lack {', '.join(missing[:3])}; {SAVE_AGAIN}")
    return model, tokenizer


def _checked(name: str, who: str) -> Path:
    """The folder, if it holds a causal model in safetensors."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise ComponentError(f"{who}: there is no such folder; set folder to that of a model on this machine")
    if (folder / "adapter_config.json").is_file():
        raise ComponentError(f"{who} holds an adapter; merge it into its model and save that")
    if not (folder / "config.json").is_file():
        raise ComponentError(
            f"{who}: there is no config.json, so no model; set folder to where one was saved"
        )
    if not any(folder.glob("*.safetensors")):
        raise ComponentError(f"{who} holds no safetensors, and other weights are not read; {SAVE_AGAIN}")
    return folder


def prompt_tokens(tokenizer: Any, messages: Sequence[Message], who: str) -> list[int]:
    """The messages as tokens: by the chat template of the model, or as lines where it has none."""
    if not tokenizer.chat_template:
        lines = [f"{m.role}: {m.content}" for m in messages]
        return list(tokenizer("\n".join([*lines, "assistant:"]))["input_ids"])
    from jinja2 import TemplateError

    turns = [{"role": m.role, "content": m.content} for m in messages]
    try:
        text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    except TemplateError as error:
        raise GeneratorRefusedError(
            f"{who}: its chat template refuses these messages ({error}); use other roles"
        ) from error
    # The template writes the beginning of a text itself.
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """Tokens that end an answer, as the model and its tokenizer have them."""
    own = model.generation_config.eos_token_id
    found = {*(own if isinstance(own, list) else [own]), tokenizer.eos_token_id} - {None}
    return sorted(found)


def opening_tokens(tokenizer: Any) -> list[int]:
    """What the tokenizer puts before every text, where it does."""
    first = tokenizer.bos_token_id
    found = list(tokenizer("")["input_ids"])
    return [first] if first is not None and found[:1] == [first] else []


def taught_names(name: str, who: str) -> dict[str, str]:
    """Names of items by id, as `teach` left them in the folder; empty where there are none."""
    path = Path(name).expanduser() / NAMES
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ComponentError(f"{who}: {path.name} cannot be read ({error}); teach the model again") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ComponentError(f"{who}: {path.name} holds no names of items; teach the model again")
    return found


def marks_of(events: Sequence[tuple[str, str]]) -> list[int]:
    """A number of 64 bits for each (user, item)."""
    texts = (f"{len(user)}:{user}{item}".encode("utf-8", "replace") for user, item in events)
    return [int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") for text in texts]


def event_marks(name: str, who: str) -> set[int]:
    """The marks that `teach` left in the folder; empty where there are none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = Path(name).expanduser() / EVENTS
    if not path.is_file():
        return set()
    try:
        return set(load_file(path)["marks"].tolist())
    except (SafetensorError, KeyError, OSError) as error:
        raise ComponentError(f"{who}: {path.name} cannot be read ({error}); teach the model again") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the bars of the libraries while a model loads; afterwards they are as they were."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled() and not are_progress_bars_disabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
