"""What an adapted encoder says of texts beside their vectors: sentiment, category, rating. torch is loaded at the first text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from llm4rec.core import Floats, NotFoundError, suggest
from llm4rec.encoders.adapting.config import Task
from llm4rec.encoders.adapting.folder import HEADS_TOLD
from llm4rec.encoders.adapting.specs import HeadSpec
from llm4rec.encoders.texts import checked


class Heads:
    """The heads in a folder written by `adapt`, those that read a text alone.

    NotFoundError where the folder has none, or none for the task asked about.
    """

    def __init__(self, folder: Path | str, device: str = "cpu") -> None:
        self.folder = Path(folder).expanduser()
        self.device = device

    @cached_property
    def specs(self) -> dict[Task, HeadSpec]:
        """What is known of each head, by task."""
        from llm4rec.encoders.adapting.told import heads_told

        told = heads_told(self.folder)
        if not told:
            raise NotFoundError(
                f"{self.folder} holds no heads ({HEADS_TOLD}); make it with llm4rec adapt and the tasks you need"
            )
        return {
            task: spec for task, spec in told.items() if spec.reads_text and spec.kind in ("classes", "value")
        }

    @cached_property
    def _network(self) -> Any:
        from llm4rec.encoders.adapting.heads_net import open_heads

        return open_heads(self.folder, self.specs, self.device)

    def labels(self, task: Task) -> tuple[str, ...]:
        """Names of the columns of `chances`."""
        return self._spec(task, "classes").labels

    def chances(self, task: Task, texts: Sequence[str]) -> Floats:
        """(texts, labels) float32, how likely each label is; rows sum to one."""
        self._spec(task, "classes")
        return self._said(task, texts, len(self.labels(task)))

    def values(self, texts: Sequence[str]) -> Floats:
        """(texts,) float32, the rating that each text speaks of."""
        self._spec("rating", "value")
        return self._said("rating", texts, 0)

    def _said(self, task: Task, texts: Sequence[str], width: int) -> Floats:
        from llm4rec.encoders.adapting.heads_net import said

        if not len(checked(texts)):
            return np.zeros((0, width) if width else 0, dtype=np.float32)
        return said(self._network, task, list(texts))

    def _spec(self, task: Task, kind: str) -> HeadSpec:
        spec = self.specs.get(task)
        if spec is None or spec.kind != kind:
            known = ", ".join(name for name, one in self.specs.items() if one.kind == kind) or "none"
            raise NotFoundError(
                f"{self.folder} has no head for task {task!r} that reads texts and gives {kind}"
                f"{suggest(task, self.specs)}; there are: {known}"
            )
        return spec
