"""The steps of distilling an encoder, their checkpoints and guards. Everything random is seeded by the step."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from llm4rec.core import ComponentError, Floats, FolderError, Progress, short_of_memory
from llm4rec.encoders import weights
from llm4rec.encoders.adapting.loop_net import seeded
from llm4rec.encoders.distilling.distil import EncoderConfig, Texts
from llm4rec.encoders.distilling.pair_net import Pair

FILE = "checkpoint.safetensors"
IRRELEVANT = {"checkpoint_every", "source"}  # change neither what a step learns nor which state is kept


@dataclass(eq=False)
class Run:
    """One run: texts, both encoders, where it is kept, and how far it is."""

    texts: Texts
    config: EncoderConfig
    pair: Pair
    folder: Path
    sign: str
    optimiser: torch.optim.Optimizer
    wanted: Floats
    step: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Steps in all."""
        per_epoch = -(-len(self.texts.learnt) // self.config.batch_size)
        total = per_epoch * self.config.epochs
        return total if self.config.steps is None else min(total, self.config.steps)

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of what learns."""
        return {name: value.detach().clone() for name, value in self.pair.learning().items()}

    def load(self, found: Mapping[str, Tensor]) -> None:
        """Set what learns to a snapshot."""
        with torch.no_grad():
            for name, value in self.pair.learning().items():
                value.copy_(found[name])


def ready(texts: Texts, config: EncoderConfig, folder: Path, device: str) -> tuple[Run, int]:
    """The run of these texts, and the step it goes on from: 0 where it begins."""
    pair = Pair.open(config, device)
    learning = pair.learning()
    wide = [p for p in learning.values() if p.ndim > 1]
    flat = [p for p in learning.values() if p.ndim <= 1]
    groups = [{"params": wide, "weight_decay": config.reg}, {"params": flat, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=config.learning_rate)
    told = json.dumps(
        [config.model_dump(mode="json", exclude=IRRELEVANT), weights.digest(weights.find(config.source))]
    )
    sums = hashlib.blake2b(told.encode(), digest_size=8)
    for text in (*texts.learnt, "", *texts.held):
        sums.update(text.encode("utf-8", "surrogatepass") + b"\0")
    run = Run(texts, config, pair, folder, sums.hexdigest(), optimiser, pair.teacher.encode(texts.held))
    read(run)
    return run, run.step


def train(run: Run, progress: Progress) -> None:
    """From where the run stands to the end, or to where it stops getting better; the best state is loaded."""
    if not run.told:
        first = run.pair.likeness(run.texts.held, run.wanted)
        run.told = {"first": first, "best": first, "best_step": 0, "waited": 0, "history": []}
        run.best = run.snapshot()
    ahead = range(run.step, run.steps)
    for step in progress(ahead, "distilling", len(ahead)):
        if run.told["waited"] >= run.config.patience:
            break
        _guarded(run, step)
        run.step = step + 1
        validated = run.step % run.config.validate_every == 0 or run.step == run.steps
        if validated:
            _validate(run)
        if validated or run.step % run.config.checkpoint_every == 0:
            write(run)
    run.load(run.best)


def _guarded(run: Run, step: int) -> None:
    """One step, its failures by name."""
    try:
        with seeded(run.config.seed, step, run.pair.student.model.device):
            _step(run, step)
    except (MemoryError, RuntimeError) as error:
        if not short_of_memory(error):
            raise
        raise ComponentError(
            f"no memory for step {step} with batch_size = {run.config.batch_size}; set a smaller one or a smaller "
            f"max_length. {_kept(run)}"
        ) from error


def _step(run: Run, step: int) -> None:
    config = run.config
    run.pair.student.train()
    run.optimiser.zero_grad(set_to_none=True)
    loss = run.pair.loss(batch(run.texts.learnt, step, config), config)
    if not torch.isfinite(loss):
        raise _not_finite(run, step, "the loss")
    loss.backward()  # type: ignore[no-untyped-call]
    length = torch.nn.utils.clip_grad_norm_(list(run.pair.learning().values()), config.clip)
    if not torch.isfinite(length):
        raise _not_finite(run, step, "the gradient")
    rising = max(1, round(config.warmup * run.steps))
    factor = min((step + 1) / rising, (run.steps - step) / max(1, run.steps - rising + 1))
    for group in run.optimiser.param_groups:
        group["lr"] = config.learning_rate * factor
    run.optimiser.step()


def batch(texts: tuple[str, ...], step: int, config: EncoderConfig) -> list[str]:
    """The texts of a step: each once an epoch, in an order of the epoch's own."""
    per_epoch = -(-len(texts) // config.batch_size)
    epoch, place = divmod(step, per_epoch)
    order = np.random.default_rng([config.seed, epoch]).permutation(len(texts))
    return [texts[row] for row in order[place * config.batch_size : (place + 1) * config.batch_size]]


def _not_finite(run: Run, step: int, what: str) -> ComponentError:
    return ComponentError(
        f"{what} is not finite at step {step}; set a smaller learning_rate (now {run.config.learning_rate:g}) or "
        f"precision = 'fp32'. {_kept(run)}"
    )


def _kept(run: Run) -> str:
    path = run.folder / FILE
    return f"The last checkpoint is kept in {path}" if path.is_file() else "No checkpoint was written yet"


def _validate(run: Run) -> None:
    """The state becomes the best where its vectors are nearer to the teacher's."""
    found, told = run.pair.likeness(run.texts.held, run.wanted), run.told
    told["history"].append({"step": run.step, "likeness": found})
    if found > told["best"]:
        told.update(best=found, best_step=run.step, waited=0)
        run.best = run.snapshot()
    else:
        told["waited"] += 1


def write(run: Run) -> None:
    """Beside its place, then renamed: a kill while writing leaves the last good one."""
    state = run.optimiser.state_dict()["state"]
    tensors = (
        {f"now.{name}": value for name, value in run.snapshot().items()}
        | {f"best.{name}": value for name, value in run.best.items()}
        | {f"adam.{n}.{name}": value.clone() for n, row in state.items() for name, value in row.items()}
    )
    told = json.dumps({"sign": run.sign, "step": run.step, "told": run.told})
    beside = run.folder / f"{FILE}.{os.getpid()}.tmp"
    save_file(tensors, beside, metadata={"run": told})
    beside.replace(run.folder / FILE)


def read(run: Run) -> None:
    """The inverse of `write`, where there is a checkpoint of this very run; FolderError where the file is damaged."""
    path = run.folder / FILE
    if not path.is_file():
        return
    try:
        with safe_open(path, framework="pt", device=str(run.pair.student.model.device)) as file:
            told = json.loads((file.metadata() or {}).get("run", "{}"))
            if told.get("sign") != run.sign:
                return
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise FolderError(f"checkpoint {path} is damaged ({error}); delete it to begin anew") from error
    run.load(_under("now.", found))
    run.best = _under("best.", found)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _under("adam.", found).items():
        number, _, key = name.partition(".")
        # Adam counts its steps on the processor, wherever the weights are.
        state.setdefault(int(number), {})[key] = value.cpu() if key == "step" else value
    run.optimiser.load_state_dict(
        {"state": state, "param_groups": run.optimiser.state_dict()["param_groups"]}
    )
    run.step, run.told = told["step"], told["told"]


def _under(start: str, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in found.items() if name.startswith(start)}
