"""A run made ready: encoder opened, method applied, heads built, and the checkpoint read where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from llm4rec.encoders import loading, weights
from llm4rec.encoders.adapting import course_net as courses
from llm4rec.encoders.adapting.balance import Balancer
from llm4rec.encoders.adapting.config import AdaptConfig, Task
from llm4rec.encoders.adapting.course_net import Course
from llm4rec.encoders.adapting.examples import Examples
from llm4rec.encoders.adapting.folder import HEADS, INSIDE
from llm4rec.encoders.adapting.loop_net import Run, optimiser_of, seeded
from llm4rec.encoders.adapting.measure_net import probed
from llm4rec.encoders.adapting.methods_net import Trained, prepare
from llm4rec.encoders.adapting.neighbours import aimed
from llm4rec.encoders.adapting.network_net import Network
from llm4rec.encoders.adapting.opening_net import open_base
from llm4rec.encoders.adapting.specs import HeadSpec, spec_of, targets_of
from llm4rec.encoders.adapting.told import heads_told
from llm4rec.encoders.whitening import Whitening

DRAWN_FIRST = -1  # the "step" whose chance draws what the run begins with


def ready(tasks: Mapping[Task, Examples], config: AdaptConfig, folder: Path, device: str) -> tuple[Run, bool]:
    """The run of these examples, and whether it goes on from a checkpoint in `folder`."""
    source = weights.find(config.source)
    before = heads_told(source)
    model, own_length = open_base(config.source, config.max_length, device)
    precision = loading.best_precision(device) if config.precision == "auto" else config.precision
    untouched = Network(model, {}, precision)
    probe_before = probed(untouched)
    aims = {
        task: aims_of(examples, untouched, config)
        for task, examples in tasks.items()
        if examples.near is not None
    }
    tasks = dict(tasks) | {task: examples for task, (_, examples) in aims.items()}
    specs = {task: spec_of(examples, config, before.get(task)) for task, examples in tasks.items()}
    tasks = {task: targets_of(examples, specs[task]) for task, examples in tasks.items()}
    with seeded(config.seed, DRAWN_FIRST, model.device):
        trained = prepare(model, config)
        trained.own_length = own_length
        network = Network(model, specs, precision)
    if before:
        known(network, before, load_file(source / INSIDE / HEADS))
    for task, (whitening, _) in aims.items():
        network.heads[task].load_state_dict(
            {name: torch.as_tensor(value) for name, value in whitening.state().items()}
        )
    turns: list[tuple[Task, ...]] = (
        [(task,) for task in tasks] if config.balance == "turns" else [tuple(tasks)]
    )
    optimisers = {some: optimiser_of(_rates(trained, network, config, some), config) for some in turns}
    course = Course(network, trained, optimisers, Balancer.of(config))
    sign = courses.signature(config, weights.digest(source), tasks)
    run = Run(config, tasks, course, folder, sign, probe_before)
    return run, courses.read(folder, course, sign)


def aims_of(examples: Examples, untouched: Network, config: AdaptConfig) -> tuple[Whitening, Examples]:
    """Where texts should come to stand, in the directions that the untouched encoder tells them apart by."""
    return aimed(examples, untouched.encode(examples.texts), config)


def _rates(
    trained: Trained, network: Network, config: AdaptConfig, tasks: Iterable[Task]
) -> Iterator[tuple[Tensor, float]]:
    """The parameters that these tasks move, and how fast."""
    for name, parameter in trained.learning():
        yield parameter, config.rate * config.layer_decay ** trained.depth(name)
    for task in tasks:
        for parameter in network.heads[task].parameters():
            yield parameter, config.head_learning_rate


def known(network: Network, before: Mapping[Task, HeadSpec], found: Mapping[str, Tensor]) -> None:
    """Set the heads to what was learnt before, as far as they are built alike; labels are matched by name."""
    state = network.heads.state_dict()
    with torch.no_grad():
        for name, value in state.items():
            task, _, part = name.partition(".")
            old = found.get(name)
            if task not in before or old is None:
                continue
            spec, then = network.specs[task], before[task]  # type: ignore[index]
            if part.startswith("out.") and spec.kind == "classes":
                for row, label in enumerate(then.labels):
                    if value.shape[1:] == old.shape[1:]:
                        value[spec.labels.index(label)] = old[row]
            elif value.shape == old.shape:
                value.copy_(old)
