"""The candidates: one encoder written as folders of several precisions. Measures nothing but whether an export is true."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers.sentence_transformer.modules import Dense, Normalize
from transformers import PreTrainedTokenizerBase

from llm4rec.core import ComponentError, Floats
from llm4rec.encoders import loading, weights
from llm4rec.encoders.adapting.opening_net import checked_safe
from llm4rec.encoders.compressing.config import CompressConfig
from llm4rec.encoders.compressing.graph_net import export
from llm4rec.encoders.exported import GRAPH, TOKENIZER, Told, is_exported

LONGEST = 512  # tokens, where an encoder names no limit of its own


def open_source(config: CompressConfig) -> tuple[Path, Any]:
    """The folder and the model in fp32; ComponentError where it is unsafe, damaged or compressed already."""
    folder = weights.find(config.source)
    if is_exported(folder):
        raise ComponentError(
            f"encoder {config.source!r} is compressed already; compress the one it was made from"
        )
    checked_safe(folder)
    model = loading.open_model(folder, "fp32", "cpu")
    own = model.max_seq_length or LONGEST
    model.max_seq_length = min(own, config.max_length or own)
    return folder, model


def narrowed(model: Any, kept: Floats) -> Any:
    """The model with its vectors turned to the directions `kept` (width, fewer), of length one if they were before."""
    layer = Dense(kept.shape[0], kept.shape[1], bias=False, activation_function=torch.nn.Identity())
    layer.linear.weight.data = torch.from_numpy(np.ascontiguousarray(kept.T, dtype=np.float32))
    scaled = any(isinstance(module, Normalize) for module in model)
    model.append(layer)
    if scaled:
        model.append(Normalize())
    return model.eval()


def write_bf16(model: Any, folder: Path) -> None:
    """An ordinary sentence-transformers folder whose weights take half the room; the model is bf16 afterwards."""
    with loading._no_progress_bars():
        model.to(torch.bfloat16).save_pretrained(str(folder), create_model_card=False)


def write_fp32(model: Any, folder: Path) -> None:
    """A folder with the exported graph in fp32, and all that a candidate of other weights is made from."""
    folder.mkdir()
    _write_tokenizer(model, folder)
    export(model, folder / GRAPH)


def _write_tokenizer(model: Any, folder: Path) -> None:
    tokenizer = model.tokenizer
    inner = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(tokenizer, PreTrainedTokenizerBase) or inner is None:
        raise ComponentError(
            f"its tokenizer ({type(tokenizer).__name__}) has no tokenizer.json, which an exported encoder reads; "
            "precision = 'bf16' needs none"
        )
    if model.default_prompt_name and model.prompts.get(model.default_prompt_name):
        raise ComponentError(
            "an encoder with a prompt before each text cannot be exported; precision = 'bf16' keeps it"
        )
    inner.save(str(folder / TOKENIZER))


def tell(model: Any, folder: Path, facts: tuple[str, str, str], width: int) -> None:
    """Write what a folder with graph and tokenizer is: source, digest of its weights, precision."""
    source, digest, precision = facts
    Told(
        source=source,
        precision=precision,
        width=width,
        max_length=int(model.max_seq_length),
        padding=int(model.tokenizer.pad_token_id),
        pooling=tuple(type(module).__name__ for module in model)[1:],
        source_digest=digest,
        graph_sha256=_sha256(folder / GRAPH),
        tokenizer_sha256=_sha256(folder / TOKENIZER),
    ).write(folder)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
