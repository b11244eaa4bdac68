"""Memory for decoding, shared by all images that are decoded at once.

- Never more than `total` bytes are held together; what does not fit waits until enough is given back.
- A small image may overtake a large one that waits: a few large ones must not hold up everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from capforge_transforms import Format, Header

_LEAN_BYTES_PER_PIXEL = 7
"""Measured peak of a grey or colour JPEG: RGB, and once more where it is turned upright."""
_BYTES_PER_PIXEL = 28
"""Measured peak of everything that goes through Pillow; a transparent WebP takes the most."""
_LEAN_COMPONENTS = frozenset({1, 3})


def decode_bytes(header: Header) -> int:
    """Return how much memory decoding takes at its peak, bytes."""
    lean = header.format is Format.JPEG and header.components in _LEAN_COMPONENTS
    return header.width * header.height * (_LEAN_BYTES_PER_PIXEL if lean else _BYTES_PER_PIXEL)


class ByteBudget:
    """One event loop only."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def held(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes (at most `total`) for the block, once they are free."""
        if size <= self._free:
            self._free -= size
        else:
            await self._turn(size)
        try:
            yield
        finally:
            self._give_back(size)

    async def _turn(self, size: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (size, turn)
        self._waiting.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was our turn just now: the bytes are ours to give back
                self._give_back(size)
            else:
                self._waiting.remove(entry)
            raise

    def _give_back(self, size: int) -> None:
        self._free += size
        still = []
        for entry in self._waiting:
            wanted, turn = entry
            if wanted <= self._free and not turn.done():
                self._free -= wanted
                turn.set_result(None)
            else:
                still.append(entry)
        self._waiting = still
