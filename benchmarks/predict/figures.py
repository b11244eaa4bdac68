"""The statistics of what was measured. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.predict.usage import Memory


@dataclass(frozen=True)
class Round:
    """One peer's slice of one round."""

    seconds: float
    latencies: NDArray[np.float64]
    """Seconds, one for each answer."""
    cpu_seconds: dict[str, float]
    """Of the servers, by name; the peer's own first, Triton after it."""
    client_cpu_seconds: float
    strangers_cpu_seconds: float
    """Of everything else on the machine meanwhile: where it is not near 0, the figures are not the peer's alone."""
    memory: Memory
    front_memory: Memory
    """Of the peer's own server, without Triton behind it."""

    @property
    def requests(self) -> int:
        """How many answers there were."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds

    def percentile(self, percent: float) -> float:
        """Return a percentile of the latencies, in milliseconds."""
        return float(np.percentile(self.latencies, percent)) * 1000

    @property
    def front_cpu(self) -> float:
        """CPU milliseconds per request of the peer's own server."""
        return 1000 * next(iter(self.cpu_seconds.values())) / self.requests

    @property
    def server_cpu(self) -> float:
        """CPU milliseconds per request of all servers together."""
        return 1000 * sum(self.cpu_seconds.values()) / self.requests


@dataclass(frozen=True)
class Spread:
    """A figure over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return median and range; raises StatisticsError on no values."""
        return cls(statistics.median(values), min(values), max(values))

    def text(self, decimals: int = 2) -> str:
        """`0.65 (0.61..0.70)`."""
        median, low, high = (f"{value:.{decimals}f}" for value in (self.median, self.low, self.high))
        return f"{median} ({low}..{high})"


def compared(ours: Sequence[Round], theirs: Sequence[Round], figure: Callable[[Round], float]) -> Spread:
    """Return ours / theirs, round by round, so that what disturbs a whole round falls on both."""
    return Spread.of([figure(one) / figure(other) for one, other in zip(ours, theirs, strict=True)])


def added(ours: Sequence[Round], theirs: Sequence[Round], figure: Callable[[Round], float]) -> Spread:
    """Return ours - theirs, round by round."""
    return Spread.of([figure(one) - figure(other) for one, other in zip(ours, theirs, strict=True)])


@dataclass(frozen=True)
class Total:
    """One peer's figures over all rounds."""

    rate: Spread
    p50_ms: float
    p99_ms: float
    """Both over all answers of all rounds."""
    cpu_ms: dict[str, float]
    """Per request, by server."""
    client_cpu_ms: float
    client_share: float
    """Of all CPU time that servers and client used."""
    memory: Memory
    front_memory: Memory
    """The largest seen."""

    @property
    def server_cpu_ms(self) -> float:
        """Per request, all servers together."""
        return sum(self.cpu_ms.values())

    def allowed(self, cores: int, on_one_thread: bool = False) -> float:
        """Return the answers per second that CPU time allows: of servers and client together on that many cores.

        `on_one_thread`: the peer's own server can use no more than one of them.
        """
        together = cores / (self.server_cpu_ms + self.client_cpu_ms)
        alone = 1 / next(iter(self.cpu_ms.values())) if on_one_thread else together
        return 1000 * min(together, alone)

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> Total:
        """Sum up; raises StatisticsError on no rounds."""
        latencies = np.concatenate([one.latencies for one in rounds]) * 1000
        spent: Counter[str] = Counter()
        for one in rounds:
            spent.update(one.cpu_seconds)
        client = sum(one.client_cpu_seconds for one in rounds)
        half, most = np.percentile(latencies, [50, 99])
        return cls(
            rate=Spread.of([one.rate for one in rounds]),
            p50_ms=float(half),
            p99_ms=float(most),
            cpu_ms={name: 1000 * seconds / len(latencies) for name, seconds in spent.items()},
            client_cpu_ms=1000 * client / len(latencies),
            client_share=client / (client + sum(spent.values())),
            memory=max((one.memory for one in rounds), key=lambda held: held.total_bytes),
            front_memory=max((one.front_memory for one in rounds), key=lambda held: held.total_bytes),
        )


def strangers_cores(rounds: Sequence[Round]) -> float:
    """Return how many cores everything else on the machine took on average."""
    return sum(one.strangers_cpu_seconds for one in rounds) / sum(one.seconds for one in rounds)


def as_json(one: Round) -> dict[str, Any]:
    """Return a round for the file: percentiles instead of every latency."""
    return {
        "requests": one.requests,
        "seconds": one.seconds,
        "p50_ms": one.percentile(50),
        "p99_ms": one.percentile(99),
        "cpu_seconds": one.cpu_seconds,
        "client_cpu_seconds": one.client_cpu_seconds,
        "strangers_cpu_seconds": one.strangers_cpu_seconds,
        "memory_bytes": vars(one.memory),
        "front_memory_bytes": vars(one.front_memory),
    }
