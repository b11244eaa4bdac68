"""The object store killed and frozen, and PostgreSQL behind a whole gateway: nothing half-written, back by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import make_url

from capforge_contracts.model import sha256_hex
from capforge_contracts.store import StorePatience, open_store
from capforge_gateway.documents.keeping import keep_file
from capforge_gateway.documents.ports import Owner, StorageAway
from capforge_gateway.storage.blobs import StoreBlobs
from capforge_gateway.storage.documents import PostgresDocuments
from capforge_gateway.storage.figures import StorageFigures
from capforge_gateway.storage.migrate import migrate
from tests.integration.gateway.process import TOKEN, gateway_process
from tests.support.eventually import PATIENCE, eventually, eventually_async
from tests.support.labelled import new_document
from tests.support.objectstore import S3Server, s3_server
from tests.support.ports import free_port
from tests.support.postgres import postgres_folder, postgres_server
from tests.support.servers import stop
from tests.support.twins.documents import MemoryDocuments

OWNER = Owner("acme", "receipts")
DATA = b"a receipt"
NEW = new_document("a", sha256=sha256_hex(DATA))
_CALL_SECONDS = 2.0
_THREADS = 2


def opened(server: S3Server) -> StoreBlobs:
    store = open_store(server.environment, StorePatience(1, 1, 2))
    return StoreBlobs(store, _THREADS, _CALL_SECONDS, StorageFigures(CollectorRegistry()))


async def assert_away(call: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    started = time.monotonic()
    with pytest.raises(StorageAway):
        await call()
    assert time.monotonic() - started < 2 * _CALL_SECONDS * PATIENCE


async def test_without_the_store_no_document_is_kept(tmp_path: Path, real: PostgresDocuments) -> None:
    with s3_server(tmp_path) as server:
        blobs, port = opened(server), int(server.endpoint_url.rpartition(":")[2])
        os.kill(server.pid, signal.SIGKILL)
        await assert_away(lambda: keep_file(real, blobs, OWNER, NEW, DATA))
        assert (await real.list(OWNER, 1, 10)).total == 0
    with s3_server(tmp_path, port):
        kept = await keep_file(real, blobs, OWNER, NEW, DATA)
        assert await blobs.get("acme", kept.sha256) == DATA
    blobs.close()


async def test_a_frozen_store_holds_nobody_up_and_its_threads_come_back(tmp_path: Path) -> None:
    with s3_server(tmp_path) as server:
        blobs = opened(server)
        digest = await blobs.put("acme", DATA)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            calls = [blobs.get("acme", digest) for _ in range(5 * _THREADS)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(one) for one in outcomes} == {StorageAway}
            assert time.monotonic() - started < 2 * _CALL_SECONDS * PATIENCE
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert await eventually_async(lambda: blobs.get("acme", digest)) == DATA
        assert await asyncio.gather(*(blobs.get("acme", digest) for _ in range(4))) == [DATA] * 4
        blobs.close()


async def test_a_row_that_could_not_be_written_leaves_a_blob_that_the_next_try_takes(tmp_path: Path) -> None:
    with s3_server(tmp_path) as server:
        blobs, documents = opened(server), MemoryDocuments(away=True)
        for _ in range(2):
            await assert_away(lambda: keep_file(documents, blobs, OWNER, NEW, DATA))
        assert await blobs.has("acme", NEW.sha256)
        documents.away = False
        await keep_file(documents, blobs, OWNER, NEW, DATA)
        assert len([*server.store().list("acme/")]) == 1
        blobs.close()


def test_a_gateway_starts_without_its_database_and_finds_it_whenever_it_comes(tmp_path: Path, s3: S3Server) -> None:
    """Predictions need neither: it is as ready with the database as without."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with postgres_folder() as folder:
        port = free_port()
        settings = {"DATABASE_URL": f"postgresql://capforge:test-password@127.0.0.1:{port}/capforge"}
        with gateway_process(tmp_path / "gateway", settings, plain=s3.environment) as gateway:

            def counts() -> int:
                return gateway.http.get(f"{gateway.internal_url}/internal/annotations", headers=headers).status_code

            def is_ready() -> bool:
                return gateway.http.get(f"{gateway.url}/readyz").status_code == 200

            gateway.key = gateway.create_key()
            gateway.route()
            eventually(is_ready)
            assert counts() == 503
            for _ in range(2):
                with postgres_server(folder, port) as server:
                    eventually(
                        lambda: (counts() == 503 and "migration" in _reason(gateway, headers)) or counts() == 200
                    )
                    migrate(make_url(server.url()))
                    eventually(lambda: counts() == 200)
                    eventually(lambda: gateway.metric('capforge_storage_up{part="database"}') == 1)
                    assert server.process is not None
                    stop(server.process)
                assert counts() == 503
                assert is_ready()
                eventually(lambda: gateway.metric('capforge_storage_up{part="database"}') == 0)
            assert "test-password" not in gateway.log.read_text()


def _reason(gateway: Any, headers: dict[str, str]) -> str:
    answer = gateway.http.get(f"{gateway.internal_url}/internal/annotations", headers=headers)
    return str(answer.json().get("error", ""))
