"""Measuring: every peer gets a slice of time in every round, and the order turns from round to round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.predict.figures import Round
from benchmarks.predict.load import LoadFailedError, Slice, slice_of
from benchmarks.predict.scene import Peer
from benchmarks.predict.usage import Memory, cpu_seconds, machine_busy_seconds, memory

T = TypeVar("T")

_WARM_UP_SECONDS = 0.4


def rotated(peers: Sequence[T], number: int) -> list[T]:
    """Return the peers in the order of round `number`: each comes first in its turn, every other round backwards."""
    start = number % len(peers)
    turned = [*peers[start:], *peers[:start]]
    return turned if number % 2 == 0 else turned[::-1]


def first_answers(peers: Sequence[Peer], scratch: Path) -> dict[str, bytes]:
    """Let each peer answer for a moment, which also warms it up; return one answer of each.

    Raises LoadFailedError naming the peer that does not answer.
    """
    return {peer.key: _slice(peer, 1, _WARM_UP_SECONDS, scratch).answer for peer in peers}


def measured(
    peers: Sequence[Peer], connections: int, rounds: int, seconds: float, scratch: Path
) -> Iterator[tuple[str, Round]]:
    """Yield (peer's key, figures) of every slice; raises LoadFailedError naming the peer that failed."""
    for peer in peers:
        _slice(peer, connections, _WARM_UP_SECONDS, scratch)
    for number in range(rounds):
        for peer in rotated(peers, number):
            yield peer.key, one_round(peer, connections, seconds, scratch)


def one_round(peer: Peer, connections: int, seconds: float, scratch: Path) -> Round:
    """Return the figures of one slice."""
    before = {name: cpu_seconds(process) for name, process in peer.servers.items()}
    busy = machine_busy_seconds()
    done = _slice(peer, connections, seconds, scratch)
    busy = machine_busy_seconds() - busy
    spent = {name: cpu_seconds(process) - before[name] for name, process in peer.servers.items()}
    if peer.load_works_as:
        spent[peer.load_works_as] = done.cpu_seconds
    held = memory(peer.servers.values()) if peer.servers else Memory(done.resident_bytes, done.resident_bytes)
    front = next(iter(peer.servers.values()), None)
    client = 0.0 if peer.load_works_as else done.cpu_seconds
    return Round(
        seconds=done.seconds,
        latencies=done.latencies,
        cpu_seconds=spent,
        client_cpu_seconds=client,
        strangers_cpu_seconds=max(0.0, busy - sum(spent.values()) - client),
        memory=held,
        front_memory=memory([front]) if front is not None else held,
    )


def _slice(peer: Peer, connections: int, seconds: float, scratch: Path) -> Slice:
    try:
        return slice_of(peer.load, connections, seconds, scratch)
    except LoadFailedError as error:
        raise LoadFailedError(f"{peer.key}: {error}") from error
