"""Starting the reading processes while documents come already."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from capforge_candidates.faults import Code, Fault
from capforge_candidates.reader import EngineState, Reader
from capforge_candidates.readers import Readers
from capforge_contracts.reading import GivenPage

ANSWER = b"{}"


@dataclass
class OneReader:
    """A process that reads everything at once."""

    state: EngineState = field(default_factory=EngineState)
    alive: bool = True
    documents: int = 0

    async def read(self, _data: bytes, _given: Sequence[GivenPage] | None, _timeout_seconds: float) -> bytes:
        return ANSWER

    async def end(self) -> None:
        self.alive = False


@dataclass
class Starts:
    """Starts processes when it is told to; those in `broken` (counted from 1) do not start."""

    broken: set[int] = field(default_factory=set)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    made: list[OneReader] = field(default_factory=list)

    async def started(self, _environment: Mapping[str, str]) -> OneReader:
        self.begun += 1
        number = self.begun
        await self.go_on.wait()
        if number in self.broken:
            raise Fault(Code.READING_FAILED, "on purpose")
        self.made.append(OneReader())
        return self.made[-1]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    made = Starts()
    monkeypatch.setattr(Reader, "started", made.started)
    return made


async def test_a_document_that_comes_while_the_processes_start_waits_for_one_of_them(starts: Starts) -> None:
    readers = Readers({}, 2, 4, 5)
    starting = asyncio.create_task(readers.start())
    await asyncio.sleep(0)
    reading = asyncio.create_task(readers.read(b"", None))
    await asyncio.sleep(0)
    assert (readers.waiting, readers.state.away) == (1, "the reading processes are starting")
    starts.go_on.set()
    assert await reading == ANSWER
    await starting
    assert starts.begun == 2
    await readers.close()
    assert [one.alive for one in starts.made] == [False, False]


async def test_one_process_that_does_not_start_takes_no_other_along(starts: Starts) -> None:
    starts.broken = {1}
    starts.go_on.set()
    readers = Readers({}, 2, 4, 5)
    with pytest.raises(Fault, match="on purpose"):
        await readers.start()
    assert await readers.read(b"", None) == ANSWER
    assert starts.begun == 2
    await readers.close()
    assert [one.alive for one in starts.made] == [False]
