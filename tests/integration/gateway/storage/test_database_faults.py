"""PostgreSQL killed, frozen and full: an error within seconds, nothing half-written, back by itself."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from capforge_gateway.documents.ports import (
    AlreadyAnnotated,
    Owner,
    StorageAway,
)
from capforge_gateway.storage.database import Patience
from capforge_gateway.storage.documents import PostgresDocuments
from capforge_gateway.storage.migrate import migrate
from tests.integration.gateway.storage.conftest import open_documents
from tests.support.eventually import PATIENCE, eventually_async
from tests.support.labelled import labels, new_document
from tests.support.ports import free_port
from tests.support.postgres import Postgres, postgres_folder, postgres_server

OWNER = Owner("acme", "receipts")
QUICK = Patience(connections=4, connect_seconds=1, queue_seconds=1, statement_seconds=1, transaction_seconds=1)
QUICKLY_SECONDS = 4.0
"""A connection's time (2 s is libpq's least), a transaction's, and some."""
_WRITERS = 8


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with postgres_folder() as found:
        yield found


@pytest.fixture
def mortal(folder: Path) -> Iterator[Postgres]:
    """A server of the test's own, on data that the one before it left."""
    with postgres_server(folder, free_port()) as server:
        yield server


@pytest.fixture
def url(mortal: Postgres) -> str:
    """A database of the test's own."""
    url = mortal.url(mortal.create_database())
    migrate(make_url(url))
    return url


@pytest.fixture
async def documents(url: str) -> AsyncIterator[PostgresDocuments]:
    async with open_documents(url, QUICK) as found:
        yield found


async def assert_away(documents: PostgresDocuments) -> None:
    started = time.monotonic()
    with pytest.raises(StorageAway):
        await documents.counts()
    assert time.monotonic() - started < QUICKLY_SECONDS * PATIENCE


async def test_a_server_that_is_killed_is_missed_at_once_and_found_again(
    documents: PostgresDocuments, mortal: Postgres, folder: Path
) -> None:
    kept = await documents.keep(OWNER, new_document())
    await documents.submit(OWNER, kept.id, labels(), "me", replace=False)
    mortal.kill()
    for _ in range(3):
        await assert_away(documents)
    with postgres_server(folder, mortal.port):
        found = await eventually_async(lambda: documents.get(OWNER, kept.id))
        assert found.submission is not None
        await documents.withdraw(OWNER, kept.id, "me")


async def test_a_frozen_server_holds_nobody_up_and_goes_on(documents: PostgresDocuments, mortal: Postgres) -> None:
    kept = await documents.keep(OWNER, new_document())
    await asyncio.gather(*(documents.get(OWNER, kept.id) for _ in range(8)))
    mortal.freeze()
    try:
        started = time.monotonic()
        outcomes = await asyncio.gather(*(documents.get(OWNER, kept.id) for _ in range(12)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StorageAway}
        assert time.monotonic() - started < 2 * QUICKLY_SECONDS * PATIENCE
        await assert_away(documents)
    finally:
        mortal.thaw()
    assert await eventually_async(lambda: documents.get(OWNER, kept.id)) == kept
    await asyncio.gather(*(documents.get(OWNER, kept.id) for _ in range(12)))


async def test_a_silent_network_is_given_up(mortal: Postgres) -> None:
    """Somebody accepts the connection and never says a word."""
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    url = mortal.url().replace(f":{mortal.port}/", f":{port}/")
    async with silent, open_documents(url, QUICK) as documents:
        await assert_away(documents)


async def test_without_tables_it_says_so(mortal: Postgres) -> None:
    async with open_documents(mortal.url(mortal.create_database())) as documents:
        with pytest.raises(StorageAway, match="migration"):
            await documents.counts()


async def test_a_server_without_room_for_connections_is_away(mortal: Postgres, url: str) -> None:
    with mortal.connect() as administrator:
        administrator.execute("CREATE ROLE guest LOGIN PASSWORD 'guest' CONNECTION LIMIT 0")
        address = url.replace("capforge:test-password@", "guest:guest@")
        async with open_documents(address, QUICK) as documents:
            await assert_away(documents)


async def test_what_was_confirmed_survives_kills_and_nothing_is_half_written(
    mortal: Postgres, url: str, folder: Path
) -> None:
    confirmed: dict[str, int] = {}
    stopped = asyncio.Event()

    async def annotate(documents: PostgresDocuments) -> None:
        while not stopped.is_set():
            try:
                kept = await documents.keep(OWNER, new_document(f"{len(confirmed) % 20}"))
                confirmed[kept.id] = 0
                confirmed[kept.id] = (await documents.submit(OWNER, kept.id, labels(), "me", replace=False)).sequence
                confirmed[kept.id] = (await documents.submit(OWNER, kept.id, labels(), "me", replace=True)).sequence
            except StorageAway:
                await asyncio.sleep(0.05)

    async with AsyncExitStack() as stack:
        gateways = [await stack.enter_async_context(open_documents(url, QUICK)) for _ in range(2)]
        writers = [asyncio.create_task(annotate(gateways[number % 2])) for number in range(_WRITERS)]
        server = mortal
        for _ in range(3):
            reached = len(confirmed) + 20
            await eventually_async(lambda reached=reached: _reached(confirmed, reached))  # type: ignore[misc]
            server.kill()
            server = await asyncio.to_thread(stack.enter_context, postgres_server(folder, mortal.port))
        reached = len(confirmed) + 20
        await eventually_async(lambda: _reached(confirmed, reached))
        stopped.set()
        await asyncio.gather(*writers)
        await assert_whole(server, url, gateways[0], confirmed)


async def _reached(confirmed: dict[str, int], count: int) -> bool:
    return len(confirmed) >= count


async def assert_whole(server: Postgres, url: str, documents: PostgresDocuments, confirmed: dict[str, int]) -> None:
    """Every confirmed submission is there, sequences have no gap, counters say what the rows say."""
    with server.connect(url.rpartition("/")[2]) as connection:
        rows = connection.execute("SELECT sequence, document::text FROM submissions ORDER BY sequence").fetchall()
        roles = connection.execute("SELECT ordinal FROM roles ORDER BY ordinal").fetchall()
    assert [sequence for sequence, _ in rows] == list(range(1, len(rows) + 1))
    assert [ordinal for (ordinal,) in roles] == list(range(len(roles)))
    newest = {document: sequence for sequence, document in rows}
    for document, sequence in confirmed.items():
        assert newest.get(document, 0) >= sequence
        assert (await documents.get(OWNER, document)).id == document
    (count,) = await documents.counts()
    assert (count.documents, count.sequence) == (len(newest), len(rows))
    assert len([one async for one in documents.current(OWNER, len(rows))]) == len(newest)


async def test_an_answer_that_was_lost_can_be_asked_for_again(documents: PostgresDocuments, mortal: Postgres) -> None:
    """Whoever does not know whether a submission was written tries again and is told."""
    kept = await documents.keep(OWNER, new_document())
    await documents.submit(OWNER, kept.id, labels(), "me", replace=False)
    with mortal.connect() as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'capforge-gateway'"
        )
    with pytest.raises(AlreadyAnnotated):
        await documents.submit(OWNER, kept.id, labels(), "me", replace=False)


async def test_a_gateway_with_a_thousand_open_files_asks_its_database_all_the_same(
    documents: PostgresDocuments,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    held = [os.dup(0) for _ in range(1100)]
    try:
        for _ in range(2):
            assert await documents.counts() == []
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
