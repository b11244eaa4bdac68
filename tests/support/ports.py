"""Ports on loopback for servers whose address a test knows before they listen, or while they are away on purpose.

The kernel gives away the ports of its own range to whoever asks, at any moment. So ours lie below that range, and every
test process has some for itself as long as it lives: nobody takes a port between its choice and its server's start.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from threading import Lock

_FIRST, _END = 12_000, 30_000
"""Below Kubernetes' node ports."""
_BLOCK = 200
"""Ports of one process: a server may be away for as long as it takes to give out the others."""
_ROOM = 20 * _BLOCK
"""For so many processes at once."""
_KERNELS_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count: int) -> list[int]:
    """Return distinct TCP ports that nothing listens on and that no other test process is given."""
    return _OURS.take(count)


def free_port() -> int:
    """Return one TCP port that nothing listens on and that no other test process is given."""
    return free_ports(1)[0]


def refusing_port() -> int:
    """Return a port on which nobody listens for as long as this process lives: whoever connects is refused."""
    port: int = _silent().getsockname()[1]
    return port


@cache
def _silent() -> socket.socket:
    """A socket that is bound, and never listened on."""
    held = socket.socket()
    held.bind(("127.0.0.1", free_port()))
    return held


@dataclass
class _Block:
    """One process's ports, taken in turn; a name among abstract sockets says whose they are and ends with the process."""

    _process: int = 0
    _name: socket.socket | None = None
    _ports: Iterator[int] = field(default_factory=lambda: iter(()))
    _lock: Lock = field(default_factory=Lock)

    def take(self, count: int) -> list[int]:
        with self._lock:
            if self._process != os.getpid():  # a forked process has a block of its own
                self._name, ports = _claimed()
                self._process, self._ports = os.getpid(), cycle(ports)
            free = (port for port in islice(self._ports, _BLOCK) if _is_free(port))
            taken = list(islice(free, count))
        assert len(taken) == count, f"{count} ports were asked for, and {len(taken)} of {_BLOCK} are free"
        return taken


def _claimed() -> tuple[socket.socket, range]:
    """Return the name and the ports of a block that no living process has."""
    for ports in (range(first, first + _BLOCK) for first in range(_FIRST, _end() - _BLOCK + 1, _BLOCK)):
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0capforge-test-ports-{ports.start}")
        except OSError:
            name.close()
        else:
            return name, ports
    raise AssertionError(f"other test processes have all ports from {_FIRST} to {_end()}")


def _end() -> int:
    """Return where ours end: where the kernel's begin, unless this machine has left it all; then they are ours at least."""
    lowest = int(_KERNELS_RANGE.read_text().split()[0])
    return min(_END, lowest) if lowest >= _FIRST + _ROOM else _END


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_OURS = _Block()
