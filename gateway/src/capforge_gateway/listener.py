"""uvicorn with what it lacks for a public address, and without its own signal handlers: two listeners, one process."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any, ClassVar, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_HEADER_BYTES = 32 * 1024
_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 35
_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
_BACKLOG = 2048
_ANSWER_SECONDS = 60.0
"""For taking an answer that does not fit into the buffers; also how long a peer may acknowledge nothing at all."""
MAX_CONNECTIONS = 4096
_MAX_PIPELINED = 32
"""Requests sent before the answer to the first: 256 KB of them would become 40 MB of waiting requests."""


class HeadWithBody:
    """What one answer is written to: its head goes out together with the first part of its body.

    Uvicorn writes them one after the other, which costs a system call and wakes the caller for nothing.
    """

    __slots__ = ("_begun", "_head", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self._begun = False

    def write(self, data: bytes) -> None:
        """Keep the first piece, write every other one."""
        if not self._begun:
            self._begun, self._head = True, data
        elif self._head:
            self._transport.writelines([self._head, data])
            self._head = b""
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Write what was kept and close."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""
        self._transport.close()


class PatientButNotForEver(HttpToolsProtocol):
    """Closes a connection whose request head takes too long or is too large; uvicorn alone would wait for ever.

    So it does with one that does not take its answer or asks too much ahead, and with every one over the limit.
    """

    head_seconds: ClassVar[float]
    answer_seconds: ClassVar[float]
    max_connections: ClassVar[int]
    draining: ClassVar[bool] = False
    """Every answer is the last one on its connection."""
    _head_timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.max_connections:
            self.transport.abort()
            return
        _give_up_on_silence(transport, self.answer_seconds)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_answer_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_answer_timer()
        self._answer_timer = self.loop.call_later(self.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_answer_timer()
        super().resume_writing()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= _MAX_PIPELINED:
            self.transport.abort()
            raise ValueError("too many requests at once")
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
        if self.parser.should_upgrade() and any(name in _BODY_HEADERS for name, _ in self.headers):
            raise ValueError("upgrade with a body")  # the parser would take the body for the other protocol
        super().on_headers_complete()
        if self.draining and self.cycle is not None:
            self.cycle.keep_alive = False
        # An answer to HEAD has a head only, and "100 Continue" must not wait.
        if self.cycle is not None and self.scope["method"] != "HEAD" and not self.expect_100_continue:
            self.cycle.transport = cast("asyncio.Transport", HeadWithBody(self.transport))

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

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None


def _give_up_on_silence(transport: asyncio.BaseTransport, seconds: float) -> None:
    """Let the kernel end a connection whose peer acknowledges nothing, or keeps its window shut, for so long."""
    sock = transport.get_extra_info("socket")
    if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def _protocol(head_seconds: float, answer_seconds: float, max_connections: int) -> type[PatientButNotForEver]:
    """Uvicorn makes the protocols itself, so the settings travel in a class."""
    settings = {"head_seconds": head_seconds, "answer_seconds": answer_seconds, "max_connections": max_connections}
    return type("Protocol", (PatientButNotForEver,), settings)


class Listener(uvicorn.Server):
    """One address; the caller handles signals and calls `stop`."""

    def drain(self) -> None:
        """Go on, and say `Connection: close` with every answer: callers then go elsewhere before this address goes.

        A kept-alive connection that ends without a word may end under a request that is on its way.
        """
        self.config.http_protocol_class.draining = True  # type: ignore[attr-defined]  # our own class

    def stop(self) -> None:
        """Refuse new connections, let running requests end."""
        self.should_exit = True

    async def run_until_stopped(self) -> None:
        """Serve; returns when the last request has ended."""
        await self._serve()


def listener(
    app: Any,
    host: str,
    port: int,
    head_seconds: float,
    answer_seconds: float = _ANSWER_SECONDS,
    max_connections: int = MAX_CONNECTIONS,
) -> Listener:
    """Return a listener that is not started yet."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return Listener(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=_protocol(head_seconds, answer_seconds, max_connections),
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
