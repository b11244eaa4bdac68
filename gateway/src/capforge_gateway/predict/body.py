"""Reading a request's body: counted while it comes, so that nothing over the limit is ever held."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from capforge_gateway.errors import ClientGone, bad_request, too_large, upload_timeout
from capforge_gateway.predict.admission import Seat

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

FORM_OVERHEAD_BYTES = 64 * 1024
"""Of multipart or JSON around an image."""
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 64 * 1024 * 1024


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """Return the first value of a header (lower-case name), or empty."""
    for key, value in headers:
        if key == name:
            return value
    return b""


def body_limit(content_type: str, max_image_bytes: int) -> int:
    """Return how many bytes a body may have: base64 takes four for three, a form adds its own lines."""
    if content_type.startswith("image/") or content_type == "application/octet-stream":
        return max_image_bytes
    if content_type == "multipart/form-data":
        return max_image_bytes * 4 // 3 + FORM_OVERHEAD_BYTES
    # a form's escapes may turn each `+`, `/` and `=` of base64 into three characters
    return max_image_bytes * 3 // 2 + FORM_OVERHEAD_BYTES


class Body:
    """One request's body."""

    def __init__(self, receive: Receive, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._receive = receive
        self._announced = header(headers, b"content-length")
        self.complete = self._announced == b"0"

    async def read(self, limit: int, max_image_bytes: int, seat: Seat, timeout_seconds: float) -> bytes:
        """Return the whole body; raises 413 before or while it comes, 408, 503, ClientGone."""
        if self._announced and self._size_announced() > limit:
            raise too_large(max_image_bytes)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._read(limit, max_image_bytes, seat)
        except TimeoutError as error:
            raise upload_timeout(timeout_seconds) from error

    async def _read(self, limit: int, max_image_bytes: int, seat: Seat) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while not self.complete:
            chunk = await self._chunk()
            size += len(chunk)
            if size > limit:
                raise too_large(max_image_bytes)
            seat.hold(len(chunk))
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def linger(self) -> None:
        """Take and drop what still comes, within bounds, so that closing does not tear the answer from the caller.

        A socket closed with unread bytes is reset, and the reset can overtake an answer that was just sent.
        """
        dropped = 0
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while not self.complete and dropped < _LINGER_BYTES:
                    dropped += len(await self._chunk())
        except (TimeoutError, ClientGone):
            return

    async def _chunk(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        self.complete = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk

    def _size_announced(self) -> int:
        try:
            return int(self._announced)
        except ValueError as error:  # the HTTP parser refuses it first
            raise bad_request("Content-Length is no number") from error
