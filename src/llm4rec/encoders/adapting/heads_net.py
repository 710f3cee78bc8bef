"""The heads of an adapted encoder, opened for use. Learns nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from llm4rec.core import Floats, FolderError
from llm4rec.encoders import loading
from llm4rec.encoders.adapting.config import Task
from llm4rec.encoders.adapting.folder import HEADS, INSIDE
from llm4rec.encoders.adapting.losses_net import answers
from llm4rec.encoders.adapting.network_net import READ_AT_ONCE, Network
from llm4rec.encoders.adapting.opening_net import checked_safe
from llm4rec.encoders.adapting.specs import HeadSpec


def open_heads(folder: Path, specs: Mapping[Task, HeadSpec], device: str) -> Network:
    """Encoder and heads, ready to answer; FolderError where the heads cannot be read."""
    checked_safe(folder)
    precision = loading.best_precision(device)
    network = Network(loading.open_model(folder, "fp32", device), specs, precision)
    try:
        found = load_file(folder / INSIDE / HEADS)
        network.heads.load_state_dict(
            {name: value for name, value in found.items() if name.partition(".")[0] in network.heads}
        )
    except (SafetensorError, RuntimeError, OSError) as error:
        raise FolderError(
            f"the heads in {folder / INSIDE} cannot be read ({error}); adapt the encoder anew"
        ) from error
    return network.eval()


@torch.no_grad()
def said(network: Any, task: Task, texts: Sequence[str]) -> Floats:
    """What the head of `task` says of texts, in their order, a few at a time."""
    parts = [
        answers(network.said(task, texts[at : at + READ_AT_ONCE]), network.specs[task]).float().cpu().numpy()
        for at in range(0, len(texts), READ_AT_ONCE)
    ]
    return np.concatenate(parts).astype(np.float32)


@torch.no_grad()
def met(network: Network, task: Task, histories: Sequence[Sequence[str]], texts: Sequence[str]) -> Floats:
    """(histories, texts) what the head says of each person and each text; the vectors are made once."""
    spec = network.specs[task]
    told = list(dict.fromkeys([*texts, *(text for history in histories for text in history)]))
    place = {text: row + 1 for row, text in enumerate(told)}
    vectors = torch.as_tensor(network.encode(told), device=network.model.device)
    vectors = torch.cat([torch.zeros_like(vectors[:1]), vectors])
    longest = max(1, *(len(history) for history in histories))
    left = np.zeros((len(histories), longest), dtype=np.int64)
    for row, history in enumerate(histories):
        left[row, : len(history)] = [place[text] for text in history]
    asked = vectors[torch.as_tensor([place[text] for text in texts], device=vectors.device)]
    people = network.people(spec, vectors, left, left > 0)
    if spec.kind == "next":
        near = torch.nn.functional.normalize
        return np.asarray((near(people[0], dim=1) @ near(asked, dim=1).T).cpu().numpy(), dtype=np.float32)
    steps, mask = people
    rows = []
    for at in range(len(histories)):
        one = (part[at : at + 1].expand(len(asked), *part.shape[1:]) for part in (steps, mask))
        rows.append(answers(network.heads[task](*one, asked), spec).float().cpu().numpy())
    return np.stack(rows).astype(np.float32)
