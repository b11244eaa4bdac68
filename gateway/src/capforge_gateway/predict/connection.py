"""One kept-alive HTTP/1.1 connection to a model server.

Written here because it is the hot path: a general client costs more than the rest of the gateway together (ADR
gateway-upstream-client). It can only do what an infer request needs: one request at a time, parsed by httptools.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any, cast

import httptools
from numpy.typing import NDArray

from capforge_gateway.predict.wire import HEADER_LENGTH

_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_UNACKNOWLEDGED_MILLISECONDS = 5000
"""A pod whose node is gone acknowledges nothing: the kernel then ends the connection after this time."""
_PROBE_AFTER_SECONDS = 2
"""Of silence: a node that was lost after it had taken the request is only found out by asking."""
_PROBE_EVERY_SECONDS = 1


class ConnectionFailed(OSError):  # noqa: N818 - reads as the fact it states
    """The connection ended before the whole answer was there."""

    def __init__(self, message: str, answer_begun: bool) -> None:
        super().__init__(message)
        self.answer_begun = answer_begun


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    header_length: int | None
    """Bytes of JSON at the start of the body; None: all of it."""
    body: bytes


class Connection(asyncio.Protocol):
    """States: idle (can send) → waiting for the answer → idle, or closed. Never reused after a failure."""

    def __init__(self) -> None:
        self.used = False
        """It has brought an answer before, so the server may have closed it meanwhile."""
        self.closed = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._size = 0
        self._header_length: int | None = None

    async def infer(self, head: bytes, *tensors: NDArray[Any]) -> Answer:
        """Send one request and return its answer; raises ConnectionFailed. Cancelling closes the connection."""
        if self.closed or self._transport is None or self._waiting is not None:
            raise ConnectionFailed("the connection is not idle", answer_begun=False)
        self._waiting = asyncio.get_running_loop().create_future()
        self._chunks, self._size, self._header_length = [], 0, None
        self._transport.writelines([head, *(tensor.data.cast("B") for tensor in tensors)])
        try:
            return await self._waiting
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiting = None
            self.used = True

    def close(self) -> None:
        """Drop the connection at once."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    # asyncio's callbacks
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLISECONDS)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _PROBE_AFTER_SECONDS)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _PROBE_EVERY_SECONDS)

    def data_received(self, data: bytes) -> None:
        if (
            self._waiting is None or self._waiting.done()
        ):  # an answer that nobody asked for: what follows cannot be trusted
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"not an HTTP answer: {error}")

    def eof_received(self) -> None:
        self.closed = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._fail(f"connection lost: {exc}" if exc else "connection closed by the server")

    # the parser's callbacks
    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == HEADER_LENGTH:
            self._header_length = int(value)

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._size += len(body)
        if self._size > _MAX_ANSWER_BYTES:
            self._fail(f"the answer is longer than {_MAX_ANSWER_BYTES} bytes")

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.closed = True
        answer = Answer(self._parser.get_status_code(), self._header_length, b"".join(self._chunks))
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)
        self._chunks = []

    def _fail(self, message: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionFailed(message, answer_begun=self._size > 0))
        self.close()
