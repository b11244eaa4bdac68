"""Memory for decoding, shared by all images that are decoded at once.

- Never more than `total` bytes are held together; what does not fit waits until enough is given back.
- A small image may overtake a large one that waits: a few large ones must not hold up everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass
class Loan:
    """Bytes that are held."""

    budget: ByteBudget
    size: int

    def keep(self, size: int) -> None:
        """Give back all but `size` bytes; nothing where that is more than is held."""
        if size < self.size:
            given_back, self.size = self.size - size, size
            self.budget.give_back(given_back)


class ByteBudget:
    """One event loop only."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def held(self, size: int) -> AsyncIterator[Loan]:
        """Hold `size` bytes (at most `total`) for the block, once they are free."""
        if size <= self._free:
            self._free -= size
        else:
            await self._turn(size)
        loan = Loan(self, size)
        try:
            yield loan
        finally:
            self.give_back(loan.size)

    async def _turn(self, size: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (size, turn)
        self._waiting.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was our turn just now: the bytes are ours to give back
                self.give_back(size)
            else:
                self._waiting.remove(entry)
            raise

    def give_back(self, size: int) -> None:
        """Let others have bytes that were held."""
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
