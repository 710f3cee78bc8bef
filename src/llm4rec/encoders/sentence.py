"""Text to vectors by a sentence encoder on this machine. Knows nothing of items, caches or whitening."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Literal

import numpy as np
from pydantic import Field, PositiveInt

from llm4rec.core import ComponentError, Config, Floats, Numbers, Progress, SettingsError, silent
from llm4rec.encoders import loading, weights
from llm4rec.encoders.exported import Exported, Told, is_exported
from llm4rec.encoders.texts import checked

TYPICAL_TOKENS = 32


class SentenceConfig(Config):
    """Which encoder, and how it is run.

    source      "minilm" (weights of an installed package), a folder (write ./minilm for one of that name),
                or a Hugging Face hub name
    download    whether a hub name may be fetched; otherwise only the local hub cache is looked at
    precision   "auto" is bf16 where the processor has it, else fp32; cosines differ by about .0001.
                A folder that `llm4rec compress` exported has a precision of its own, and takes only "auto"
    batch_size  texts of 32 tokens in one pass: of shorter texts more are taken, of longer ones fewer
    max_length  tokens read of a text; None is the model's own limit
    """

    source: str = Field(default=weights.MINILM, min_length=1)
    download: bool = False
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    batch_size: PositiveInt = 64
    max_length: PositiveInt | None = None


class SentenceEncoder:
    """Reads a text with a language model; a vector is what the model's own pooling gives.

    Loads at the first text, not before: the name is known without. A text that is empty or blank has a
    zero vector. Texts are batched by length, so that next to nothing is computed for padding.
    """

    config_type = SentenceConfig

    def __init__(
        self, config: SentenceConfig | None = None, device: str = "cpu", progress: Progress = silent
    ) -> None:
        self.config = config or SentenceConfig()
        self.device = device
        self.progress = progress
        # The tokenizer is not safe under threads, and a pass keeps every core busy anyway.
        self._lock = RLock()
        self._opened: tuple[loading.Reader, int] | None = None

    @cached_property
    def precision(self) -> str:
        """The precision in use: as set, or the best one here; of an exported encoder, its own."""
        chosen = self.config.precision
        if self._exported is not None:
            return f"onnx-{Told.read(self._exported).precision}"
        return loading.best_precision(self.device) if chosen == "auto" else chosen

    @cached_property
    def name(self) -> str:
        """Source, fingerprint of weights and pooling, tokens read, precision."""
        if self.config.source == weights.MINILM:
            stem, digest = weights.MINILM, weights.MINILM_SHA256
        else:
            folder = weights.find(self.config.source, self.config.download)
            local = Path(self.config.source).expanduser()
            stem = local.resolve().name if local.is_dir() else self.config.source
            digest = weights.digest(folder)
        return f"{stem}-{digest[:12]}-{self.config.max_length or 'all'}-{self.precision}"

    @cached_property
    def _exported(self) -> Path | None:
        """The folder, where it holds an exported encoder; SettingsError where another precision is asked of it."""
        folder = Path(self.config.source).expanduser()
        if self.config.source == weights.MINILM or not is_exported(folder):
            return None
        if self.config.precision != "auto":
            raise SettingsError(
                f"encoder {self.config.source!r} was exported as {Told.read(folder).precision} and cannot be run as "
                f"{self.config.precision}; leave precision = 'auto', or compress it again"
            )
        return folder

    @property
    def width(self) -> int:
        """Numbers in a vector; loads the model, unless the folder of an exported one says it."""
        return self._loaded()[1] if self._exported is None else Told.read(self._exported).width

    def _loaded(self) -> tuple[loading.Reader, int]:
        """Model and width, opened by whichever thread asks first."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> tuple[loading.Reader, int]:
        if self._exported is not None:
            model: loading.Reader = Exported(self._exported)
        else:
            folder = weights.find(self.config.source, self.config.download)
            chosen = self.config.precision
            precision = loading.best_precision(self.device) if chosen == "auto" else chosen
            model = loading.open_reader(folder, precision, self.device)
        asked, own = self.config.max_length, model.max_seq_length
        if asked is not None:
            model.max_seq_length = asked if own is None else min(own, asked)
        return model, model.encode(["width"]).shape[1]

    def encode(self, contents: Sequence[str]) -> Floats:
        """(len(contents), width) float32; equal texts are read once, blank ones not at all."""
        # Halves of surrogate pairs, which no tokenizer can read, become question marks.
        texts = [text.encode("utf-8", "replace").decode() for text in checked(contents)]
        place = {text: row for row, text in enumerate(dict.fromkeys(t for t in texts if t.strip()))}
        vectors = np.zeros((len(place) + 1, self.width), dtype=np.float32)  # the last row is for blank texts
        vectors[:-1] = self._read(list(place))
        return vectors[np.array([place.get(text, -1) for text in texts], dtype=np.int64)]

    def _read(self, texts: list[str]) -> Floats:
        """One vector a text, longest texts first: what does not fit into memory fails at once."""
        model, width = self._loaded()
        vectors = np.empty((len(texts), width), dtype=np.float32)
        with self._lock:
            lengths = model.lengths(texts)
        tokens = self.config.batch_size * TYPICAL_TOKENS
        batches = list(_batches(lengths, min(tokens, getattr(model, "tokens_at_once", tokens))))
        for rows in self.progress(batches, "encoding texts", len(batches)):
            with self._lock:
                vectors[rows] = model.encode([texts[row] for row in rows])
        if not np.isfinite(vectors).all():
            raise ComponentError(
                f"encoder {self.name!r} gave vectors that are not finite; set precision = 'fp32'"
            )
        return vectors


def _batches(lengths: Numbers, tokens: int) -> Iterator[Numbers]:
    """Rows by falling length, as many a batch as `tokens` allow."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        take = max(1, tokens // max(1, int(lengths[order[start]])))
        yield order[start : start + take]
        start += take
