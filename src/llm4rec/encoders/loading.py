"""Weights on disk to a model in memory, quietly, in the precision that suits the processor. No texts here.

torch and sentence-transformers are imported inside the functions: they take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

from llm4rec.core import ComponentError

Precision = Literal["bf16", "fp32"]


def best_precision(device: str) -> Precision:
    """bf16 where the processor multiplies it natively, else fp32: emulated bf16 is slower than fp32."""
    if device.startswith("cpu"):
        return "bf16" if _cpu_flags() & {"avx512_bf16", "amx_bf16"} else "fp32"
    if device.startswith("cuda"):
        import torch

        return "bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "fp32"
    return "fp32"


@cache
def _cpu_flags() -> frozenset[str]:
    """What the processor can do, as Linux lists it; elsewhere nothing is known. Asks no torch: a cache hit may not load it."""
    listing = Path("/proc/cpuinfo")
    if not listing.is_file():
        return frozenset()
    for line in listing.read_text(errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def open_model(folder: Path, precision: Precision, device: str) -> Any:
    """A SentenceTransformer on `device`; nothing is fetched and no code from the folder is run."""
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    _check_device(device)
    options = {"dtype": torch.bfloat16 if precision == "bf16" else torch.float32}
    try:
        with _no_progress_bars():
            model = SentenceTransformer(
                str(folder),
                device=device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs=options,
            )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        raise ComponentError(
            f"encoder in {folder} cannot be loaded ({type(error).__name__}: {error}); "
            "save it again with sentence-transformers or transformers (safetensors, no code of its own)"
        ) from error
    return _ready(model, folder)


def _ready(model: Any, folder: Path) -> Any:
    """The model with a padding token, pooling and everything behind it in fp32."""
    tokenizer = model.tokenizer
    if getattr(tokenizer, "pad_token", "") is None:
        # GPT-like models were trained without padding; any token does, because the mask hides it.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        if tokenizer.pad_token is None:
            raise ComponentError(
                f"encoder in {folder}: its tokenizer has no padding token; give it one and save"
            )
    first, *rest = model
    for module in rest:
        module.float()
    if rest:
        # A mean over tokens and a length taken in bf16 lose two digits (lengths of .996 for 1).
        first.register_forward_hook(lambda _module, _given, found: _widened(found))
    return model.eval()


def _widened(features: Mapping[str, Any]) -> dict[str, Any]:
    import torch

    return {
        name: value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        for name, value in features.items()
    }


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ComponentError(
            f"device {device!r} cannot be used here ({reason}); set device = 'cpu'"
        ) from error


@contextmanager
def _no_progress_bars() -> Iterator[None]:
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
