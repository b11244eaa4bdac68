"""The gateway's own endpoint and the snapshot that reads it: what was annotated is what is frozen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotOutcome, SnapshotResult, Split
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.names import JOB_SERVICE_ACCOUNT
from capforge_contracts.submissions import FieldLabel, Submission, read_documents_manifest
from capforge_gateway.documents.ports import NewDocument, Owner
from capforge_gateway.storage.door_parts import Guard, Streams
from capforge_gateway.storage.doors import AnnotationDoors
from capforge_snapshot.snapshot import take_snapshot
from capforge_snapshot.submissions.stream import Gateway
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.twins.documents import MemoryDocuments
from tests.unit.snapshot.slips import NAMESPACE, digest_of, labels, put_readings, reading, request

OWNER = Owner(NAMESPACE, "slips")
JOB = f"{NAMESPACE}:{JOB_SERVICE_ACCOUNT}"


class Tokens:
    """Reviews in memory; a token is its own account."""

    async def account(self, token: str) -> str | None:
        return token or None


@contextmanager
def listening(documents: MemoryDocuments) -> Iterator[str]:
    doors = AnnotationDoors(documents, Guard(Tokens()), Streams(), lambda _: False)
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=doors.routes()), host="127.0.0.1", port=port, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


class World:
    """Annotated documents in the gateway's twin, their readings in a store."""

    def __init__(self, folder: Path) -> None:
        self.documents, self.store, self.folder = MemoryDocuments(), MemoryObjectStore("capforge"), folder
        self.ids: dict[int, str] = {}

    def annotated(self, *numbers: int) -> None:
        for number in numbers:
            put_readings(self.store, range(number, number + 1))
            new = NewDocument(f"{number}.pdf", "application/pdf", digest_of(number), 9, "ann")
            read = replace(new, reading_sha256=sha256_hex(reading(number).to_json()), n_pages=1)
            document = asyncio.run(self.documents.keep(OWNER, read))
            asyncio.run(self.documents.submit(OWNER, document.id, labels(number), "ann", replace=False))
            self.ids[number] = document.id

    def take(self, as_of_sequence: int, token: str = JOB, dataset: str = "slips-auto-20") -> SnapshotResult:
        token_file = self.folder / "token"
        token_file.write_text(token)
        with listening(self.documents) as url:
            gateway = Gateway(url, token_file, patience_seconds=5, pause_seconds=0.01)
            return take_snapshot(request(as_of_sequence, dataset=dataset), self.store, self.folder, gateway=gateway)

    def items(self, result: SnapshotResult) -> dict[str, Submission]:
        assert result.digest is not None, result.message
        _, items = read_documents_manifest(self.store.get(layout.manifest(NAMESPACE, result.digest)))
        return {item.name: item for item in items}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_was_annotated_is_what_is_frozen(world: World):
    world.annotated(*range(1, 11))
    result = world.take(10)
    assert (result.outcome, result.items, result.train_items, result.dev_items) == (SnapshotOutcome.LOCKED, 10, 8, 2)
    assert {item.document for item in world.items(result).values()} == set(world.ids.values())
    assert sum(item.split is Split.DEV for item in world.items(result).values()) == 2


def test_as_of_means_what_was_said_until_then(world: World):
    world.annotated(1, 2, 3)
    absent = [FieldLabel(field="total"), FieldLabel(field="kind")]
    asyncio.run(world.documents.submit(OWNER, world.ids[1], absent, "bob", replace=True))
    world.annotated(4)
    before, after = world.take(3), world.take(5, dataset="later")
    assert sorted(world.items(before)) == ["1.pdf", "2.pdf", "3.pdf"]
    assert world.items(before)["1.pdf"].annotator == "ann"
    assert world.items(after)["1.pdf"].labels == absent
    assert sorted(world.items(after)) == ["1.pdf", "2.pdf", "3.pdf", "4.pdf"]


def test_deleted_and_withdrawn_documents_do_not_come(world: World):
    world.annotated(1, 2, 3)
    asyncio.run(world.documents.delete(OWNER, world.ids[1]))
    asyncio.run(world.documents.withdraw(OWNER, world.ids[2], "ann"))
    assert sorted(world.items(world.take(4))) == ["3.pdf"]


def test_all_withdrawn_is_an_empty_selection(world: World):
    world.annotated(1)
    asyncio.run(world.documents.withdraw(OWNER, world.ids[1], "ann"))
    assert world.take(2).outcome is SnapshotOutcome.EMPTY_SELECTION


@pytest.mark.parametrize(
    ("token", "told"),
    [
        pytest.param("", "audience", id="no token"),
        pytest.param(f"{NAMESPACE}:default", "capforge-tenant", id="another ServiceAccount"),
        pytest.param(f"team-b:{JOB_SERVICE_ACCOUNT}", "capforge-tenant", id="another tenant"),
    ],
)
def test_a_stranger_gets_nothing(world: World, token: str, told: str):
    world.annotated(1)
    result = world.take(1, token)
    assert result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert told in result.message


def test_a_capability_without_documents_is_told(world: World):
    result = world.take(0)
    assert result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert "annotate some" in result.message
