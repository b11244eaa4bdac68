"""When an automatic run is made: a pure decision about counts, the ledger and the time. `decide` reads from the top."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from capforge_operator.api.capability import Capability
from capforge_operator.api.training import CapabilityTraining, Mode

DEFAULT_SCHEDULE = (40, 60, 80, 100, 150, 200, 250, 300, 400, 500, 600, 800)
A_DAY = timedelta(days=1)

OFF, RUNNING, WAITING = "Off", "Running", "Waiting"
QUIET_PERIOD, BUDGET_EXHAUSTED, DUE = "QuietPeriod", "BudgetExhausted", ""


@dataclass(frozen=True)
class Thresholds:
    """The counts at which runs are made: the first, the later ones of the schedule, then equal steps for ever."""

    listed: tuple[int, ...]
    """Ascending."""
    step: int

    @classmethod
    def of(cls, first: int, schedule: tuple[int, ...]) -> Self:
        """Take the first count and the schedule, whose last step repeats."""
        counts = sorted(set(schedule))
        step = counts[-1] - (counts[-2] if len(counts) > 1 else 0)
        return cls((first, *(one for one in counts if one > first)), step)

    def reached(self, documents: int) -> int:
        """Return the highest threshold that so many documents reach, 0 if none."""
        last = self.listed[-1]
        if documents >= last:
            return last + (documents - last) // self.step * self.step
        return max((one for one in self.listed if one <= documents), default=0)

    def after(self, threshold: int) -> int:
        """Return the lowest threshold above a count."""
        last = self.listed[-1]
        if threshold >= last:
            return last + ((threshold - last) // self.step + 1) * self.step
        return next(one for one in self.listed if one > threshold)


@dataclass(frozen=True)
class Policy:
    """What the spec says about automatic runs."""

    enabled: bool
    thresholds: Thresholds
    quiet: timedelta
    longest: timedelta
    runs_per_day: int

    @classmethod
    def of(cls, capability: Capability) -> Self:
        """Take it from the spec; what is absent is the default."""
        automatic = (capability.spec.training or CapabilityTraining()).automatic
        return cls(
            enabled=automatic.mode is Mode.ENABLED,
            thresholds=Thresholds.of(automatic.first_at_annotations, tuple(automatic.schedule or DEFAULT_SCHEDULE)),
            quiet=timedelta(seconds=automatic.quiet_period_seconds),
            longest=timedelta(seconds=automatic.longest_wait_seconds),
            runs_per_day=automatic.max_runs_per_day,
        )


@dataclass(frozen=True)
class Situation:
    """Everything that the decision looks at."""

    documents: int
    """With a current annotation, now."""
    watermark: int
    """The highest threshold at which a run was made; 0: none was."""
    made: tuple[datetime, ...]
    """When automatic runs were made."""
    changed: datetime
    """When the count was last seen to change."""
    reached: datetime | None
    """When the threshold that is due was first seen to be reached; none: just now."""
    under_way: bool
    """An automatic run has not ended."""


@dataclass(frozen=True)
class Decision:
    """What happens about the next run."""

    reason: str
    """Of the condition; DUE: the run is made now."""
    threshold: int
    """The one that is due, or that comes next."""
    reached: bool
    """So many documents are annotated."""
    until: datetime | None = None
    """When to decide anew, where only time is missing."""

    @property
    def fires(self) -> bool:
        """A run is made now."""
        return self.reason == DUE


def decide(policy: Policy, now: datetime, situation: Situation) -> Decision:
    """Decide. Each threshold fires once at most, at the highest that is reached; never at or below the watermark."""
    threshold = policy.thresholds.reached(situation.documents)
    is_reached = threshold > situation.watermark
    if not is_reached:
        threshold = policy.thresholds.after(situation.watermark)
    reason, until = _held_by(policy, now, situation, is_reached=is_reached)
    return Decision(reason, threshold, is_reached, until)


def _held_by(policy: Policy, now: datetime, situation: Situation, *, is_reached: bool) -> tuple[str, datetime | None]:
    if not policy.enabled:
        return OFF, None
    if situation.under_way:
        return RUNNING, None
    if not is_reached:
        return WAITING, None
    if not situation.watermark:
        return DUE, None  # the first model is what people wait for: no quiet period, no budget
    free = _free_again(policy, now, situation)
    if free is not None:
        return BUDGET_EXHAUSTED, free
    calm = min(situation.changed + policy.quiet, (situation.reached or now) + policy.longest)
    return (QUIET_PERIOD, calm) if now < calm else (DUE, None)


def _free_again(policy: Policy, now: datetime, situation: Situation) -> datetime | None:
    """Return when the day's budget has room again, none while it has."""
    recent = sorted(one for one in situation.made if now - one < A_DAY)
    if len(recent) < policy.runs_per_day:
        return None
    return recent[len(recent) - policy.runs_per_day] + A_DAY
