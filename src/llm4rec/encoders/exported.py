"""Runs an encoder that `llm4rec compress` exported: ONNX Runtime and a tokenizer, neither torch nor transformers.

Knows nothing of how the file was made. onnxruntime and tokenizers are imported inside the functions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from llm4rec.core import ComponentError, Floats, Numbers
from llm4rec.core.threads import threads
from llm4rec.encoders.onnxfile import objections

TOLD, GRAPH, TOKENIZER = "exported.json", "model.onnx", "tokenizer.json"
FORMAT = 1
INPUTS, OUTPUT = ("input_ids", "attention_mask"), "vectors"
REMEDY = "make it again with llm4rec compress"
MISSING = "pip install 'llm4rec[onnx]'"


@dataclass(frozen=True)
class Told:
    """What exported.json holds: how the graph is fed, whose weights it has, and the SHA-256 sums of both files."""

    source: str
    precision: str
    width: int
    max_length: int
    padding: int
    pooling: tuple[str, ...]
    source_digest: str
    graph_sha256: str
    tokenizer_sha256: str
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Into a folder that holds the other two files already."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (folder / TOLD).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """ComponentError where the file is not what this version writes."""
        try:
            told = json.loads((folder / TOLD).read_text(encoding="utf-8"))
            made = cls(**{**told, "pooling": tuple(told["pooling"])})
            sizes = [int(made.width), int(made.max_length), int(made.padding) + 1]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ComponentError(f"encoder in {folder}: {TOLD} cannot be read ({error}); {REMEDY}") from error
        if made.format != FORMAT or min(sizes) < 1:
            raise ComponentError(
                f"encoder in {folder}: {TOLD} has format {made.format}, this version reads {FORMAT}; {REMEDY}"
            )
        return made


def is_exported(folder: Path) -> bool:
    """Whether the folder holds an exported encoder."""
    return (folder / TOLD).is_file()


def verified(file: Path, expected: str) -> bytes:
    """The content of a file, if it is the one that was written; ComponentError otherwise."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ComponentError(f"encoder file {file} cannot be read ({error}); {REMEDY}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ComponentError(
            f"encoder file {file} is damaged or was changed (SHA-256 {found}, expected {expected}); {REMEDY}"
        )
    return content


class Exported:
    """An exported encoder in memory. One text's vector does not depend on the texts beside it, beyond rounding."""

    tokens_at_once = 512  # more would leave the processor's cache

    def __init__(self, folder: Path) -> None:
        """ComponentError names a file that is damaged, unsafe or of another format, or a library that is missing."""
        self.told = Told.read(folder)
        self.max_seq_length: int | None = self.told.max_length
        tokenizer = verified(folder / TOKENIZER, self.told.tokenizer_sha256)
        self._session = _session(folder / GRAPH, verified(folder / GRAPH, self.told.graph_sha256))
        self._tokenizer = _tokenizer(folder / TOKENIZER, tokenizer)

    def lengths(self, texts: Sequence[str]) -> Numbers:
        """Tokens of each text as they will be read."""
        return np.array([len(row.ids) for row in self._tokens(texts)], dtype=np.int64)

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), width) float32, in one pass."""
        rows = self._tokens(texts)
        shape = (len(rows), max(len(row.ids) for row in rows))
        ids, mask = np.full(shape, self.told.padding, np.int64), np.zeros(shape, np.int64)
        for at, row in enumerate(rows):
            ids[at, : len(row.ids)], mask[at, : len(row.ids)] = row.ids, 1
        return np.asarray(self._session.run([OUTPUT], {"input_ids": ids, "attention_mask": mask})[0])

    def _tokens(self, texts: Sequence[str]) -> list[Any]:
        self._tokenizer.enable_truncation(self.max_seq_length)
        found: list[Any] = self._tokenizer.encode_batch([text.strip() for text in texts])
        return found


def _session(file: Path, content: bytes) -> Any:
    """The graph, ready to run on the processor; it can reach no other file and no code beside ONNX's own operators."""
    try:
        reasons = objections(content)
    except ValueError as error:
        raise ComponentError(f"encoder file {file} is no ONNX file ({error}); {REMEDY}") from error
    if reasons:
        raise ComponentError(f"encoder file {file} is refused: it needs {', '.join(reasons)}; {REMEDY}")
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ComponentError(f"encoder in {file.parent} needs {error.name}: {MISSING}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base but Exception
        raise ComponentError(
            f"encoder file {file} cannot be run by onnxruntime {onnxruntime.__version__} ({error}); {REMEDY}"
        ) from error


def _tokenizer(file: Path, content: bytes) -> Any:
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise ComponentError(f"encoder in {file.parent} needs {error.name}: {MISSING}") from error
    try:
        tokenizer = Tokenizer.from_buffer(content)
    except Exception as error:  # raised as plain Exception
        raise ComponentError(
            f"encoder file {file} cannot be read as a tokenizer ({error}); {REMEDY}"
        ) from error
    tokenizer.no_padding()
    return tokenizer
