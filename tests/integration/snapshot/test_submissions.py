"""Annotated documents, streamed by a real HTTP server, frozen in a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import Fault, OnFault, SnapshotOutcome, SnapshotProgress, SnapshotResult, Split
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.submissions import FieldLabel, Submission, read_documents_manifest
from capforge_snapshot.snapshot import take_snapshot
from capforge_snapshot.submissions.faults import FaultCode
from capforge_snapshot.submissions.stream import MAX_LINE_BYTES, Gateway
from tests.integration.snapshot.gateway_stand import (
    TOKEN,
    GatewayStand,
    broken_off,
    gateway_stand,
    miscounted,
    refusing,
    reset,
    without_an_end,
)
from tests.unit.snapshot.slips import FIELDS, NAMESPACE, put_readings, reading, request, submission, value


@pytest.fixture
def stand() -> Iterator[GatewayStand]:
    with gateway_stand() as one:
        yield one


class World:
    """A store with readings, a gateway with annotations."""

    def __init__(self, stand: GatewayStand, folder: Path, documents: int) -> None:
        self.stand, self.folder, self.documents = stand, folder, documents
        self.store = MemoryObjectStore("capforge")
        put_readings(self.store, range(1, documents + 1))
        self.patience_seconds = 20.0

    def take(self, **changes: Any) -> SnapshotResult:
        gateway = Gateway(self.stand.url, self.stand.token_file(self.folder), self.patience_seconds, pause_seconds=0.01)
        with tempfile.TemporaryDirectory() as scratch:
            asked = request(self.documents, **changes)
            return take_snapshot(asked, self.store, Path(scratch), gateway=gateway)

    def items(self, result: SnapshotResult) -> list[Submission]:
        assert result.digest is not None
        data = self.store.get(layout.manifest(NAMESPACE, result.digest))
        assert sha256_hex(data) == result.digest
        header, items = read_documents_manifest(data)
        assert header.fields == FIELDS
        return list(items)

    @property
    def faults(self) -> list[Fault]:
        key = layout.snapshot_faults(NAMESPACE, "slips-auto-20", "0123456789abcdef")
        return [Fault.from_json(line) for line in self.store.get(key).splitlines()]


@pytest.fixture
def world(stand: GatewayStand, tmp_path: Path) -> World:
    it = World(stand, tmp_path, 10)
    stand.submits(*(submission(number) for number in range(1, 11)))
    return it


def test_all_annotations_are_locked_with_their_roles_and_counts(world: World):
    result = world.take()
    assert result.outcome is SnapshotOutcome.LOCKED
    assert (result.items, result.train_items, result.dev_items, result.test_items) == (10, 8, 2, 0)
    assert [(one.name, one.count) for one in result.classes] == [("kind", 10), ("total", 10)]
    assert result.entities == 20
    assert result.message == "10 documents with 20 values of 2 fields"
    assert sorted(item.document for item in world.items(result)) == sorted(f"document-{n}" for n in range(1, 11))
    assert [item.sha256 for item in world.items(result)] == sorted(item.sha256 for item in world.items(result))


def test_the_gateway_is_asked_as_of_the_sequence_with_the_token(world: World):
    world.take()
    assert [(one.path, one.token) for one in world.stand.asked] == [
        (f"/internal/submissions/{NAMESPACE}/slips?asOf=10", TOKEN)
    ]


def test_progress_counts_documents(world: World):
    world.take()
    data = world.store.get(layout.snapshot_progress(NAMESPACE, "slips-auto-20", "0123456789abcdef"))
    assert SnapshotProgress.from_json(data) == SnapshotProgress(done=10, total=10)


def test_the_order_of_the_stream_does_not_change_the_digest(world: World):
    first = world.take().digest
    world.stand.lines.reverse()
    assert world.take(spec_hash="f" * 16).digest == first


@pytest.mark.parametrize("play", [broken_off, without_an_end, miscounted, reset, refusing(503), refusing(429)])
def test_a_stream_that_breaks_is_read_again_and_nothing_counts_twice(world: World, play: Any):
    world.stand.plays += [play, play]
    result = world.take()
    assert (result.outcome, result.items) == (SnapshotOutcome.LOCKED, 10)
    assert len(world.stand.asked) == 3
    assert world.faults == []


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "audience"), (403, "capforge-tenant"), (404, "capabilityRef"), (400, "fit together")],
)
def test_a_refusal_says_what_to_do_and_is_not_repeated(world: World, status: int, told: str):
    world.stand.plays += [refusing(status, "no, because of this")]
    result = world.take()
    assert result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert result.digest is None
    assert told in result.message
    assert "because of this" in result.message
    assert TOKEN not in result.message
    assert len(world.stand.asked) == 1


def test_a_gateway_that_stays_away_is_named(world: World):
    world.patience_seconds = 0.1
    world.stand.plays += [reset] * 50
    result = world.take()
    assert result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert world.stand.url in result.message


def test_a_missing_token_is_named(world: World, tmp_path: Path):
    gateway = Gateway(world.stand.url, tmp_path / "nothing" / "token")
    result = take_snapshot(request(10), world.store, tmp_path, gateway=gateway)
    assert result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert "nothing/token" in result.message


def test_without_a_gateway_the_request_is_refused(world: World, tmp_path: Path):
    result = take_snapshot(request(10), world.store, tmp_path)
    assert result.outcome is SnapshotOutcome.FAULTY_RECORDS
    assert "CAPFORGE_GATEWAY_URL" in result.message


def test_no_annotation_is_an_empty_selection(world: World):
    world.stand.lines.clear()
    result = world.take()
    assert result.outcome is SnapshotOutcome.EMPTY_SELECTION
    assert "slips has no annotated document up to submission 10" in result.message


def spoilt(world: World) -> None:
    """Six of the ten lines become faulty, each in its own way."""
    wrong = {
        0: submission(1, labels=[FieldLabel(field="total", values=[value(1, words=[9])])]).to_json(),
        1: submission(2, reading_sha256="0" * 64).to_json(),
        2: b'{"sha256": 5}',
        3: b"\xff no json",
        4: submission(5, sequence=99).to_json(),
        5: b'{"name": "' + b"x" * (MAX_LINE_BYTES + 5) + b'"}',
    }
    for place, line in wrong.items():
        world.stand.lines[place] = line + b"\n"
    damaged = layout.blob(NAMESPACE, sha256_hex(reading(7).to_json()))
    world.store.put(damaged, world.store.get(damaged).replace(b"Total", b"Grand"))


SPOILT = {
    FaultCode.BAD_POSITION: "document document-1 (1.pdf)",
    FaultCode.MISSING_READING: "document document-2 (2.pdf)",
    FaultCode.BAD_RECORD: "line 3",
    FaultCode.OUTSIDE_SELECTION: "document document-5 (5.pdf)",
    FaultCode.TOO_LARGE: "line 6",
    FaultCode.DAMAGED_READING: "document document-7 (7.pdf)",
}


def test_every_faulty_annotation_is_listed_and_nothing_is_locked(world: World):
    spoilt(world)
    result = world.take()
    assert (result.outcome, result.digest, result.fault_count) == (SnapshotOutcome.FAULTY_RECORDS, None, 7)
    found = {(fault.code, fault.record) for fault in world.faults}
    assert found == {*SPOILT.items(), (FaultCode.BAD_RECORD, "line 4")}
    assert {fault.file for fault in world.faults} == {"submissions of slips"}


def test_faulty_annotations_are_left_out_where_that_is_asked_for(world: World):
    spoilt(world)
    result = world.take(on_fault=OnFault.SKIP)
    assert (result.outcome, result.items, result.fault_count) == (SnapshotOutcome.LOCKED, 3, 7)
    assert {item.document for item in world.items(result)} == {"document-8", "document-9", "document-10"}
    assert "skipped because of 7 faults" in result.message


def test_if_all_are_faulty_nothing_is_left(world: World):
    world.stand.lines[:] = [b"{}\n"] * 3
    result = world.take(on_fault=OnFault.SKIP)
    assert result.outcome is SnapshotOutcome.EMPTY_SELECTION
    assert "3 faults" in result.message


def test_of_one_content_the_newest_annotation_counts(world: World):
    again = submission(1, document="uploaded-again", sequence=10, labels=[FieldLabel(field="kind")])
    world.stand.lines[-1] = again.to_json() + b"\n"
    result = world.take()
    assert (result.outcome, result.items) == (SnapshotOutcome.LOCKED, 9)
    assert "1 left out, a newer annotation is of the same content" in result.message
    assert "uploaded-again" in {item.document for item in world.items(result)}
    assert "document-1" not in {item.document for item in world.items(result)}


def test_labels_of_removed_fields_are_left_out_and_counted(world: World):
    result = world.take(fields=FIELDS[1:])
    assert result.outcome is SnapshotOutcome.LOCKED
    assert [(one.name, one.count) for one in result.classes] == [("kind", 10)]
    assert "(total 10)" in result.message


def test_a_role_stays_the_documents_own(world: World):
    world.stand.lines[0] = submission(1, split=Split.TEST).to_json() + b"\n"
    assert world.take().test_items == 1


def test_a_locked_snapshot_is_not_taken_again(world: World):
    first = world.take()
    world.stand.lines.clear()
    assert world.take() == first
    assert len(world.stand.asked) == 1
