"""How far training is, when the time it may take is given: pure arithmetic, no clock."""

from __future__ import annotations

import math
from dataclasses import dataclass

from capforge_trainer.config import OptimizerParameters

_LAST_RATE_SHARE = 0.01
_FIRST_EVALUATION = 0.3
"""Share of the schedule before which dev is not evaluated: too early to be the best."""


@dataclass
class Pace:
    """Where in the schedule training is; the schedule ends with the last step or with the time, what comes first.

    - progress never goes back and reaches 1 exactly at the end, so a cosine over it always ends at its lowest rate;
    - a machine that becomes slower or faster stretches what is left, not what was;
    - where the number of steps is the limit, progress = steps / total: the same on every machine.
    """

    total_steps: int
    budget_seconds: float
    steps: int = 0
    seconds: float = 0.0
    """Spent so far, over all attempts."""
    reserved_seconds: float = 0.0
    """Kept for the last evaluation."""
    progress: float = 0.0

    @property
    def done(self) -> bool:
        """Whether the schedule has ended."""
        return self.progress >= 1.0

    def advance(self, seconds: float) -> None:
        """Count one step after which `seconds` have been spent in all."""
        self.steps += 1
        self.seconds = seconds
        left = self.steps_left()
        self.progress = 1.0 if left < 1 else min(1.0, self.progress + (1 - self.progress) / (left + 1))

    def steps_left(self) -> int:
        """Return how many steps still fit."""
        by_count = self.total_steps - self.steps
        by_time = (self.budget_seconds - self.reserved_seconds - self.seconds) / max(self.seconds / self.steps, 1e-9)
        return max(0, min(by_count, int(by_time)))

    def seconds_left(self) -> float:
        """Return how long the steps left will take."""
        return self.steps_left() * self.seconds / self.steps if self.steps else self.budget_seconds


def learning_rate(parameters: OptimizerParameters, step: int, progress: float) -> float:
    """Return the rate of a step (from 0): linear warm-up, then a cosine over the progress (0-1)."""
    warm = min(1.0, (step + 1) / (parameters.warmup_steps + 1))
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return parameters.learning_rate * warm * (_LAST_RATE_SHARE + (1 - _LAST_RATE_SHARE) * cosine)


def evaluation_marks(evaluations: int) -> list[float]:
    """Return the progress (0-1) at which dev is evaluated; the last is 1."""
    if evaluations == 1:
        return [1.0]
    step = (1 - _FIRST_EVALUATION) / (evaluations - 1)
    return [_FIRST_EVALUATION + step * number for number in range(evaluations - 1)] + [1.0]
