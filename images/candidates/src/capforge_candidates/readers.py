"""The reading processes of the service.

- At most `count` documents are read at once; at most `max_waiting` wait; more are refused at once (Busy).
- A document never waits for another one's failure: a process that dies, hangs or is used up is replaced.
- A document that ends its process is answered with a fault; it is not tried again.
- A document that comes while the processes start waits for one of them, as it would for a document.
- While the engine is away each process is asked anew from time to time; documents that need no engine go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from capforge_candidates.faults import Code, Fault
from capforge_candidates.reader import EngineState, Reader
from capforge_contracts.reading import GivenPage

_DOCUMENTS_PER_PROCESS = 500
"""Then it is replaced: native libraries lose memory."""
_ASK_AGAIN_SECONDS = 10.0
"""Between two tries to find an engine that was away."""
_log = structlog.get_logger()


class Readers:
    """A pool; `start` before use, `close` at the end."""

    def __init__(
        self,
        environment: Mapping[str, str],
        count: int,
        max_waiting: int,
        timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._free: list[Reader] = []
        self._slots = asyncio.Semaphore(count)
        self._count = count
        self._max_waiting = max_waiting
        self.waiting = 0
        self.reading = 0
        self.replaced = 0
        self.state = EngineState(away="the reading processes are starting")
        self._asked_at = 0.0

    async def start(self) -> None:
        """Start the processes, so that the first documents need not wait; raises Fault."""
        await asyncio.gather(*(self._start_one() for _ in range(self._count)))

    async def close(self) -> None:
        """End the processes that are free; those that read end with their documents."""
        await asyncio.gather(*(reader.end() for reader in self._free))
        self._free.clear()

    async def read(self, data: bytes, given: Sequence[GivenPage] | None) -> bytes:
        """Return the JSON of a Reading; raises Fault."""
        if self._slots.locked() and self.waiting >= self._max_waiting:
            raise Fault(Code.BUSY, f"{self.waiting} documents wait already; send it again in a moment")
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        self.reading += 1
        try:
            return await self._read(data, given)
        finally:
            self.reading -= 1
            self._slots.release()

    async def engine(self) -> EngineState:
        """Return what there is now; an engine that was away is looked for again."""
        if self.state.away and not self._slots.locked() and self._clock() - self._asked_at >= _ASK_AGAIN_SECONDS:
            async with self._slots:
                await self._give_back(await self._taken())
        return self.state

    async def _start_one(self) -> None:
        async with self._slots:
            self._free.append(await self._started())

    async def _read(self, data: bytes, given: Sequence[GivenPage] | None) -> bytes:
        reader = await self._taken()
        try:
            return await reader.read(data, given, self._timeout_seconds)
        finally:
            await self._give_back(reader)

    async def _taken(self) -> Reader:
        """Take a free process; a new one where there is none that is alive and knows the engine."""
        while self._free:
            reader = self._free.pop()
            if reader.alive and not self._should_ask_again(reader):
                return reader
            await reader.end()
        return await self._started()

    async def _give_back(self, reader: Reader) -> None:
        if reader.alive and reader.documents < _DOCUMENTS_PER_PROCESS:
            self._free.append(reader)
            return
        self.replaced += 1
        _log.info("reading process ended", documents=reader.documents)
        await reader.end()

    def _should_ask_again(self, reader: Reader) -> bool:
        return bool(reader.state.away) and self._clock() - self._asked_at >= _ASK_AGAIN_SECONDS

    async def _started(self) -> Reader:
        self._asked_at = self._clock()
        reader = await Reader.started(self._environment)
        if reader.state != self.state:
            _log.info("engine", engine=reader.state.engine, engine_version=reader.state.version, away=reader.state.away)
        self.state = reader.state
        return reader
