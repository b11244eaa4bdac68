"""PostgreSQL behind one door: a bounded pool, a bounded time for everything, and one error when it is away.

- A transaction that does not end within its time is given up by cutting its connection: a server that is frozen, or
  gone without a word, answers no request to cancel either.
- A connection that the server has closed is noticed before it is used: after a restart the first transaction succeeds.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from capforge_gateway.documents.ports import StorageAway
from capforge_gateway.storage.figures import StorageFigures

_SILENCE_SECONDS = 5
"""How long TCP waits for a server that has vanished."""
_NOT_PREPARED = frozenset({"42P01", "42703"})
"""undefined_table, undefined_column."""
_AWAY = ("08", "25", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE that are the server's or a moment's fault: connection, read-only stand-by, rollback, resources,
locks, shut-down, system."""


@dataclass(frozen=True)
class Patience:
    """How long to wait, and for how many at once."""

    connections: int = 10
    connect_seconds: float = 2.0
    queue_seconds: float = 2.0
    """For a free connection."""
    statement_seconds: float = 5.0
    transaction_seconds: float = 6.0
    """From having a connection to the end of its use."""


class Database:
    """The gateway's connections."""

    def __init__(self, url: URL, patience: Patience, figures: StorageFigures) -> None:
        self._patience = patience
        self._figures = figures
        self._engine = create_async_engine(
            url,
            pool_size=patience.connections,
            max_overflow=0,
            pool_timeout=patience.queue_seconds,
            connect_args=_connection_settings(patience),
            hide_parameters=True,  # what people wrote does not belong into a log
        )

    @asynccontextmanager
    async def transaction(self, what: str) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction, committed when the block ends; raises StorageAway."""
        started = time.perf_counter()
        try:
            async with self._engine.connect() as connection:
                cut = asyncio.get_running_loop().call_later(
                    self._patience.transaction_seconds, _cut, await _live(connection)
                )
                try:
                    async with connection.begin():
                        yield connection
                finally:
                    cut.cancel()
        except (PoolTimeoutError, DBAPIError, OSError) as error:
            self._figures.failed(what)
            raise _translated(what, error) from error
        finally:
            self._figures.took(what, time.perf_counter() - started)

    async def ping(self) -> None:
        """Raises StorageAway where the database does not answer."""
        async with self.transaction("ping") as connection:
            await connection.execute(text("SELECT 1"))

    @property
    def in_use(self) -> int:
        """How many connections are in use."""
        pool = self._engine.pool
        return pool.checkedout() if isinstance(pool, AsyncAdaptedQueuePool) else 0

    async def aclose(self) -> None:
        """Close all connections that nobody uses."""
        await self._engine.dispose()


def _connection_settings(patience: Patience) -> dict[str, object]:
    """Return libpq's words: the server ends a long statement, TCP notices a server that has vanished."""
    milliseconds = round(patience.statement_seconds * 1000)
    options = f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
    options += f" -c idle_in_transaction_session_timeout={2 * milliseconds} -c timezone=UTC"
    # What a statement compiles is thrown away with it: for ours that takes longer than it ever saves.
    options += " -c jit=off"
    return {
        "connect_timeout": max(1, round(patience.connect_seconds)),
        "options": options,
        "application_name": "capforge-gateway",
        "tcp_user_timeout": _SILENCE_SECONDS * 1000,
        "keepalives_idle": _SILENCE_SECONDS,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "prepare_threshold": None,  # a pooler between us and the server may give each transaction another connection
    }


async def _live(connection: AsyncConnection) -> int:
    """Return the socket of a connection, of a new one where the server has closed this one meanwhile."""
    descriptor = await _descriptor(connection)
    if _has_words(descriptor):  # nothing was asked: what comes unasked is the server's good-bye
        await connection.invalidate()
        descriptor = await _descriptor(connection)
    return descriptor


def _has_words(descriptor: int) -> bool:
    words = select.poll()  # `select` knows no descriptor above 1023, of which a busy gateway has many
    words.register(descriptor, select.POLLIN)
    return bool(words.poll(0))


async def _descriptor(connection: AsyncConnection) -> int:
    driver: psycopg.AsyncConnection[Any] | None = (await connection.get_raw_connection()).driver_connection
    if driver is None:
        raise OSError("the connection was closed")
    return driver.fileno()


def _cut(descriptor: int) -> None:
    """End a conversation from our side: whoever waits for the server's words gets an error at once."""
    with socket.socket(fileno=os.dup(descriptor)) as conversation, suppress(OSError):
        conversation.shutdown(socket.SHUT_RDWR)


def _translated(what: str, error: SQLAlchemyError | OSError) -> Exception:
    """Return StorageAway where trying again may help, else the error itself: then the fault is ours."""
    if isinstance(error, PoolTimeoutError):
        return StorageAway(f"{what}: every connection to the database is in use")
    if not isinstance(error, DBAPIError):
        return StorageAway(f"{what}: the database does not answer ({type(error).__name__})")
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state in _NOT_PREPARED:
        return StorageAway(f"{what}: the database is not prepared for this release yet: its migration has not run")
    if not state or state.startswith(_AWAY):
        return StorageAway(f"{what}: the database does not answer ({state or type(error.orig).__name__})")
    return error
