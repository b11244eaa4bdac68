"""Reads kept documents that nobody has read yet: the reader was away, or they were sent with `async=true`.

- Level-triggered: the tables say what is unread, so that nothing is lost with the gateway that kept it.
- Two gateways may read the same document; the first reading stays.
- One that cannot be read at all is tried once by each gateway; whoever asks for it is told why.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from capforge_gateway.documents.ports import (
    ReaderAway,
    StorageAway,
    UnknownDocument,
    UnreadableDocument,
    UnreadDocument,
)
from capforge_gateway.documents.reading import Readers
from capforge_gateway.documents.storage import Storage

_AT_ONCE = 8
_MAX_REMEMBERED = 10_000
_log = structlog.get_logger()


class CatchingUp:
    """One pass after the other, for ever."""

    def __init__(self, storage: Storage, readers: Readers, interval_seconds: float) -> None:
        self._storage = storage
        self._readers = readers
        self._interval_seconds = interval_seconds
        self._unreadable: set[str] = set()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once."""
        self._woken.set()

    async def follow(self) -> None:
        """Look for unread documents for ever."""
        while True:
            try:
                caught_up = await self._pass()
            except (ReaderAway, StorageAway):
                caught_up = True  # as far as it goes now
            except Exception:  # noqa: BLE001 - a worker loop goes on
                _log.exception("reading kept documents failed")
                caught_up = True
            if caught_up:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._interval_seconds)
                self._woken.clear()

    async def _pass(self) -> bool:
        """Read some; tell whether none was left."""
        waiting = await self._storage.documents.unread(_AT_ONCE, self._unreadable)
        for one in waiting:
            await self._read(one)
        return not waiting

    async def _read(self, one: UnreadDocument) -> None:
        with contextlib.suppress(UnknownDocument):
            document = await self._storage.documents.get(one.owner, one.id)
            try:
                await self._readers.of_kept(one.owner, document)
                _log.info("kept document read", document=one.id, namespace=one.owner.namespace)
            except (UnreadableDocument, UnknownDocument) as error:
                _log.warning("kept document cannot be read", document=one.id, error=str(error)[:300])
                self._remember(one.id)

    def _remember(self, document: str) -> None:
        if len(self._unreadable) >= _MAX_REMEMBERED:
            self._unreadable.clear()
        self._unreadable.add(document)
