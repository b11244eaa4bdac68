"""Who uses a content and who removes its bytes keep out of each other's way, for one content of one namespace."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCKS = "capforge/content"
"""Advisory locks are numbers that the whole database shares: this keeps ours apart from others."""


async def as_user_of(connection: AsyncConnection, namespace: str, sha256: str) -> None:
    """Wait while the content is being purged, and keep a purge waiting until this transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock_shared(_number(namespace, sha256))))


async def as_remover_of(connection: AsyncConnection, namespace: str, sha256: str) -> None:
    """Wait until nobody is about to name the content, and keep them waiting until this transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(_number(namespace, sha256))))


def _number(namespace: str, sha256: str) -> object:
    return func.hashtextextended(f"{_LOCKS}/{namespace}/{sha256}", 0)
