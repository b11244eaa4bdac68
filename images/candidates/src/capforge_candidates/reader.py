"""One reading process as the service sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from capforge_candidates.faults import Code, Fault
from capforge_candidates.frames import packed, read_frame_async
from capforge_contracts.reading import GivenPage

_START_SECONDS = 120.0
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX")
_SINGLE_THREADED = {
    "OMP_THREAD_LIMIT": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_PREFIX = "CAPFORGE_"


@dataclass(frozen=True)
class EngineState:
    """What a process said about its engine when it started."""

    engine: str = ""
    version: str = ""
    away: str = ""
    """Why there is none, and what to do; empty: there is one."""


class Reader:
    """A running process; after any failure it is ended and never used again."""

    def __init__(self, process: asyncio.subprocess.Process, state: EngineState) -> None:
        self._process = process
        self.state = state
        self.documents = 0

    @classmethod
    async def started(cls, environment: Mapping[str, str]) -> Self:
        """Start one and wait for its first word; raises Fault (ReadingFailed) where it does not come."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "capforge_candidates.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # it is killed together with the engine's programs
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                head, _ = await read_frame_async(_output(process))
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            await _ended(process)
            raise Fault(Code.READING_FAILED, "a reading process did not start; the log says why") from error
        except BaseException:
            await _ended(process)
            raise
        return cls(process, EngineState(head.get("engine", ""), head.get("engineVersion", ""), head.get("away", "")))

    @property
    def alive(self) -> bool:
        """Tell whether it can take another document."""
        return self._process.returncode is None

    async def read(self, data: bytes, given: Sequence[GivenPage] | None, timeout_seconds: float) -> bytes:
        """Return the JSON of a Reading; raises Fault. A process that fails otherwise than by a fault is ended."""
        head: dict[str, Any] = {}
        if given is not None:
            head["given"] = [page.model_dump(mode="json") for page in given]
        self.documents += 1
        try:
            async with asyncio.timeout(timeout_seconds):
                answer, body = await self._exchange(packed(head, data))
        except TimeoutError as error:
            await self.end()
            message = f"the document was not read within {timeout_seconds:g} s; send smaller or fewer pages"
            raise Fault(Code.READING_TIMEOUT, message) from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            await self.end()
            message = "reading this document ended the process that reads; save it anew, or as a picture, and send that"
            raise Fault(Code.BROKEN_DOCUMENT, message) from error
        except BaseException:
            await self.end()
            raise
        if "code" in answer:
            raise Fault(Code(answer["code"]), answer["message"])
        return body

    async def end(self) -> None:
        """Kill it and whatever it started."""
        await _ended(self._process)

    async def _exchange(self, frame: bytes) -> tuple[dict[str, Any], bytes]:
        if self._process.stdin is None:
            raise ConnectionError
        self._process.stdin.write(frame)
        await self._process.stdin.drain()
        return await read_frame_async(_output(self._process))


def reader_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a process gets: the settings, where programs are, and one thread."""
    passed = {name: value for name, value in environment.items() if name in _PASSED_ON or name.startswith(_PREFIX)}
    return {**passed, **_SINGLE_THREADED}


def _output(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise ConnectionError
    return process.stdout


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
