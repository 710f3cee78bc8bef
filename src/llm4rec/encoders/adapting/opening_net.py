"""An encoder opened for learning: safetensors only, no code of its own, in full precision. Trains nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llm4rec.core import ComponentError
from llm4rec.encoders import loading, weights

UNSAFE = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}


def open_base(source: str, max_length: int, device: str) -> tuple[Any, int | None]:
    """The model that `source` names, its texts cut to `max_length` tokens, and what it read before.

    ComponentError where it is not safe.
    """
    folder = weights.find(source)
    checked_safe(folder)
    model = loading.open_model(folder, "fp32", device)
    own: int | None = model.max_seq_length
    model.max_seq_length = max_length if own is None else min(own, max_length)
    return model, own


def checked_safe(folder: Path) -> None:
    """ComponentError where weights lie there that could run code when they are read, and no safe ones beside them."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in UNSAFE and not any(file.parent.glob("*.safetensors")):
            raise ComponentError(
                f"encoder in {folder}: {file.name} may hold code, and only safetensors are read here; "
                "save it again with sentence-transformers (save_pretrained writes safetensors)"
            )
