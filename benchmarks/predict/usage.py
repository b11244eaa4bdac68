"""CPU time and memory of a server with all its children, and of the machine."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]  # has no types


@dataclass(frozen=True)
class Memory:
    """Resident bytes; pages that processes share count in each."""

    total_bytes: int
    largest_bytes: int
    """Of the largest process: a worker's."""


def tree(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all its descendants that live now."""
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time that a process and its living descendants have used so far."""
    spent = 0.0
    for one in tree(process):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            spent += times.user + times.system
    return spent


def memory(processes: Iterable[psutil.Process]) -> Memory:
    """Return the memory of servers with all their children."""
    sizes = [0]
    for process in processes:
        for one in tree(process):
            with suppress(psutil.NoSuchProcess):
                sizes.append(one.memory_info().rss)
    return Memory(sum(sizes), max(sizes))


def machine_busy_seconds() -> float:
    """Return the CPU seconds that anything on this machine has used so far (all cores)."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)
