"""The training loop: AdamW, warm-up, gradients of several tasks, validation with its guards. Reads and writes no encoder.

Everything random is seeded by the number of the step, so that a run that was killed goes on to the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from llm4rec.core import ComponentError, Progress, short_of_memory
from llm4rec.encoders.adapting import course_net as courses
from llm4rec.encoders.adapting.batches import Batches
from llm4rec.encoders.adapting.config import TASKS, AdaptConfig, Task
from llm4rec.encoders.adapting.course_net import Course
from llm4rec.encoders.adapting.examples import Examples
from llm4rec.encoders.adapting.losses_net import Setting
from llm4rec.encoders.adapting.measure_net import measured, probed
from llm4rec.encoders.adapting.tracking import Tracker, Untracked

LEAST_BETWEEN = 10  # steps between validations, however small the data
LEAST = 0.01  # in the choice of a state no figure counts for less
SHARES = (0.75, 0.5, 0.25)  # of the way from the beginning, where the guards refuse the end of it


class Judged(NamedTuple):
    """What a validation found: the figure of each task on new and on old data, their mean, the probe, and whether guards allow it."""

    figures: dict[Task, float]
    old: dict[Task, float]
    score: float
    probe: float
    allowed: bool


@dataclass(eq=False)
class Run:
    """One run: what is learnt from, the state, where it is kept, and who is told."""

    config: AdaptConfig
    tasks: Mapping[Task, Examples]
    course: Course
    folder: Path
    sign: str
    probe_before: float
    tracker: Tracker = field(default_factory=Untracked)

    def __post_init__(self) -> None:
        self.batches = {task: Batches.of(examples, self.config) for task, examples in self.tasks.items()}
        per_epoch = -(-max(len(part) for part in self.batches.values()) // self.config.accumulate)
        self.steps = per_epoch * self.config.epochs
        if self.config.steps is not None:
            self.steps = min(self.steps, self.config.steps)
        self.between = self.config.validate_every or max(LEAST_BETWEEN, min(per_epoch, self.steps) // 4)
        # Where the weights began, for the distance to it; a resumed run has moved on, so it is taken before that.
        self.start = {name: value.detach().clone() for name, value in self.course.trained.learning()}


def train(run: Run, progress: Progress) -> None:
    """From where the course stands to the end, or to where it stops getting better; the best state is loaded.

    ComponentError where a loss is not finite or memory runs out; what was learnt until the last checkpoint stays.
    """
    course, config = run.course, run.config
    if not course.told:
        _begin(run)
    ahead = range(course.step, run.steps)
    for step in progress(ahead, "adapting", len(ahead)):
        if course.told["waited"] >= config.patience or _enough(config, step):
            break
        _guarded(run, step)
        course.step = step + 1
        validated = course.step % run.between == 0 or course.step == run.steps
        if validated:
            _validate(run)
        if validated or course.step % config.checkpoint_every == 0:
            courses.write(run.folder, course, run.sign)
    course.load(course.best)


def _enough(config: AdaptConfig, step: int) -> bool:
    return config.stop_after is not None and step >= config.stop_after


def _begin(run: Run) -> None:
    """The state before the first step is the first to be beaten."""
    figures = measured(run.course.network, run.tasks, run.config)
    old = measured(run.course.network, run.tasks, run.config, old=True) if _replays(run) else {}
    run.course.best = run.course.snapshot()
    run.course.told = {
        "best_step": 0,
        "best_score": together(figures, run.config),
        "best_share": 1.0,
        "waited": 0,
        "refused": 0,
        "first": figures,
        "first_old": old,
        "history": [],
    }


def _replays(run: Run) -> bool:
    return any(examples.old is not None for examples in run.tasks.values())


def together(figures: Mapping[Task, float], config: AdaptConfig) -> float:
    """One number for a state. Of several tasks it is the weighted geometric mean: a tenth more of a small figure is worth a
    tenth more of a large one, so that no task is given up because its figures are small. What is below LEAST counts as LEAST.
    """
    if len(figures) == 1:
        return next(iter(figures.values()))
    weights = [config.weights.get(task, 1.0) for task in figures]
    return float(np.exp(np.average(np.log(np.maximum(list(figures.values()), LEAST)), weights=weights)))


def _guarded(run: Run, step: int) -> None:
    """One step, its failures by name."""
    try:
        with seeded(run.config.seed, step, run.course.network.model.device):
            _step(run, step)
    except (MemoryError, RuntimeError) as error:
        if not short_of_memory(error):
            raise
        half = max(1, run.config.batch_size // 2)
        raise ComponentError(
            f"no memory for step {step} with batch_size = {run.config.batch_size}; set batch_size = {half} and "
            f"accumulate = {2 * run.config.accumulate}, or a smaller max_length. {_kept(run)}"
        ) from error


def _kept(run: Run) -> str:
    path = run.folder / courses.FILE
    if not path.is_file():
        return "No checkpoint was written yet"
    best = run.course.told["best_step"]
    return f"The last checkpoint is kept in {path}; stop_after = {best} writes the best encoder it holds"


def _step(run: Run, step: int) -> None:
    course, config = run.course, run.config
    network = course.network
    network.train()
    if config.method == "head":
        network.model.eval()  # nothing in a frozen encoder is to be dropped
    told: dict[str, float] = {}
    for tasks, optimiser in course.optimisers.items():
        told |= _moved(run, step, tasks, optimiser)
    run.tracker.log(step, told)


def _moved(run: Run, step: int, tasks: Sequence[Task], optimiser: torch.optim.Optimizer) -> dict[str, float]:
    """One step of the optimiser by the losses of some tasks, and what is told of it."""
    course, config = run.course, run.config
    gradients = _gradients(run, step, tasks)
    weights = course.balancer.weigh(
        step, {t: g.loss for t, g in gradients.items()}, {t: g.length for t, g in gradients.items()}
    )
    learning = _learning(course)
    for name, parameter in learning.items():
        parts = [weights[t] * g.parts[name] for t, g in gradients.items() if name in g.parts]
        parameter.grad = sum(parts[1:], start=parts[0]) if parts else None
    _held_back(run)
    length = torch.nn.utils.clip_grad_norm_(list(learning.values()), config.clip)
    if not torch.isfinite(length):
        raise _not_finite(run, step, "the gradient")
    factor = _rate(step, run.steps, config.warmup)
    # Adam looks at no length of gradients: by turns a weight makes the steps of a task longer.
    longer = weights[tasks[0]] if config.balance == "turns" else 1.0
    for group in optimiser.param_groups:
        group["lr"] = group["full_rate"] * factor * longer
    optimiser.step()
    told = {f"loss/{task}": found.loss for task, found in gradients.items()}
    told |= {f"weight/{task}": weights[task] for task in tasks}
    return {**told, "rate": config.rate * factor, "gradient": float(length)}


@dataclass(eq=False)
class Gradient:
    """The gradient of one task's loss, the loss, and how long it is on the shared layers."""

    parts: dict[str, Tensor]
    loss: float
    length: float


def _gradients(run: Run, step: int, tasks: Iterable[Task]) -> dict[Task, Gradient]:
    """Each task by itself: memory is that of one, and the balance sees how hard each of them pulls."""
    found = {}
    course, passes = run.course, run.config.accumulate
    for task in tasks:
        batches = run.batches[task]
        _cleared(course)
        total = 0.0
        for number in range(step * passes, (step + 1) * passes):
            seed = (run.config.seed, TASKS.index(task), number)
            setting = Setting(run.config.temperature, seed, run.config.consistency)
            loss = course.network.loss(run.tasks[task], batches.rows(number), setting) / passes
            total += float(loss.detach())
            if not np.isfinite(total):
                raise _not_finite(run, step, f"the loss of task {task!r}")
            if loss.requires_grad:
                loss.backward()  # type: ignore[no-untyped-call]
        parts = {name: p.grad for name, p in _learning(course).items() if p.grad is not None}
        shared = [part.square().sum() for name, part in parts.items() if name.startswith("encoder.")]
        length = float(torch.stack(shared).sum().sqrt()) if shared else 0.0
        found[task] = Gradient(parts, total, length)
    _cleared(course)
    return found


def _cleared(course: Course) -> None:
    for parameter in _learning(course).values():
        parameter.grad = None


def _learning(course: Course) -> dict[str, torch.nn.Parameter]:
    encoder = {f"encoder.{name}": value for name, value in course.trained.learning()}
    return encoder | {f"heads.{name}": value for name, value in course.network.heads.named_parameters()}


def _not_finite(run: Run, step: int, what: str) -> ComponentError:
    return ComponentError(
        f"{what} is not finite at step {step}; set a smaller learning_rate (now {run.config.rate:g}) or "
        f"precision = 'fp32'. {_kept(run)}"
    )


def _held_back(run: Run) -> None:
    """The pull towards where the weights began (L2-SP, Li et al. 2018), as a gradient."""
    if not run.config.stay:
        return
    with torch.no_grad():
        for name, parameter in run.course.trained.learning():
            if parameter.grad is not None:
                parameter.grad.add_(parameter - run.start[name], alpha=run.config.stay)


def _rate(step: int, steps: int, warmup: float) -> float:
    """Share of the full rate: rising over the warm-up, then falling to nothing in a straight line."""
    rising = max(1, round(warmup * steps))
    return min((step + 1) / rising, (steps - step) / max(1, steps - rising + 1))


def _validate(run: Run) -> None:
    """Figures, probe and forgetting; the state becomes the best where it is better and no guard speaks against it.

    Where one does, the way back to the beginning is searched for the furthest point that all of them allow.
    """
    course, told = run.course, run.course.told
    found = judged(run)
    told["history"].append({"step": course.step, **found._asdict()})
    better = found.score > told["best_score"]
    share, state = 1.0, course.snapshot() if better and found.allowed else None
    if better and not found.allowed:
        told["refused"] += 1
        share, nearer, state = stepped_back(run)
        told["history"][-1]["stepped_back"] = {"share": share, **nearer._asdict()}
        found = nearer
    if state is None or found.score <= told["best_score"]:
        told["waited"] += 1
    else:
        told.update(best_step=course.step, best_score=found.score, best_share=share, waited=0)
        course.best = state
    seen = {f"validation/{task}": value for task, value in found.figures.items()}
    seen |= {f"old/{task}": value for task, value in found.old.items()}
    run.tracker.log(course.step, {**seen, "probe": found.probe, "score": found.score, "share": share})


def judged(run: Run) -> Judged:
    """The state as it stands: its figures, and whether the guards allow it."""
    course, config, told = run.course, run.config, run.course.told
    probe = probed(course.network)
    figures = measured(course.network, run.tasks, config)
    old = measured(course.network, run.tasks, config, old=True) if _replays(run) else {}
    forgot = max((told["first_old"][task] - now for task, now in old.items()), default=0.0)
    allowed = run.probe_before - probe < config.probe_loss and forgot <= config.most_forgetting
    return Judged(figures, old, together(figures, config), probe, allowed)


def stepped_back(run: Run) -> tuple[float, Judged, dict[str, Tensor] | None]:
    """The furthest of SHARES of the way from the beginning that the guards allow, judged, and its state (None where they allow
    none). Heads stay as they are. A straight line between a pretrained network and one tuned from it keeps most of what was
    learnt and of what was known (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).
    """
    course, now = run.course, run.course.snapshot()
    try:
        for share in SHARES:
            between = {
                f"encoder.{name}": torch.lerp(first, now[f"encoder.{name}"], share)
                for name, first in run.start.items()
            }
            course.load(now | between)
            found = judged(run)
            if found.allowed:
                return share, found, course.snapshot()
        return share, found, None
    finally:
        course.load(now)


@contextmanager
def seeded(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """torch's chance set by seed and step inside, and as it was afterwards."""
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(int(np.random.default_rng([seed, step + 1]).integers(2**62)))
        yield


def optimiser_of(learning: Iterable[tuple[Tensor, float]], config: AdaptConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) over parameters with a rate each; biases and norms do not decay."""
    groups: dict[tuple[float, bool], list[Tensor]] = {}
    for parameter, rate in learning:
        groups.setdefault((rate, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": some, "lr": rate, "full_rate": rate, "weight_decay": config.reg if decays else 0.0}
            for (rate, decays), some in groups.items()
        ]
    )
