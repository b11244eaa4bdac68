"""Real PostgreSQL, each test with tables of its own; the twin beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import make_url

from capforge_gateway.storage.database import Database, Patience
from capforge_gateway.storage.documents import PostgresDocuments
from capforge_gateway.storage.figures import StorageFigures
from tests.support.twins.documents import MemoryDocuments

OpenDocuments = Callable[..., AbstractAsyncContextManager[PostgresDocuments]]


@asynccontextmanager
async def open_documents(url: str, patience: Patience | None = None) -> AsyncIterator[PostgresDocuments]:
    """Another gateway's view of a database."""
    database = Database(make_url(url), patience or Patience(), StorageFigures(CollectorRegistry()))
    try:
        yield PostgresDocuments(database)
    finally:
        await database.aclose()


@pytest.fixture
async def real(database: str) -> AsyncIterator[PostgresDocuments]:
    async with open_documents(database) as documents:
        yield documents


@pytest.fixture(params=["twin", "postgresql"])
async def documents(request: pytest.FixtureRequest) -> AsyncIterator[MemoryDocuments | PostgresDocuments]:
    """Each of the two that must be alike."""
    if request.param == "twin":
        yield MemoryDocuments()
        return
    async with open_documents(request.getfixturevalue("database")) as found:
        yield found
