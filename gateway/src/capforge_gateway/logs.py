"""One JSON object per line on standard output, written by a thread of its own.

A reader that is slow or stuck must not stop predictions: lines wait in a bounded buffer, and what does not fit is
dropped and counted. The thread looks every _PAUSE_SECONDS rather than being woken by each line: a wake-up per line
costs the event loop a change of threads.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque

import orjson
import structlog

from capforge_contracts.logs import LineShape, catch_the_rest

_MAX_LINES = 10_000
_BATCH = 200
_PAUSE_SECONDS = 0.05


class BufferedLines:
    """structlog's logger object: every level method takes one finished line."""

    def __init__(self, descriptor: int, max_lines: int = _MAX_LINES) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._max_lines = max_lines
        self._lines: deque[bytes] = deque()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_for_ever, name="log", daemon=True)
        self._thread.start()

    def msg(self, line: bytes) -> None:
        """Buffer a line; drops it where the buffer is full."""
        if len(self._lines) >= self._max_lines:
            self.dropped += 1
            return
        self._lines.append(line)

    debug = info = warning = warn = error = critical = exception = fatal = msg

    def close(self, timeout_seconds: float = 2.0) -> None:
        """Write what is left."""
        self._closing.set()
        self._thread.join(timeout_seconds)

    def _write_for_ever(self) -> None:
        while not (self._closing.wait(_PAUSE_SECONDS) and not self._lines):
            while self._lines:
                lines = [self._lines.popleft() for _ in range(min(_BATCH, len(self._lines)))]
                self._write(b"\n".join(lines) + b"\n")

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:  # nobody reads: there is no better place to say so
            self.dropped += 1


def configure(level: str, lines: BufferedLines) -> None:
    """Send structlog's and the standard library's records to `lines`."""
    structlog.configure(
        processors=[
            structlog.processors.format_exc_info,
            LineShape("gateway"),
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level.upper(), handlers=[_ToStructlog()], force=True)
    catch_the_rest()


class _ToStructlog(logging.Handler):
    """uvicorn and asyncio speak the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        details = {"logger": record.name}
        if record.exc_info:
            details["exception"] = logging.Formatter().formatException(record.exc_info)
        log.log(max(record.levelno, logging.DEBUG), record.getMessage(), **details)


def _dumps(event: object, **_: object) -> bytes:
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z)
