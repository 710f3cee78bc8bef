"""What an adapted encoder says beside vectors: of texts, and of people (as texts they took) and items. Loads torch late."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from llm4rec.core import Floats, NotFoundError, suggest
from llm4rec.encoders.adapting.config import Task
from llm4rec.encoders.adapting.folder import HEADS_TOLD, INSIDE, REPORT
from llm4rec.encoders.adapting.specs import HeadSpec
from llm4rec.encoders.texts import checked

ANSWERING = ("classes", "value", "click", "next")


class Heads:
    """The heads in a folder written by `adapt`: those that read a text alone, and those that read a history and an item.

    NotFoundError where the folder has none, or none for the task asked about. Words hidden and items taken together
    (`masked`, `co-consumption`, `neighbours`) have no answer of their own: their heads are the vectors.
    """

    def __init__(self, folder: Path | str, device: str = "cpu") -> None:
        self.folder = Path(folder).expanduser()
        self.device = device
        self._beside: dict[Task, Any] = {}

    @cached_property
    def specs(self) -> dict[Task, HeadSpec]:
        """What is known of each head, by task."""
        from llm4rec.encoders.adapting.told import heads_told

        told = heads_told(self.folder)
        if not told:
            raise NotFoundError(
                f"{self.folder} holds no heads ({HEADS_TOLD}); make it with llm4rec adapt and the tasks you need"
            )
        return {task: spec for task, spec in told.items() if spec.kind in ANSWERING}

    @cached_property
    def _network(self) -> Any:
        from llm4rec.encoders.adapting.heads_net import open_heads

        return open_heads(self.folder, self.specs, self.device)

    def _words(self, task: Task) -> Any:
        if task not in self._beside:
            from llm4rec.encoders.adapting.wordwise import read

            self._beside[task] = read(self.folder / INSIDE, task)
        return self._beside[task]

    def labels(self, task: Task) -> tuple[str, ...]:
        """Names of the columns of `chances`."""
        return self._spec(task, "classes", True).labels

    def chances(self, task: Task, texts: Sequence[str]) -> Floats:
        """(texts, labels) float32, how likely each label is; rows sum to one. Where word counts help, they take part."""
        self._spec(task, "classes", True)
        found = self._said(task, texts, len(self.labels(task)))
        words = self._words(task)
        return found if words is None or not len(found) else words.beside(texts, found)

    def values(self, texts: Sequence[str]) -> Floats:
        """(texts,) float32, the rating that each text speaks of."""
        self._spec("rating", "value", True)
        return self._said("rating", texts, 0)

    def _said(self, task: Task, texts: Sequence[str], width: int) -> Floats:
        from llm4rec.encoders.adapting.heads_net import said

        if not len(checked(texts)):
            return np.zeros((0, width) if width else 0, dtype=np.float32)
        return said(self._network, task, list(texts))

    def scores(self, task: Task, histories: Sequence[Sequence[str]], texts: Sequence[str]) -> Floats:
        """(histories, texts) float32: how well an item of each text suits who took items of these texts, oldest first.

        Of `next-item` a cosine, of `click` a chance, of `rating` (learnt from histories) a value. The latest items count, as
        many as were read while learning. An empty history is nobody in particular.
        """
        from llm4rec.encoders.adapting.heads_net import met

        self._spec(task, "", False)
        latest = [list(checked(history))[-self._longest :] for history in histories]
        if not len(checked(texts)) or not latest:
            return np.zeros((len(latest), len(texts)), dtype=np.float32)
        return met(self._network, task, latest, list(texts))

    @cached_property
    def _longest(self) -> int:
        told = json.loads((self.folder / INSIDE / REPORT).read_text(encoding="utf-8"))
        return int(told["config"]["history"])

    def _spec(self, task: Task, kind: str, reads_text: bool) -> HeadSpec:
        spec = self.specs.get(task)
        if spec is None or spec.reads_text != reads_text or (kind and spec.kind != kind):
            fitting = [
                n for n, s in self.specs.items() if s.reads_text == reads_text and kind in ("", s.kind)
            ]
            what = f"reads texts and gives {kind}" if reads_text else "reads a history and an item"
            raise NotFoundError(
                f"{self.folder} has no head for task {task!r} that {what}"
                f"{suggest(task, self.specs)}; there are: {', '.join(fitting) or 'none'}"
            )
        return spec
