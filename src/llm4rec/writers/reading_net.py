"""Prompts read once by a causal model, and asked again and again for their next token. Loads torch; knows no items."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from threading import RLock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from llm4rec.core import ComponentError

NUMBERS = 16_000_000  # of next-token scores held at once
ROOM = 64_000_000  # numbers of copied keys and values held at once


class ReadPrompts:
    """Keys and values of a batch of prompts, kept: what follows a prompt is read without reading the prompt again."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], who: str, lock: RLock) -> None:
        """Prompts are padded on the left, so that their last tokens stand in one column."""
        self.model, self.who, self._lock = model, who, lock
        longest = max(map(len, prompts))
        ids = torch.zeros((len(prompts), longest), dtype=torch.long)
        self.mask = torch.zeros((len(prompts), longest), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.tensor(list(prompt))
            self.mask[row, longest - len(prompt) :] = 1
        self.mask = self.mask.to(model.device)
        self.lengths = self.mask.sum(dim=1)
        with lock, torch.inference_mode():
            found = model(
                input_ids=ids.to(model.device),
                attention_mask=self.mask,
                position_ids=(self.mask.cumsum(dim=1) - 1).clamp(min=0),
                past_key_values=DynamicCache(config=model.config),
                use_cache=True,
                **_only_last(model),
            )
        self.cache = [(layer.keys, layer.values) for layer in found.past_key_values.layers]
        self.last = found.logits[:, -1].float()

    def after(
        self, rows: Sequence[int], paths: Sequence[Sequence[int]], wanted: Sequence[int]
    ) -> NDArray[np.float64]:
        """Log-probabilities of the wanted tokens behind each prompt and path; ComponentError where they are not finite."""
        columns = torch.tensor(list(wanted), device=self.last.device)
        found = np.empty((len(rows), len(wanted)))
        bare = [n for n, path in enumerate(paths) if not path]
        longer = sorted((n for n, path in enumerate(paths) if path), key=lambda n: len(paths[n]))
        with self._lock, torch.inference_mode():
            if bare:
                found[bare] = _logs(self.last[[rows[n] for n in bare]], columns)
            for some in self._parts(longer, paths):
                found[some] = self._behind([rows[n] for n in some], [paths[n] for n in some], columns)
        if not np.isfinite(found).all():
            raise ComponentError(f"{self.who} gives numbers that are not finite; set precision = 'fp32'")
        return found

    def _parts(self, places: list[int], paths: Sequence[Sequence[int]]) -> list[list[int]]:
        """Places in parts whose scores and copied keys fit into memory; the paths ascend in length."""
        if not places:
            return []
        longest = len(paths[places[-1]])
        one = sum(keys[0].numel() for keys, _ in self.cache) * 2
        size = max(1, min(NUMBERS // (longest * self.last.shape[1]), ROOM // max(one, 1)))
        return [places[at : at + size] for at in range(0, len(places), size)]

    def _behind(self, rows: list[int], paths: list[Sequence[int]], columns: Any) -> NDArray[np.float64]:
        device = self.last.device
        lengths = torch.tensor([len(path) for path in paths], device=device)
        ids = torch.zeros((len(paths), int(lengths.max())), dtype=torch.long)
        for row, path in enumerate(paths):
            ids[row, : len(path)] = torch.tensor(list(path))
        steps = torch.arange(ids.shape[1], device=device)
        mask = torch.cat([self.mask[rows], (steps < lengths[:, None]).long()], dim=1)
        copied = DynamicCache(
            [(keys[rows], values[rows]) for keys, values in self.cache], config=self.model.config
        )
        logits = self.model(
            input_ids=ids.to(device),
            attention_mask=mask,
            position_ids=self.lengths[rows][:, None] + steps,
            past_key_values=copied,
            use_cache=True,
        ).logits
        return _logs(logits[torch.arange(len(paths), device=device), lengths - 1].float(), columns)


def _logs(logits: Any, columns: Any) -> NDArray[np.float64]:
    chosen = torch.log_softmax(logits, dim=-1)[:, columns]
    return np.asarray(chosen.cpu().numpy(), dtype=np.float64)


def _only_last(model: Any) -> dict[str, int]:
    """The option that spares the scores of all tokens but the last, where the model knows it."""
    return {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
