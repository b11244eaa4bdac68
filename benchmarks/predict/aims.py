"""What the project wants of the predict path, held against what was measured. Pure: words, no exit codes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.predict.catalogue import (
    DECODING_CLIENT,
    DIRECT,
    ENVOY,
    GATEWAY,
    GATEWAY_V2,
    IN_PROCESS,
    KSERVE,
    KSERVE_THREADS,
    KSERVE_TRANSFORMER,
    MLSERVER,
    ON_ONE_THREAD,
)
from benchmarks.predict.figures import Round, Spread, Total, added, compared

ONE, MANY = 1, 8
_MEGABYTE = 1_000_000

Rounds = Mapping[str, Sequence[Round]]
"""Of one number of connections, by the peer's key."""
Figure = Callable[[Round], float]
Way = Callable[[Sequence[Round], Sequence[Round], Figure], Spread]


@dataclass(frozen=True)
class Aim:
    """One sentence that a measurement answers."""

    said: str
    ours: str
    theirs: str
    figure: Figure
    bound: float | None
    """None: only reported."""
    at_least: bool = True
    connections: int = MANY
    way: Way = compared

    @property
    def wanted(self) -> str:
        """`>= 0.95`; empty where there is no aim."""
        return "" if self.bound is None else f"{'>=' if self.at_least else '<='} {self.bound:g}"


@dataclass(frozen=True)
class Verdict:
    """An aim and how it came out."""

    aim: Aim
    seen: Spread
    by_cpu: float = 0.0
    """For a throughput: the ratio that CPU time alone allows, which a busy machine disturbs least; 0 otherwise."""

    @property
    def word(self) -> str:
        """met, missed, or nothing where there is no aim."""
        if self.aim.bound is None:
            return ""
        holds = operator.ge if self.aim.at_least else operator.le
        return "met" if holds(self.seen.median, self.aim.bound) else "missed"


def _rate(one: Round) -> float:
    return one.rate


def _p50(one: Round) -> float:
    return one.percentile(50)


def _p99(one: Round) -> float:
    return one.percentile(99)


def _front_cpu(one: Round) -> float:
    return one.front_cpu


def _server_cpu(one: Round) -> float:
    return one.server_cpu


def _worker_megabytes(one: Round) -> float:
    return one.front_memory.largest_bytes / _MEGABYTE


def _alone(ours: Sequence[Round], _theirs: Sequence[Round], figure: Figure) -> Spread:
    return Spread.of([figure(one) for one in ours])


AIMS = (
    Aim("throughput, of Triton direct", GATEWAY, DIRECT, _rate, 0.95),
    Aim("p99, of Triton direct's", GATEWAY, DIRECT, _p99, 1.2, at_least=False),
    Aim("throughput, of KServe transformer → Triton", GATEWAY, KSERVE_TRANSFORMER, _rate, 2.0),
    Aim("CPU of the gateway, of the transformer's", GATEWAY, KSERVE_TRANSFORMER, _front_cpu, 0.5, at_least=False),
    Aim("the same with Triton's on both sides", GATEWAY, KSERVE_TRANSFORMER, _server_cpu, None),
    Aim("throughput, of KServe in process", GATEWAY, KSERVE, _rate, 1.8),
    Aim("throughput, of the same in threads", GATEWAY, KSERVE_THREADS, _rate, None),
    Aim("throughput, of MLServer in process", GATEWAY, MLSERVER, _rate, 2.0),
    Aim("throughput, of one ONNX Runtime loop", GATEWAY, IN_PROCESS, _rate, 0.8),
    Aim("ms added to Triton direct (p50)", GATEWAY, DIRECT, _p50, 0.6, at_least=False, connections=ONE, way=added),
    Aim("throughput, of a client that decodes itself", GATEWAY, DECODING_CLIENT, _rate, None),
    Aim("ms added to such a client (p50)", GATEWAY, DECODING_CLIENT, _p50, None, connections=ONE, way=added),
    Aim("MB of a gateway worker", GATEWAY, GATEWAY, _worker_megabytes, 100.0, at_least=False, way=_alone),
    Aim("pass-through ceiling: Envoy, of Triton direct", ENVOY, DIRECT, _rate, None),
    Aim("our /v2, of Envoy", GATEWAY_V2, ENVOY, _rate, None),
    Aim("CPU of our /v2, of Envoy's", GATEWAY_V2, ENVOY, _front_cpu, None),
)


def verdicts(measured: Mapping[int, Rounds], cores: int) -> list[Verdict]:
    """Return how each aim came out whose peers and connections were measured."""
    found = []
    for aim in AIMS:
        rounds = measured.get(aim.connections, {})
        ours, theirs = rounds.get(aim.ours), rounds.get(aim.theirs)
        if ours and theirs:
            by_cpu = _allowed(aim.ours, ours, cores) / _allowed(aim.theirs, theirs, cores)
            found.append(Verdict(aim, aim.way(ours, theirs, aim.figure), by_cpu if aim.figure is _rate else 0.0))
    return found


def _allowed(key: str, rounds: Sequence[Round], cores: int) -> float:
    return Total.of(rounds).allowed(cores, key in ON_ONE_THREAD)
