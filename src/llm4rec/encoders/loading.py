"""Weights on disk to a model in memory, quietly, in the precision that suits the processor. No texts here.

torch, transformers and sentence-transformers are imported inside the functions: they take seconds, the last most of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from llm4rec.core import ComponentError, Floats, Numbers
from llm4rec.encoders.layout import layout

Precision = Literal["bf16", "fp32"]
TOKENISED_AT_ONCE = 4096


class Reader(Protocol):
    """An encoder in memory that only reads: as much as one pass takes, longest texts first."""

    max_seq_length: int | None

    def lengths(self, texts: Sequence[str]) -> Numbers:
        """Tokens of each text as they will be read."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), width) float32."""


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


def open_reader(folder: Path, precision: Precision, device: str) -> Reader:
    """The encoder on `device`, read by torch alone where `layout` allows, else by sentence-transformers.

    Nothing is fetched and no code from the folder is run.
    """
    _check_device(device)
    laid = layout(folder)
    if laid is not None:
        from safetensors import SafetensorError

        from llm4rec.encoders.bert_net import BertReader

        # Files that are not what their settings say: the library reads them, or says what is wrong with them.
        with suppress(OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError):
            return BertReader(laid, _dtype(precision), device)
    return Library(open_model(folder, precision, device))


def open_model(folder: Path, precision: Precision, device: str) -> Any:
    """A SentenceTransformer on `device`, which can learn and be saved; nothing is fetched, no code of the folder is run."""
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    _check_device(device)
    try:
        with _no_progress_bars():
            model = SentenceTransformer(
                str(folder),
                device=device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"dtype": _dtype(precision)},
            )
    except (OSError, ValueError, TypeError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        raise ComponentError(
            f"encoder in {folder} cannot be loaded ({type(error).__name__}: {error}); "
            "save it again with sentence-transformers or transformers (safetensors, no code of its own)"
        ) from error
    return _ready(model, folder)


class Library:
    """A SentenceTransformer as a reader: it knows its own prompt, pooling and scaling."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @property
    def max_seq_length(self) -> int | None:
        """Tokens read of a text."""
        limit: int | None = self.model.max_seq_length
        return limit

    @max_seq_length.setter
    def max_seq_length(self, limit: int | None) -> None:
        self.model.max_seq_length = limit

    def lengths(self, texts: Sequence[str]) -> Numbers:
        """Tokens of each text; characters where its tokenizer cannot be asked."""
        from transformers import PreTrainedTokenizerBase

        if not isinstance(self.model.tokenizer, PreTrainedTokenizerBase):
            return np.array([len(text) for text in texts], dtype=np.int64)
        return token_counts(self.model.tokenizer, self.max_seq_length, texts)

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), width) float32, in one pass."""
        found = self.model.encode(
            list(texts), batch_size=len(texts), show_progress_bar=False, convert_to_tensor=True
        )
        return np.asarray(found.float().cpu().numpy(), dtype=np.float32)


def token_counts(tokenizer: Any, limit: int | None, texts: Sequence[str]) -> Numbers:
    """Tokens of each text, at most `limit`."""
    found: list[int] = []
    for start in range(0, len(texts), TOKENISED_AT_ONCE):
        part = list(texts[start : start + TOKENISED_AT_ONCE])
        tokens = tokenizer(part, truncation=limit is not None, max_length=limit)
        found += [len(row) for row in tokens["input_ids"]]
    return np.array(found, dtype=np.int64)


def padded(tokenizer: Any, folder: Path) -> None:
    """Give the tokenizer a padding token where it has none; ComponentError where no token will do."""
    if getattr(tokenizer, "pad_token", "") is None:
        # GPT-like models were trained without padding; any token does, because the mask hides it.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        if tokenizer.pad_token is None:
            raise ComponentError(
                f"encoder in {folder}: its tokenizer has no padding token; give it one and save"
            )


def _ready(model: Any, folder: Path) -> Any:
    """The model with a padding token, pooling and everything behind it in fp32."""
    padded(model.tokenizer, folder)
    first, *rest = model
    for module in rest:
        module.float()
    if rest:
        # A mean over tokens and a length taken in bf16 lose two digits (lengths of .996 for 1).
        first.register_forward_hook(lambda _module, _given, found: _widened(found))
    return model.eval()


def _dtype(precision: Precision) -> Any:
    import torch

    return torch.bfloat16 if precision == "bf16" else torch.float32


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
