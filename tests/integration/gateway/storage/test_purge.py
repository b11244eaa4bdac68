"""A purge removes what was deleted long enough ago, and nothing that anybody still has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import make_url

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, PurgedItem, Split, write_manifest
from capforge_contracts.model import sha256_hex
from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.submissions import write_documents_manifest
from capforge_gateway.documents.keeping import keep_file
from capforge_gateway.documents.ports import Document, Owner, UnknownDocument
from capforge_gateway.settings import Settings
from capforge_gateway.storage.blobs import StoreBlobs
from capforge_gateway.storage.database import Database, Patience
from capforge_gateway.storage.dataset_uses import DatasetUses
from capforge_gateway.storage.documents import PostgresDocuments
from capforge_gateway.storage.figures import StorageFigures
from capforge_gateway.storage.purge import purge
from capforge_gateway.storage.purging import Content, Purge
from capforge_gateway.storage.reading_index import ReadingIndex
from tests.integration.gateway.process import ANSWER_SECONDS
from tests.support.labelled import labels, new_document
from tests.support.objectstore import S3Server
from tests.support.postgres import Postgres

OWNER = Owner("acme", "receipts")
OTHER = Owner("other", "receipts")


class Keeper:
    """A gateway's storage on real servers, in a bucket of its own."""

    def __init__(self, server: S3Server, url: str, bucket: str) -> None:
        self.environment = replace(server, bucket=bucket).environment
        self.store = server.create_bucket(bucket)
        self.url = url
        figures = StorageFigures(CollectorRegistry())
        self.database = Database(make_url(url), Patience(), figures)
        self.documents = PostgresDocuments(self.database)
        self.blobs = StoreBlobs(self.store, 4, 10, figures)
        self.index = ReadingIndex(self.database)

    async def keep(self, content: str, owner: Owner = OWNER) -> Document:
        """Keep a document with a reading, annotated."""
        reading = await self.blobs.put(owner.namespace, f"reading of {content}".encode())
        data = content.encode()
        new = new_document(content, sha256=sha256_hex(data), reading_sha256=reading)
        kept = await keep_file(self.documents, self.blobs, owner, new, data)
        await self.index.note(owner.namespace, kept.sha256, "engine-1", reading)
        await self.documents.submit(owner, kept.id, labels(), "me", replace=False)
        return kept

    def has(self, *digests: str | None, namespace: str = OWNER.namespace) -> list[bool]:
        return [self.store.exists(layout.blob(namespace, digest or "")) for digest in digests]

    async def purge(self, days: float = 0) -> None:
        await purge(Settings(database_url=self.url, purge_after_days=days), self.environment)


@pytest.fixture
async def keeper(s3: S3Server, database: str) -> AsyncIterator[Keeper]:
    keeper = Keeper(s3, database, database.rpartition("/")[2].replace("_", "-"))
    yield keeper
    await keeper.database.aclose()
    keeper.blobs.close()


async def test_bytes_reading_and_labels_of_a_deleted_document_go(
    keeper: Keeper, postgres: Postgres, database: str
) -> None:
    gone, stays = await keeper.keep("a"), await keeper.keep("b")
    await keeper.documents.feedback("acme", gone.id, {"total": {"value": 1}}, "me")
    await keeper.documents.delete(OWNER, gone.id)
    await keeper.purge(days=1)
    assert keeper.has(gone.sha256, gone.reading_sha256) == [True, True]
    await keeper.purge()
    assert keeper.has(gone.sha256, gone.reading_sha256) == [False, False]
    assert keeper.has(stays.sha256, stays.reading_sha256) == [True, True]
    assert await keeper.index.find("acme", gone.sha256, "engine-1") is None
    with postgres.connect(database.rpartition("/")[2]) as connection:
        everything = [
            str(connection.execute(b"TABLE " + table).fetchall())
            for table in (b"documents", b"submissions", b"feedback", b"jobs", b"readings")
        ]
        sequences = connection.execute("SELECT sequence FROM submissions ORDER BY 1").fetchall()
    assert "a.pdf" not in "".join(everything)
    assert "".join(everything).count("12.50") == 2, "content and value of the other document"
    assert sequences == [(1,), (2,)]
    assert (await keeper.documents.get(OWNER, stays.id)).submission is not None
    await keeper.purge()


async def test_a_content_that_somebody_still_has_stays(keeper: Keeper) -> None:
    gone, twin = await keeper.keep("a"), await keeper.keep("a", Owner("acme", "letters"))
    queued = sha256_hex(b"q")
    await keeper.blobs.put("acme", b"q")
    deleted = await keeper.keep("q")
    job = await keeper.documents.add_job(OWNER, queued, {})
    for document in (gone, deleted):
        await keeper.documents.delete(OWNER, document.id)
    await keeper.purge()
    assert keeper.has(gone.sha256, gone.reading_sha256, queued) == [True] * 3
    assert (await keeper.documents.get(Owner("acme", "letters"), twin.id)).submission is not None
    await keeper.documents.finish_job(OWNER, job.id, {}, None)
    await keeper.purge()
    assert keeper.has(gone.sha256, queued) == [True, False]
    with pytest.raises(UnknownDocument):
        await keeper.documents.job(OWNER, job.id)


async def test_one_tenants_deletion_leaves_the_others_bytes(keeper: Keeper) -> None:
    mine, theirs = await keeper.keep("a"), await keeper.keep("a", OTHER)
    await keeper.documents.delete(OWNER, mine.id)
    await keeper.purge()
    assert keeper.has(mine.sha256) == [False]
    assert keeper.has(theirs.sha256, namespace="other") == [True]


async def test_datasets_that_held_the_bytes_are_marked(keeper: Keeper) -> None:
    gone, stays = await keeper.keep("a"), await keeper.keep("b")
    manifest = write_documents_manifest([], [one async for one in keeper.documents.current(OWNER, 2)])
    digest = sha256_hex(manifest)
    keeper.store.put(layout.manifest("acme", digest), manifest)
    await keeper.documents.delete(OWNER, gone.id)
    await keeper.purge()
    marks = [info.key for info in keeper.store.list(f"{layout.manifests_prefix('acme')}{digest}.purged/")]
    assert marks == [layout.purged_item("acme", digest, gone.sha256)]
    assert PurgedItem.from_json(keeper.store.get(marks[0])).sha256 == gone.sha256
    assert keeper.has(gone.sha256, stays.sha256) == [False, True]
    assert keeper.store.get(layout.manifest("acme", digest)) == manifest


async def test_bytes_that_a_dataset_has_from_elsewhere_stay(keeper: Keeper) -> None:
    kept = await keeper.keep("a")
    item = ManifestItem(sha256=kept.sha256, name="a.jpg", width=1, height=1, split=Split.TRAIN, entities=[])
    keeper.store.put(layout.manifest("acme", "d" * 64), write_manifest([], [item]))
    await keeper.documents.delete(OWNER, kept.id)
    await keeper.purge()
    assert keeper.has(kept.sha256, kept.reading_sha256) == [True, False]


async def test_what_is_kept_again_while_it_is_purged_has_its_bytes(keeper: Keeper) -> None:
    """The bytes are found there, then a purge removes them, then the row is written."""
    gone = await keeper.keep("a")
    await keeper.documents.delete(OWNER, gone.id)

    class PurgingBlobs(StoreBlobs):
        async def put(self, namespace: str, data: bytes) -> str:
            digest = await super().put(namespace, data)
            await keeper.purge()
            return digest

    blobs = PurgingBlobs(keeper.store, 2, 10, StorageFigures(CollectorRegistry()))
    again = await keep_file(keeper.documents, blobs, OWNER, new_document("a", sha256=gone.sha256), b"a")
    assert await keeper.blobs.get("acme", again.sha256) == b"a"
    await keeper.purge()
    assert keeper.has(again.sha256) == [True]


async def test_a_purge_that_dies_anywhere_is_finished_by_the_next(keeper: Keeper) -> None:
    class Dying:
        """A store that dies at its n-th change."""

        def __init__(self, store: S3ObjectStore, left: int) -> None:
            self._store, self._left = store, left

        def delete(self, key: str) -> None:
            if self._left == 0:
                raise SystemExit
            self._left -= 1
            self._store.delete(key)

    gone = await keeper.keep("a")
    await keeper.documents.delete(OWNER, gone.id)
    for left in (0, 1):
        dying = Purge(keeper.database, Dying(keeper.store, left), 0)  # type: ignore[arg-type] # it is not asked for more
        with pytest.raises(SystemExit):
            await dying.purge(Content("acme", gone.sha256), DatasetUses())
        assert keeper.has(gone.sha256, gone.reading_sha256).count(True) == 2 - left
    await keeper.purge()
    assert keeper.has(gone.sha256, gone.reading_sha256) == [False, False]
    work = Purge(keeper.database, keeper.store, 0)
    assert await work.due() == []


def test_the_program_says_what_it_did(keeper: Keeper) -> None:
    env = {"PATH": os.environ["PATH"], **keeper.environment, "CAPFORGE_DATABASE_URL": keeper.url}
    command = [sys.executable, "-m", "capforge_gateway.storage.purge"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    for wrong, status in (({"CAPFORGE_DATABASE_URL": ""}, 2), ({"CAPFORGE_STORE": "ftp://x"}, 2)):
        failed = subprocess.run(
            command, env={**env, **wrong}, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
        assert failed.returncode == status
        assert next(iter(wrong)) in failed.stderr
