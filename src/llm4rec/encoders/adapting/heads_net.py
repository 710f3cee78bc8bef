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
