"""Reading what may not be there."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from capforge_contracts.model import Stored
from capforge_contracts.store import AlreadyExists, NotFound
from capforge_operator.ports import Store

S = TypeVar("S", bound=Stored)
T = TypeVar("T")


async def or_none(reading: Awaitable[T]) -> T | None:
    """Return what is read, None where there is nothing."""
    try:
        return await reading
    except NotFound:
        return None


async def stored(store: Store, key: str, kind: type[S]) -> S | None:
    """Read and parse a document, None where there is none; raises ValidationError for a damaged one."""
    data = await or_none(store.get(key))
    return kind.from_json(data) if data is not None else None


async def write_once(store: Store, key: str, document: Stored) -> bool:
    """Write the document unless there is one already; True if it was written."""
    try:
        await store.put_new(key, document.to_json())
    except AlreadyExists:
        return False
    return True
