"""The port Store: the blocking object store behind bounded threads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from capforge_contracts.layout import most_bytes
from capforge_contracts.store import ObjectInfo, ObjectStore, open_store, read_at_most
from capforge_operator.adapters.s3 import open_s3
from capforge_operator.adapters.telling import Told, nobody, telling
from capforge_operator.ports import Store
from capforge_operator.runtime.threads import Threads

_PIECE_BYTES = 1 << 20
P = ParamSpec("P")
T = TypeVar("T")


class ThreadedStore:
    """Every call runs in a thread and may take as long as Threads allows."""

    def __init__(self, store: ObjectStore, threads: Threads, told: Told = nobody) -> None:
        """Take the store, the threads to call it from, and whom to tell of each call."""
        self._store = store
        self._threads = threads
        self._told = told

    @property
    def uri(self) -> str:
        """`s3://<bucket>`."""
        return self._store.uri

    async def get(self, key: str) -> bytes:
        """Return the object's bytes, no more than layout.most_bytes."""
        return await self._call("get", read_at_most, self._store, key, most_bytes(key))

    async def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        await self._call("put", self._store.put, key, data)

    async def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none."""
        await self._call("put_new", self._store.put_new, key, data)

    async def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        return await self._call("exists", self._store.exists, key)

    async def sha256(self, key: str, at_most_bytes: int) -> str | None:
        """Return the digest of the object's bytes, None where there are more than `at_most_bytes`."""
        return await self._call("sha256", _digest, self._store, key, at_most_bytes)

    async def list(self, prefix: str) -> list[ObjectInfo]:
        """Return the objects whose key starts with the prefix."""
        return await self._call("list", _listed, self._store, prefix)

    async def _call(self, operation: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with telling(self._told, operation):
            return await self._threads.run(call, *args, **kwargs)


def opened_store(env: Mapping[str, str], threads: Threads, told: Told) -> Store:
    """Open the store that `CAPFORGE_STORE` names; raises ValueError naming the variable that is wrong."""
    if env.get("CAPFORGE_STORE", "").startswith("s3://"):
        return open_s3(env, told)
    return ThreadedStore(open_store(env), threads, told)


def _digest(store: ObjectStore, key: str, at_most_bytes: int) -> str | None:
    digest, seen = hashlib.sha256(), 0
    with store.open(key) as stream:
        while piece := stream.read(_PIECE_BYTES):
            seen += len(piece)
            if seen > at_most_bytes:
                return None
            digest.update(piece)
    return digest.hexdigest()


def _listed(store: ObjectStore, prefix: str) -> list[ObjectInfo]:
    return list(store.list(prefix))
