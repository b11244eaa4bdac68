"""What passed a proxy, in order; and traps that spring at a write of a chosen number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from threading import RLock

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Moment(Enum):
    """Before the write reaches the server, or after it had its effect and before the answer is passed on."""

    BEFORE = "before"
    AFTER = "after"


@dataclass
class Exchange:
    """One request."""

    method: str
    target: str
    """Path and query."""
    write: int | None = None
    """The number among the writes that count."""
    status: int = 0
    """0: no answer was passed on."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


Trap = Callable[[Exchange, Moment], bool]
"""Told of every write at both moments; True where it has ended the client: nothing more is done for this request."""


@dataclass
class Journal:
    """Shared by the proxies of one process, so that its writes have one order. For threads."""

    ignored: str = ""
    """Writes whose method and path fit this regular expression have no number."""
    exchanges: list[Exchange] = field(default_factory=list)
    _writes: int = 0
    _trap: Trap | None = None
    _lock: RLock = field(default_factory=RLock)

    def open(self, method: str, target: str) -> Exchange:
        """Take a request in."""
        exchange = Exchange(method, target)
        with self._lock:
            if method in WRITES and not (self.ignored and re.search(self.ignored, str(exchange))):
                self._writes += 1
                exchange.write = self._writes
            self.exchanges.append(exchange)
        return exchange

    def sprung(self, exchange: Exchange, moment: Moment) -> bool:
        """Tell the trap of a write; True if the client is dead by now."""
        with self._lock:
            if self._trap is None or exchange.write is None:
                return False
            return self._trap(exchange, moment)

    def set_trap(self, trap: Trap | None) -> None:
        """Set a trap, or take it away."""
        with self._lock:
            self._trap = trap

    def restart(self) -> None:
        """Forget everything and count from 1 again; the trap goes too."""
        with self._lock:
            self.exchanges = []
            self._writes = 0
            self._trap = None

    @property
    def writes(self) -> list[Exchange]:
        """The writes that count, in their order."""
        with self._lock:
            return [one for one in self.exchanges if one.write is not None]

    def count(self, method: str = "", path: str = "") -> int:
        """Return how many requests of a method have a path (with query) that fits the regular expression."""
        with self._lock:
            return sum(
                bool(re.fullmatch(method or ".*", o.method) and re.search(path, o.target)) for o in self.exchanges
            )

    def successful(self, method: str, path: str) -> list[Exchange]:
        """Return the requests that the server answered with success."""
        with self._lock:
            fitting = [one for one in self.exchanges if one.method == method and re.search(path, one.target)]
        return [one for one in fitting if HTTPStatus.OK <= one.status < HTTPStatus.MULTIPLE_CHOICES]

    def by_path(self) -> Counter[str]:
        """Return how often each method and path was asked for."""
        with self._lock:
            return Counter(str(one) for one in self.exchanges)
