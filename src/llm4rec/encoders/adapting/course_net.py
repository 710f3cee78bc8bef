"""The state of a training run, and its checkpoint: plain tensors and JSON, never pickle. Takes no steps."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from llm4rec.core import FolderError
from llm4rec.encoders.adapting.balance import Balancer
from llm4rec.encoders.adapting.config import AdaptConfig, Task
from llm4rec.encoders.adapting.examples import Examples
from llm4rec.encoders.adapting.methods_net import Trained
from llm4rec.encoders.adapting.network_net import Network

FORMAT = "3"
FILE = "checkpoint.safetensors"
# Changes neither what a step learns nor which state is kept.
IRRELEVANT = {"checkpoint_every", "stop_after", "tracking", "twins", "source"}


@dataclass(eq=False)
class Course:
    """Where a run stands: what learns, its optimiser, the best state so far, and everything told about it."""

    network: Network
    trained: Trained
    # One for all tasks, or one for each where they take turns.
    optimisers: Mapping[tuple[Task, ...], torch.optim.Optimizer]
    balancer: Balancer
    step: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    # Plain values: best step and score, validations waited, first figures, history.
    told: dict[str, Any] = field(default_factory=dict)

    def weights(self) -> dict[str, Tensor]:
        """All that learns, by name: of the encoder and of the heads."""
        encoder = {f"encoder.{name}": value for name, value in self.trained.learning()}
        return encoder | {f"heads.{name}": value for name, value in self.network.heads.state_dict().items()}

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of what learns."""
        return {name: value.detach().clone() for name, value in self.weights().items()}

    def load(self, found: Mapping[str, Tensor]) -> None:
        """Set what learns to a snapshot."""
        with torch.no_grad():
            for name, value in self.weights().items():
                value.copy_(found[name])


def signature(config: AdaptConfig, base: str, tasks: Mapping[Task, Examples]) -> str:
    """Sixteen hexadecimal digits of all that decides what is learnt: settings, encoder and examples."""
    sums = hashlib.blake2b(digest_size=8)
    told = config.model_dump(mode="json", exclude=IRRELEVANT)
    sums.update(json.dumps([FORMAT, told, base], sort_keys=True).encode())
    for examples in tasks.values():
        sums.update(json.dumps([examples.task, examples.texts, examples.labels]).encode())
        for name in ("left", "right", "hard", "targets", "together", "held", "old"):
            value = getattr(examples, name)
            sums.update(b"-" if value is None else value.tobytes())
        if examples.near is not None:
            sums.update(examples.near.indices.tobytes() + examples.near.data.tobytes())
    return sums.hexdigest()


def write(folder: Path, course: Course, sign: str) -> None:
    """Beside its place, then renamed: a kill while writing leaves the last good one."""
    told = {"format": FORMAT, "signature": sign, "step": course.step, "told": course.told}
    told["balance"] = course.balancer.numbers
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{FILE}.{os.getpid()}.tmp"
    save_file(_tensors(course), beside, metadata={"course": json.dumps(told)})
    beside.replace(folder / FILE)


def read(folder: Path, course: Course, sign: str) -> bool:
    """The inverse of `write`, into a course that has just begun; whether there was a checkpoint of this very run.

    FolderError where the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return False
    device = str(course.network.model.device)
    try:
        with safe_open(path, framework="pt", device=device) as file:
            told = json.loads((file.metadata() or {})["course"])
            if told["signature"] != sign:
                return False
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise FolderError(f"checkpoint {path} is damaged ({error}); delete it to begin anew") from error
    course.load(_under("now.", found))
    course.best = _under("best.", found)
    for number, optimiser in enumerate(course.optimisers.values()):
        _resume(optimiser, _under(f"adam.{number}.", found))
    course.step, course.told = told["step"], told["told"]
    course.balancer.numbers = told["balance"]
    return True


def _tensors(course: Course) -> dict[str, Tensor]:
    states = [optimiser.state_dict()["state"] for optimiser in course.optimisers.values()]
    adam = {
        f"adam.{number}.{n}.{name}": value.clone()
        for number, state in enumerate(states)
        for n, row in state.items()
        for name, value in row.items()
    }
    return (
        {f"now.{name}": value.detach().clone() for name, value in course.weights().items()}
        | {f"best.{name}": value for name, value in course.best.items()}
        | adam
    )


def _resume(optimiser: torch.optim.Optimizer, found: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in found.items():
        number, _, key = name.partition(".")
        # Adam counts its steps on the processor, wherever the weights are.
        state.setdefault(int(number), {})[key] = value.cpu() if key == "step" else value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _under(start: str, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in found.items() if name.startswith(start)}
