"""The storage put together, as the gateway opens it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy import URL

from capforge_contracts.store import ObjectStore, StorePatience, open_store
from capforge_gateway.documents.ports import Blobs, Documents, Readings, StorageAway
from capforge_gateway.settings import Settings, SettingsError
from capforge_gateway.storage.addresses import database_url
from capforge_gateway.storage.blobs import StoreBlobs
from capforge_gateway.storage.database import Database, Patience
from capforge_gateway.storage.documents import PostgresDocuments
from capforge_gateway.storage.figures import StorageFigures
from capforge_gateway.storage.off import Off
from capforge_gateway.storage.reading_index import ReadingIndex
from capforge_gateway.storage.readings import CachedReadings
from capforge_gateway.storage.vision import PostgresVision
from capforge_gateway.tasks import cancelled
from capforge_gateway.vision.ports import VisionStore

_LOOK_SECONDS = 5.0
_CONNECT_SECONDS = 2.0
_STORE_ATTEMPTS = 2
_log = structlog.get_logger()


@dataclass(frozen=True)
class Storage:
    """What documents and images are kept in; where it is off, all but readings raise StorageAway and say why."""

    documents: Documents
    blobs: Blobs
    readings: Readings
    vision: VisionStore


@asynccontextmanager
async def storage(
    settings: Settings, environment: Mapping[str, str], registry: CollectorRegistry
) -> AsyncIterator[Storage]:
    """Open the storage; neither PostgreSQL nor the store need to be there yet. Raises SettingsError."""
    figures = StorageFigures(registry)
    url = database_url(settings)
    if url is None:
        off: Any = Off()
        yield Storage(off, off, CachedReadings(off, off, settings.readings_memory_bytes, figures), off)
        return
    async with AsyncExitStack() as stack:
        database = opened_database(url, settings, figures)
        stack.push_async_callback(database.aclose)
        blobs = opened_blobs(settings, environment, figures)
        stack.callback(blobs.close)
        figures.watch(
            "capforge_storage_connections_in_use", "Connections to the database in use.", lambda: database.in_use
        )
        for part, ping in (("database", database.ping), ("objectStore", blobs.ping)):
            stack.push_async_callback(cancelled, asyncio.create_task(_look(part, ping, figures)))
        index = ReadingIndex(database)
        readings = CachedReadings(index, blobs, settings.readings_memory_bytes, figures)
        yield Storage(PostgresDocuments(database), blobs, readings, PostgresVision(database))


def opened_database(url: URL, settings: Settings, figures: StorageFigures) -> Database:
    """Return the pool; it connects when it is asked for something."""
    whole = settings.database_timeout_seconds
    patience = Patience(settings.database_connections, _CONNECT_SECONDS, whole / 2, 0.8 * whole, whole)
    return Database(url, patience, figures)


def opened_blobs(settings: Settings, environment: Mapping[str, str], figures: StorageFigures) -> StoreBlobs:
    """Return the blobs; raises SettingsError where CAPFORGE_STORE names no store."""
    return StoreBlobs(
        opened_store(settings, environment), settings.store_threads, settings.store_timeout_seconds, figures
    )


def opened_store(settings: Settings, environment: Mapping[str, str]) -> ObjectStore:
    """Return the object store as patient as the gateway is; raises SettingsError."""
    patience = StorePatience(_CONNECT_SECONDS, settings.store_timeout_seconds / _STORE_ATTEMPTS, _STORE_ATTEMPTS)
    try:
        return open_store(environment, patience)
    except ValueError as error:
        raise SettingsError(
            f"{error} (CAPFORGE_DATABASE_URL is set: documents need a store for their bytes)"
        ) from error


async def _look(part: str, ping: Callable[[], Awaitable[None]], figures: StorageFigures) -> None:
    """Show whether a part answers, and say when that changes."""
    was_up: bool | None = None
    while True:
        reason = ""
        try:
            await ping()
        except StorageAway as error:
            reason = str(error)
        is_up = not reason
        figures.up(part, is_up=is_up)
        if is_up != was_up:
            (_log.info if is_up else _log.warning)(
                "storage answers" if is_up else "storage is away", part=part, reason=reason
            )
        was_up = is_up
        await asyncio.sleep(_LOOK_SECONDS)
