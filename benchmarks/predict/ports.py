"""Ports for the servers: ours alone, or the run ends. A stranger's answers are never timed."""

from __future__ import annotations

import psutil  # type: ignore[import-untyped]  # has no types

from benchmarks.predict.usage import tree
from tests.support.ports import free_ports


class BusyPortError(RuntimeError):
    """Somebody else listens there."""


class Ports:
    """Hands out ports on loopback: free ones, or from `first` on, each once."""

    def __init__(self, first: int | None = None) -> None:
        self._next = first

    def take(self, count: int) -> list[int]:
        """Return that many ports; raises BusyPortError naming the first that somebody listens on."""
        if self._next is None:
            return free_ports(count)
        taken = list(range(self._next, self._next + count))
        self._next += count
        for port in taken:
            strangers = listeners(port)
            if strangers:
                raise BusyPortError(busy(port, strangers))
        return taken


def our_listener(port: int) -> psutil.Process:
    """Return the process that listens on the port; raises BusyPortError where that is none that this run started."""
    listening = listeners(port)
    strangers = listening - {one.pid for one in tree(psutil.Process())}
    if strangers:
        raise BusyPortError(busy(port, strangers))
    if not listening:
        raise BusyPortError(f"nobody listens on port {port}, where a server was just started")
    return psutil.Process(min(listening))


def listeners(port: int) -> set[int]:
    """Return the ids of the processes that listen on a TCP port; 0 stands for one of another user."""
    return {
        one.pid or 0
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
    }


def busy(port: int, pids: set[int]) -> str:
    """Return the complaint."""
    return f"port {port} is busy: process {', '.join(map(str, sorted(pids)))} listens on it; end it or choose others"
