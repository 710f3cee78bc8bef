"""An encoder that remembers: a text read once is never read again. Knows nothing of how a vector is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from llm4rec.core import Encoder, Floats, Progress, silent
from llm4rec.encoders.texts import checked
from llm4rec.encoders.vectorfile import VectorFile

FILE_NAME = "vectors.sqlite"
WRITTEN_AT_ONCE = 2048


class CachedEncoder:
    """`encoder`, with its vectors kept in `folder`/vectors.sqlite by encoder name and content hash.

    Where all texts are known the encoder is not touched, so it loads nothing. New vectors are written
    every few thousand texts: an interrupted job goes on where it stopped. Encoders do not mix.
    """

    def __init__(self, encoder: Encoder, folder: Path | str, progress: Progress = silent) -> None:
        self.encoder = encoder
        self.file = VectorFile(Path(folder).expanduser() / FILE_NAME)
        self.progress = progress

    @property
    def name(self) -> str:
        """That of the encoder: a cache changes no vector."""
        return self.encoder.name

    @cached_property
    def width(self) -> int:
        """As written in the file, else as the encoder says."""
        known = self.file.width(self.name)
        return self.encoder.width if known is None else known

    def ready(self) -> None:
        """Load what encodes, so that the next text that is not known need not wait for it."""
        self.encoder.encode(["ready"])

    def encode(self, contents: Sequence[str]) -> Floats:
        """(len(contents), width) float32, from the file where it has them."""
        texts = {_key(text): text for text in checked(contents)}
        found = self.file.read(self.name, list(texts))
        # Equal lengths side by side waste the least padding; the longest first, as encoders do.
        missing = sorted((key for key in texts if key not in found), key=lambda key: -len(texts[key]))
        parts = [missing[at : at + WRITTEN_AT_ONCE] for at in range(0, len(missing), WRITTEN_AT_ONCE)]
        for part in self.progress(parts, "encoding new texts", len(parts)):
            fresh = dict(zip(part, self.encoder.encode([texts[key] for key in part]), strict=True))
            self.file.write(self.name, self.encoder.width, fresh)
            found |= fresh
        vectors = np.empty((len(contents), self.width), dtype=np.float32)
        for row, text in enumerate(contents):
            vectors[row] = found[_key(text)]
        return vectors


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
