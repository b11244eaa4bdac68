"""The figures and the aims that they are held against."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Rest:
    """One size, after everything has its status."""

    capabilities: int
    settle_seconds: float
    settle_cpu_ms: float
    """Per object, capability or run."""
    start_megabytes: float
    full_megabytes: float
    p50_ms: float
    p99_ms: float
    """From the answer to a change of the spec to the status that describes it."""
    resyncing_p99_ms: float
    """The same while every object is looked at again all the time."""
    calls_per_change: float
    writes_per_change: float
    store_calls_per_change: float
    cpu_ms_per_change: float
    writes_at_rest: int
    writes_on_restart: int

    @property
    def kibibytes_each(self) -> float:
        """Memory per object, capabilities and runs alike."""
        return 1e6 * (self.full_megabytes - self.start_megabytes) / 1024 / (2 * self.capabilities)


@dataclass(frozen=True)
class Burst:
    """Some creates as fast as they go."""

    program: str
    creates: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_ms_each: float
    server_cpu_ms_each: float
    calls_each: float
    writes_each: float
    megabytes: float

    @property
    def per_second(self) -> float:
        """Statuses per second."""
        return self.creates / self.seconds


@dataclass(frozen=True)
class Aim:
    """One aim and what came of it."""

    what: str
    value: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Tell whether it was reached."""
        return (operator.ge if self.at_least else operator.le)(round(self.value, 3), self.limit)

    def __str__(self) -> str:
        relation = "≥" if self.at_least else "≤"
        verdict = "met" if self.met else "MISSED"
        return f"{self.what:58s} {self.value:8.2f} {self.unit:4s} aim {relation} {self.limit:g}: {verdict}"


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def middle(found: Iterable[T], value: Callable[[T], float]) -> float:
    """Return the median of a value."""
    return quantile([value(one) for one in found], 0.5)


def aims(rests: Sequence[Rest], ours: Sequence[Burst], theirs: Sequence[Burst]) -> list[Aim]:
    """Return the aims of what was measured."""
    found = []
    if ours:
        found.append(Aim("creates per second", middle(ours, lambda one: one.per_second), 200, "/s", at_least=True))
    if ours and theirs:
        rounds = [mine.per_second / other.per_second for mine, other in zip(ours, theirs, strict=True)]
        found.append(Aim("times kopf's own handlers, median of rounds", quantile(rounds, 0.5), 2, "x", at_least=True))
    largest = rests[-1] if rests else None
    for one in rests:
        found += [
            Aim(f"change to status p99 at {one.capabilities}", one.p99_ms, 40, "ms"),
            Aim(f"writes per change at {one.capabilities} (routes + 1)", one.writes_per_change, 2, ""),
            Aim(f"writes at rest and over resyncs at {one.capabilities}", one.writes_at_rest, 0, ""),
            Aim(f"writes on restart at {one.capabilities}", one.writes_on_restart, 0, ""),
        ]
    if largest is not None:
        found.append(Aim(f"memory at {largest.capabilities}", largest.full_megabytes, 120, "MB"))
        found.append(Aim(f"memory per object at {largest.capabilities}", largest.kibibytes_each, 15, "KiB"))
    return found
