"""`python -m capforge_candidates.worker`: reads one document after the other; what goes wrong ends it alone.

It parses what strangers send with native libraries, so it is bounded in memory, is killed when its time is over, and
has nothing of the service: no sockets, and an environment of settings alone. Frames on standard input and output.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import IO, Any

import cv2
from pydantic import TypeAdapter

from capforge_candidates.document import read_document
from capforge_candidates.engines.choice import engine_from
from capforge_candidates.engines.port import Engine
from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.page import Limits
from capforge_candidates.frames import packed, read_frame
from capforge_candidates.settings import Settings, settings_from
from capforge_candidates.version import engine_version
from capforge_contracts import logs
from capforge_contracts.reading import GivenPage

_PR_SET_PDEATHSIG = 1
_GIVEN = TypeAdapter(list[GivenPage])
_OUT_OF_MEMORY = {
    "code": Code.BROKEN_DOCUMENT,
    "message": "reading the document takes more memory than is allowed; send smaller or fewer pages",
}


def main() -> None:
    """Say which engine there is, then answer frames until the service goes."""
    settings = settings_from(os.environ)
    logs.configure("candidates", settings.log_level)
    confine(settings.max_memory_bytes)
    requests, answers = _own_streams()
    engine = _engine(settings)
    answers.write(packed(_hello(engine)))
    answers.flush()
    limits = Limits(settings.max_pages, settings.max_pixels)
    while (frame := read_frame(requests)) is not None:
        head, data = frame
        given = _GIVEN.validate_python(head["given"]) if head.get("given") is not None else None
        answers.write(answer(data, given, engine, limits))
        answers.flush()


def answer(data: bytes, given: list[GivenPage] | None, engine: Engine | Fault, limits: Limits) -> bytes:
    """Return the frame that answers one document: a reading or a fault."""
    try:
        return packed({}, read_document(data, engine, limits, given).to_json())
    except Fault as fault:
        return packed({"code": fault.code, "message": fault.message})
    except MemoryError:
        return packed(_OUT_OF_MEMORY)
    except cv2.error as error:
        if error.code != cv2.Error.STS_NO_MEM:
            raise
        return packed(_OUT_OF_MEMORY)


def confine(max_memory_bytes: int) -> None:
    """Bound this process and the engine's programs; end with the service."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (max_memory_bytes, max_memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Take standard input and output for the frames; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def _engine(settings: Settings) -> Engine | Fault:
    try:
        return engine_from(settings)
    except Fault as fault:
        return fault


def _hello(engine: Engine | Fault) -> dict[str, Any]:
    if isinstance(engine, Fault):
        return {"away": engine.message}
    return {"engine": engine.name, "engineVersion": engine_version(engine)}


if __name__ == "__main__":
    main()
