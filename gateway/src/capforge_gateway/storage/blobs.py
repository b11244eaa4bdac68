"""The port Blobs on the object store: boto3 in a few threads, with a bounded time for each call.

- Bytes are written once under their digest (a write that finds them there is done), so that a writer killed anywhere
  leaves either nothing or a blob that nothing names.
- Bytes that do not have their digest are not given to anybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import structlog

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex
from capforge_contracts.store import AlreadyExists, NotFound, ObjectStore, Refused, StoreError
from capforge_gateway.documents.ports import StorageAway, UnknownDocument
from capforge_gateway.storage.figures import StorageFigures

if TYPE_CHECKING:
    from capforge_gateway.documents.ports import Blobs

T = TypeVar("T")
_PROBE = layout.blob("-", "probe")
"""A blob of no tenant (no namespace has this name). It is written once: who may not list is not told by S3 that an
object is missing, only that access is denied."""
_log = structlog.get_logger()


class StoreBlobs:
    """Blobs of all namespaces; the store's keys start with the namespace."""

    def __init__(self, store: ObjectStore, threads: int, timeout_seconds: float, figures: StorageFigures) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(threads, "store")
        self._timeout_seconds = timeout_seconds
        self._figures = figures

    async def put(self, namespace: str, data: bytes) -> str:
        return await self._call("blob-put", lambda: self._put(namespace, data))

    async def get(self, namespace: str, sha256: str) -> bytes:
        return await self._call("blob-get", lambda: self._get(namespace, sha256))

    async def has(self, namespace: str, sha256: str) -> bool:
        return await self._call("blob-has", lambda: self._store.exists(layout.blob(namespace, sha256)))

    async def ping(self) -> None:
        """Raises StorageAway where the store does not answer."""
        await self._call("blob-ping", self._probe)

    def close(self) -> None:
        """Take no more calls; those under way end by their own time-outs."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _probe(self) -> None:
        with suppress(Refused):
            if self._store.exists(_PROBE):
                return
        self._store.put(_PROBE, b"")

    def _put(self, namespace: str, data: bytes) -> str:
        sha256 = sha256_hex(data)
        with suppress(AlreadyExists):
            self._store.put_new(layout.blob(namespace, sha256), data)
        return sha256

    def _get(self, namespace: str, sha256: str) -> bytes:
        try:
            data = self._store.get(layout.blob(namespace, sha256))
        except NotFound as error:
            raise UnknownDocument(sha256) from error
        if sha256_hex(data) != sha256:
            _log.error("blob is damaged", namespace=namespace, sha256=sha256, size_bytes=len(data))
            raise StorageAway(f"the stored bytes of {sha256[:12]} are damaged")
        return data

    async def _call(self, what: str, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; the wait for a free one is a part of its time."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except (StoreError, TimeoutError) as error:
            self._figures.failed(what)
            raise StorageAway(f"the object store does not answer ({type(error).__name__})") from error


if TYPE_CHECKING:

    def _(blobs: StoreBlobs) -> Blobs:
        return blobs
