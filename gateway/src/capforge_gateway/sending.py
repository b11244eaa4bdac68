"""An answer sent piece by piece, which holds something while it is sent: a slot, an open stream."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Sending(StreamingResponse):
    """Calls `ended` once, however the sending ends: taken whole, broken off, or cut by the listener.

    The listener cuts a connection whose client takes nothing for a while: nobody keeps a slot by reading slowly.
    """

    def __init__(
        self,
        pieces: AsyncIterable[bytes],
        ended: Callable[[], None],
        headers: Mapping[str, str],
        media_type: str | None = None,
    ) -> None:
        """`ended` must not wait."""
        self._ended = ended
        super().__init__(pieces, headers=headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()
