"""The port Readings: a content is read once for each engine.

- Memory holds readings as the bytes that they are stored as: the objects of one take five times as much.
- Those who ask for one reading at once share one; it goes on when one of them leaves, and nobody is hurt by another's.
- The storage may be away where nothing has to be kept: predictions go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import Reading
from capforge_gateway.documents.ports import Blobs, KnownReading, StorageAway, UnknownDocument
from capforge_gateway.storage.figures import StorageFigures
from capforge_gateway.storage.memory import Memory
from capforge_gateway.storage.reading_index import ReadingIndex

if TYPE_CHECKING:
    from capforge_gateway.documents.ports import Readings

_Key = tuple[str, str, str]
"""Namespace, digest of the content, engine's version."""
_log = structlog.get_logger()


class CachedReadings:
    """Memory, then storage, then whoever reads."""

    def __init__(self, index: ReadingIndex, blobs: Blobs, memory_bytes: int, figures: StorageFigures) -> None:
        self._index = index
        self._blobs = blobs
        self._memory = Memory(memory_bytes)
        self._under_way: dict[_Key, asyncio.Task[bytes]] = {}
        self._figures = figures

    async def of(
        self, namespace: str, sha256: str, engine_version: str, read: Callable[[], Awaitable[Reading]], *, keep: bool
    ) -> KnownReading:
        key = (namespace, sha256, engine_version)
        data = self._memory.get(key)
        if data is None:
            data = await self._shared(key, read)
        else:
            self._figures.reading_from("memory")
        digest = sha256_hex(data)
        if keep:
            await self._keep(key, digest, data)
        return KnownReading(digest, await asyncio.to_thread(Reading.from_json, data))

    async def named(self, namespace: str, reading_sha256: str) -> Reading:
        key = (namespace, reading_sha256)
        data = self._memory.get(key)
        if data is None:
            data = await self._blobs.get(namespace, reading_sha256)
            self._memory.put(key, data)
        return await asyncio.to_thread(Reading.from_json, data)

    async def _shared(self, key: _Key, read: Callable[[], Awaitable[Reading]]) -> bytes:
        """Find the reading, together with those who are already at it."""
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._found(key, read))
            task.add_done_callback(lambda done: self._over(key, done))
        else:
            self._figures.reading_from("shared")
        return await asyncio.shield(task)

    def _over(self, key: _Key, task: asyncio.Task[bytes]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # everybody who waited for it may have left: then nobody else looks at it

    async def _found(self, key: _Key, read: Callable[[], Awaitable[Reading]]) -> bytes:
        data = await self._stored(key)
        self._figures.reading_from("reader" if data is None else "storage")
        if data is None:
            data = await asyncio.to_thread((await read()).to_json)
        self._memory.put(key, data)
        return data

    async def _stored(self, key: _Key) -> bytes | None:
        try:
            reading_sha256 = await self._index.find(*key)
            return None if reading_sha256 is None else await self._blobs.get(key[0], reading_sha256)
        except UnknownDocument:
            _log.warning("reading is noted but gone: the content is read again", namespace=key[0], sha256=key[1])
        except StorageAway as error:
            _log.warning("stored readings cannot be asked for", namespace=key[0], error=str(error))
        return None

    async def _keep(self, key: _Key, digest: str, data: bytes) -> None:
        """Write it, bytes first. What was written once may have been purged since: that is asked each time."""
        if not await self._blobs.has(key[0], digest):
            await self._blobs.put(key[0], data)
        await self._index.note(*key, digest)


if TYPE_CHECKING:

    def _(readings: CachedReadings) -> Readings:
        return readings
