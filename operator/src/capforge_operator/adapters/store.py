"""The port Store: the blocking object store behind bounded threads."""

from __future__ import annotations

from capforge_contracts.store import ObjectInfo, ObjectStore
from capforge_operator.runtime.threads import Threads


class ThreadedStore:
    """Every call runs in a thread and may take as long as Threads allows."""

    def __init__(self, store: ObjectStore, threads: Threads) -> None:
        """Take the store and the threads to call it from."""
        self._store = store
        self._threads = threads

    @property
    def uri(self) -> str:
        """`s3://<bucket>`."""
        return self._store.uri

    async def get(self, key: str) -> bytes:
        """Return the object's bytes."""
        return await self._threads.run(self._store.get, key)

    async def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        await self._threads.run(self._store.put, key, data)

    async def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none."""
        await self._threads.run(self._store.put_new, key, data)

    async def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        return await self._threads.run(self._store.exists, key)

    async def list(self, prefix: str) -> list[ObjectInfo]:
        """Return the objects whose key starts with the prefix."""
        return await self._threads.run(lambda: list(self._store.list(prefix)))
