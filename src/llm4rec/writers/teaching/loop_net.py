"""The training loop of a taught model: AdamW, warm-up, validation by held-out lessons, checkpoints. Opens no folder of models.

Everything random is seeded by the number of the step, so that a run that was killed goes on to the same result.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

from llm4rec.core import ComponentError, FolderError, Progress, short_of_memory
from llm4rec.writers.teaching.config import TeachConfig
from llm4rec.writers.teaching.course import Row, Rows
from llm4rec.writers.teaching.pupil_net import Pupil

CHECKPOINT = "checkpoint.safetensors"


@dataclass(eq=False)
class Run:
    """One run: who learns what, where it stands, and where that is kept. `told` are plain values."""

    pupil: Pupil
    rows: Rows
    held: list[Row]
    config: TeachConfig
    folder: Path
    sign: str
    step: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config = self.config
        self.per_epoch = max(1, -(-len(self.rows) // (config.batch_size * config.accumulate)))
        self.steps = self.per_epoch * config.epochs
        if config.steps is not None:
            self.steps = min(self.steps, config.steps)
        self.between = config.validate_every or min(self.per_epoch, self.steps)
        groups: dict[bool, list[Tensor]] = {True: [], False: []}
        tables = (
            ()
            if self.pupil.fresh is None
            else {
                id(t)
                for _, t in self.pupil.learning()
                if t.ndim == 2 and len(t) > int(self.pupil.fresh.max())
            }
        )
        for _, value in self.pupil.learning():
            groups[value.ndim > 1 and id(value) not in tables].append(value)
        self.optimiser = torch.optim.AdamW(
            [
                {"params": some, "weight_decay": config.reg if decays else 0.0}
                for decays, some in groups.items()
                if some
            ],
            lr=config.rate,
        )


def train(run: Run, progress: Progress) -> None:
    """From where the run stands to its end, or to where it stops getting better; the best state is loaded.

    ComponentError where a loss is not finite or memory runs out; what was learnt until the last checkpoint stays.
    """
    config = run.config
    if not run.told:
        before = measured(run)
        run.best, run.told = (
            _weights(run.pupil),
            {"best_step": 0, "first": before, "best": before, "waited": 0, "history": []},
        )
    ahead = range(run.step, run.steps)
    for step in progress(ahead, "teaching", len(ahead)):
        if run.told["waited"] >= config.patience or (
            config.stop_after is not None and step >= config.stop_after
        ):
            break
        _guarded(run, step)
        run.step = step + 1
        validated = run.step % run.between == 0 or run.step == run.steps
        if validated:
            _validate(run)
        if validated or run.step % config.checkpoint_every == 0:
            write(run)
    _load(run.pupil, run.best)


def measured(run: Run) -> float:
    """Mean surprise (nats) of what held-out lessons end with; 0 where there are none."""
    run.pupil.model.eval()
    total, count = 0.0, 0
    with torch.inference_mode():
        for at in range(0, len(run.held), run.config.batch_size):
            some = run.held[at : at + run.config.batch_size]
            total += float(_loss(run.pupil, some, "sum"))
            count += len(some)
    return total / max(count, 1)


def _loss(pupil: Pupil, rows: list[Row], reduction: str = "mean") -> Tensor:
    """Surprise at the learnt tokens. Rows are padded behind their ends, where a causal model does not look."""
    longest = max(len(row.tokens) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    learnt = torch.zeros((len(rows), longest), dtype=torch.bool)
    for place, row in enumerate(rows):
        size = len(row.tokens)
        ids[place, :size], learnt[place, :size] = torch.tensor(row.tokens), torch.tensor(row.learnt)
    ids, learnt = ids.to(pupil.device), learnt.to(pupil.device)
    return cross_entropy(pupil.logits(ids, learnt[:, 1:]), ids[:, 1:][learnt[:, 1:]], reduction=reduction)


def _guarded(run: Run, step: int) -> None:
    try:
        with _seeded(run.config.seed, step, run.pupil.device):
            _step(run, step)
    except (MemoryError, RuntimeError) as error:
        if not short_of_memory(error):
            raise
        half = max(1, run.config.batch_size // 2)
        raise ComponentError(
            f"no memory for step {step} with batch_size = {run.config.batch_size}; set batch_size = {half} and "
            f"accumulate = {2 * run.config.accumulate}. {_kept(run)}"
        ) from error


def _step(run: Run, step: int) -> None:
    config = run.config
    run.pupil.model.train()
    run.optimiser.zero_grad(set_to_none=True)
    for number in range(step * config.accumulate, (step + 1) * config.accumulate):
        rows = _batch(run, number)
        if not rows:
            continue
        loss = _loss(run.pupil, rows) / config.accumulate
        if not torch.isfinite(loss):
            raise ComponentError(
                f"the loss is not finite at step {step}; set a smaller learning_rate (now {config.rate:g}). {_kept(run)}"
            )
        loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_([value for _, value in run.pupil.learning()], config.clip)
    rising = max(1, round(config.warmup * run.steps))
    factor = min((step + 1) / rising, (run.steps - step) / max(1, run.steps - rising + 1))
    for group in run.optimiser.param_groups:
        group["lr"] = config.rate * factor
    run.optimiser.step()


def _batch(run: Run, number: int) -> list[Row]:
    """The windows of one pass; those that teach nothing are left out."""
    config = run.config
    passes = run.per_epoch * config.accumulate
    epoch, place = divmod(number, passes)
    chosen = run.rows.order(config.seed, epoch, config.batch_size)[
        place * config.batch_size : (place + 1) * config.batch_size
    ]
    rows = [run.rows.row(int(one), config.seed, epoch) for one in chosen]
    return [row for row in rows if any(row.learnt[1:])]


def _validate(run: Run) -> None:
    found = measured(run)
    run.told["history"].append({"step": run.step, "held_out": found})
    if found < run.told["best"] or not run.held:
        run.told.update(best=found, best_step=run.step, waited=0)
        run.best = _weights(run.pupil)
    else:
        run.told["waited"] += 1


def _kept(run: Run) -> str:
    path = run.folder / CHECKPOINT
    if not path.is_file():
        return "No checkpoint was written yet"
    return f"The last checkpoint is kept; stop_after = {run.told['best_step']} writes the best model it holds"


def _weights(pupil: Pupil) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in pupil.learning()}


def _load(pupil: Pupil, found: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in pupil.learning():
            value.copy_(found[name])


def write(run: Run) -> None:
    """A checkpoint beside its place, then renamed: a kill while writing leaves the last good one."""
    state = run.optimiser.state_dict()["state"]
    tensors = {f"now.{name}": value for name, value in _weights(run.pupil).items()}
    tensors |= {f"best.{name}": value for name, value in run.best.items()}
    tensors |= {f"adam.{n}.{key}": value.clone() for n, row in state.items() for key, value in row.items()}
    told = {"signature": run.sign, "step": run.step, "told": run.told}
    beside = run.folder / f"{CHECKPOINT}.{os.getpid()}.tmp"
    save_file(tensors, beside, metadata={"run": json.dumps(told)})
    beside.replace(run.folder / CHECKPOINT)


def resume(run: Run) -> bool:
    """The inverse of `write`; whether there was a checkpoint of this very run. FolderError where it is damaged."""
    path = run.folder / CHECKPOINT
    if not path.is_file():
        return False
    try:
        with safe_open(path, framework="pt", device=str(run.pupil.device)) as file:
            told = json.loads((file.metadata() or {})["run"])
            if told["signature"] != run.sign:
                return False
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise FolderError(f"checkpoint {path} is damaged ({error}); delete it to begin anew") from error
    parts: dict[str, dict[str, Tensor]] = {"now": {}, "best": {}, "adam": {}}
    for name, value in found.items():
        kind, _, rest = name.partition(".")
        parts[kind][rest] = value
    _load(run.pupil, parts["now"])
    run.best, run.step, run.told = parts["best"], told["step"], told["told"]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in parts["adam"].items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = value.cpu() if key == "step" else value
    run.optimiser.load_state_dict(
        {"state": state, "param_groups": run.optimiser.state_dict()["param_groups"]}
    )
    return True


@contextmanager
def _seeded(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """torch's chance set by seed and step inside, and as it was afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(np.random.default_rng([seed, step + 1]).integers(2**62)))
        yield
