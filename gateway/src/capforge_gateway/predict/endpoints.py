"""Which model server gets the next request, and the idle connections to each.

- The one with the least under way; among equals, in turn.
- One that failed is left alone for a second, after each further failure twice as long, unless every other has failed
  too: then it is tried all the same. Requests that fail together are one failure.
- What waits for a server that has fallen silent is moved: its connections are closed, so that each request goes on to
  another server.
- Connections to servers that are routed to no more are closed when idle.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from capforge_gateway.predict.connection import Connection

OPEN_SECONDS = 1.0
LONGEST_OPEN_SECONDS = 16.0


@dataclass
class Endpoint:
    """One model server."""

    address: str
    under_way: int = 0
    failures: int = 0
    """Since the last answer."""
    failed_until: float = 0.0
    last_pick: int = 0
    answers: int = 0
    """So far, of whatever status."""
    idle: deque[Connection] = field(default_factory=deque)
    busy: set[Connection] = field(default_factory=set)
    """Those that wait for an answer."""


class Endpoints:
    """All model servers that are or were routed to. One event loop only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, Endpoint] = {}
        self._picks = 0

    def pick(self, addresses: Collection[str], tried: Collection[str]) -> Endpoint | None:
        """Return the best server that was not tried yet; None where there is none."""
        now = self._clock()
        candidates = [self._endpoint(address) for address in addresses if address not in tried]
        if not candidates:
            return None
        best = min(candidates, key=lambda one: (one.failed_until > now, one.under_way, one.last_pick))
        self._picks += 1
        best.last_pick = self._picks
        return best

    def pick_well(self, addresses: Collection[str], tried: Collection[str]) -> Endpoint | None:
        """Return the best server that was not tried yet and has not failed lately; None where there is none."""
        now = self._clock()
        return self.pick([one for one in addresses if self._endpoint(one).failed_until <= now], tried)

    def failed(self, endpoint: Endpoint) -> None:
        """Leave the server alone for a while."""
        now = self._clock()
        self._close_idle(endpoint)
        if endpoint.failed_until > now:
            return
        endpoint.failed_until = now + min(OPEN_SECONDS * 2**endpoint.failures, LONGEST_OPEN_SECONDS)
        endpoint.failures += 1

    def left_alone(self, endpoint: Endpoint) -> bool:
        """Tell whether the server failed lately and has not answered since."""
        return endpoint.failed_until > self._clock()

    def silent(self, endpoint: Endpoint) -> None:
        """Leave the server alone and move everything that waits for it to other servers."""
        self.failed(endpoint)
        for connection in tuple(endpoint.busy):
            connection.close()

    def retain(self, addresses: Collection[str]) -> None:
        """Forget every server but these."""
        for gone in self._known.keys() - set(addresses):
            self._close_idle(self._known.pop(gone))

    def close(self) -> None:
        """Close every idle connection."""
        self.retain(())

    def answered(self, endpoint: Endpoint, connection: Connection) -> None:
        """Note that the server is well, and keep the connection for the next request if it and its server are good."""
        endpoint.failures, endpoint.failed_until = 0, 0.0
        endpoint.answers += 1
        if connection.closed:
            return
        if self._known.get(endpoint.address) is endpoint:
            endpoint.idle.append(connection)
        else:
            connection.close()

    def idle_connection(self, endpoint: Endpoint) -> Connection | None:
        """Return the connection used last: the one least likely to have been closed by the server."""
        while endpoint.idle:
            connection = endpoint.idle.pop()
            if not connection.closed:
                return connection
        return None

    def _endpoint(self, address: str) -> Endpoint:
        return self._known.setdefault(address, Endpoint(address))

    def _close_idle(self, endpoint: Endpoint) -> None:
        while endpoint.idle:
            endpoint.idle.pop().close()


async def connect(address: str, timeout_seconds: float) -> Connection:
    """Open a connection to `host:port`; raises OSError (TimeoutError is one)."""
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_seconds):
        _, connection = await loop.create_connection(Connection, host.strip("[]"), int(port))
    return connection
