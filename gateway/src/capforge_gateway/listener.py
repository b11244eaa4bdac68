"""uvicorn with what it lacks for a public address, and without its own signal handlers: two listeners, one process."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, ClassVar

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_HEADER_BYTES = 32 * 1024
_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 35
_BACKLOG = 2048


class PatientButNotForEver(HttpToolsProtocol):
    """Closes a connection whose request head takes too long or is too large; uvicorn alone would wait for ever."""

    head_seconds: ClassVar[float]
    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._start_head_timer()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        self._stop_head_timer()
        super().on_headers_complete()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > _MAX_HEADER_BYTES:
            raise ValueError("request head too large")  # the parser turns it into a 400

    def _start_head_timer(self) -> None:
        self._stop_head_timer()
        self._head_timer = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _protocol(head_seconds: float) -> type[PatientButNotForEver]:
    """Uvicorn makes the protocols itself, so the setting travels in a class."""
    return type("Protocol", (PatientButNotForEver,), {"head_seconds": head_seconds})


class Listener(uvicorn.Server):
    """One address; the caller handles signals and calls `stop`."""

    def stop(self) -> None:
        """Refuse new connections, let running requests end."""
        self.should_exit = True

    async def run_until_stopped(self) -> None:
        """Serve; returns when the last request has ended."""
        await self._serve()


def listener(app: Any, host: str, port: int, head_seconds: float) -> Listener:
    """Return a listener that is not started yet."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return Listener(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=_protocol(head_seconds),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
