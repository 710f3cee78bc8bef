"""How much each task's loss counts: one number a task, from what its losses and gradients were. Plain arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from typing import Any

from llm4rec.encoders.adapting.config import AdaptConfig, Balance

BEGINNING = 20  # steps whose gradients decide the scaled weights
SPEED = 0.025  # of the weights in gradnorm and uncertainty, as in Chen et al. 2018
PULL = 1.5  # how strongly gradnorm holds back what learns fast
LEAST = 1e-3


@dataclass
class Balancer:
    """The weights of the losses, learnt as training goes; `numbers` is all it remembers.

    scaled       gradients on the shared layers get one length, as measured in the first steps; then fixed
    gradnorm     lengths follow how far each task has come (Chen et al. 2018)
    uncertainty  a learnt noise for each task (Kendall et al. 2018)
    turns        one each: tasks take steps in turn, and a weight is how long the steps of a task are
    None         one each
    """

    way: Balance | None
    own: Mapping[str, float]
    numbers: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, config: AdaptConfig) -> Balancer:
        """As the settings have it, with nothing seen."""
        return cls(config.balance, {task: config.weights.get(task, 1.0) for task in config.tasks})

    def weigh(self, step: int, losses: Mapping[str, float], lengths: Mapping[str, float]) -> dict[str, float]:
        """Weights by task for this step, after its losses and the lengths of their gradients were seen."""
        ways: dict[str | None, Any] = {
            "scaled": self._scaled,
            "gradnorm": self._gradnorm,
            "uncertainty": self._uncertainty,
        }
        if self.way in (None, "turns") or len(self.own) == 1:
            found = dict.fromkeys(self.own, 1.0)
        else:
            found = ways[self.way](step, losses, lengths)
        return {task: self.own[task] * found[task] for task in self.own}

    def _remembered(self, name: str, value: float) -> dict[str, float]:
        return self.numbers.setdefault(name, dict.fromkeys(self.own, value))

    def _scaled(
        self, step: int, losses: Mapping[str, float], lengths: Mapping[str, float]
    ) -> dict[str, float]:
        del losses
        total = self._remembered("length", 0.0)
        if step < BEGINNING:
            for task, length in lengths.items():
                total[task] += length
        return _even(total)

    def _gradnorm(
        self, step: int, losses: Mapping[str, float], lengths: Mapping[str, float]
    ) -> dict[str, float]:
        del step
        weights, first = self._remembered("weight", 1.0), self._remembered("first loss", 0.0)
        for task, loss in losses.items():
            first[task] = first[task] or max(loss, LEAST)
        left = {task: losses[task] / first[task] for task in self.own}
        mean_left = sum(left.values()) / len(left) or LEAST
        pulls = {task: weights[task] * lengths[task] for task in self.own}
        mean_pull = sum(pulls.values()) / len(pulls)
        for task in self.own:
            aim = mean_pull * (left[task] / mean_left) ** PULL
            step_ = SPEED if pulls[task] > aim else -SPEED
            weights[task] = max(weights[task] - step_ * weights[task], LEAST)
        scale = len(weights) / sum(weights.values())
        weights.update({task: weight * scale for task, weight in weights.items()})
        return dict(weights)

    def _uncertainty(
        self, step: int, losses: Mapping[str, float], lengths: Mapping[str, float]
    ) -> dict[str, float]:
        del step, lengths
        noise = self._remembered("log noise", 0.0)
        for task, loss in losses.items():
            noise[task] -= SPEED * (0.5 - exp(-noise[task]) * loss)
        return {task: exp(-value) for task, value in noise.items()}


def _even(lengths: Mapping[str, float]) -> dict[str, float]:
    """One over each length, in units of their geometric mean; a task without a gradient counts one."""
    logs = [log(length) for length in lengths.values() if length > 0]
    middle = exp(sum(logs) / len(logs)) if logs else 1.0
    return {task: middle / length if length > 0 else 1.0 for task, length in lengths.items()}
