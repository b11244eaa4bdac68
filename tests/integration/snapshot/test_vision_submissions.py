"""Annotated images, streamed by a real HTTP server, frozen in a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import OnFault, SnapshotOutcome, SplitSpec
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.sources import VisionSource
from capforge_contracts.vision import (
    AnnotationStatus,
    Observation,
    Search,
    Selection,
    VisionEntity,
    VisionQuestion,
    VisionSubmission,
)
from capforge_snapshot.snapshot import take_snapshot
from capforge_snapshot.submissions.stream import Gateway
from tests.integration.snapshot.gateway_stand import (
    GatewayStand,
    broken_off,
    gateway_stand,
    miscounted,
    refusing,
    reset,
)
from tests.unit.snapshot.cocofolder import NAMESPACE, Taken, picture
from tests.unit.snapshot.formats import request

ASKED = VisionSource(
    searches=[Search(classes_present=["cat"]), Search(users=["ann"])], as_of_sequence=9, selection=Selection.LATEST
)


def entity(name: str = "cat", identity: str = "e1", **changes: Any) -> VisionEntity:
    observations = [
        Observation(attribute="class", value=name),
        Observation(attribute="colour", value="red", confidence=0.5),
    ]
    values: dict[str, Any] = {"id": identity, "box": [5, 6, 15, 18], "observations": observations}
    return VisionEntity(**{**values, **changes})


def submission(number: int, **changes: Any) -> VisionSubmission:
    values: dict[str, Any] = {
        "sha256": sha256_hex(picture(number)),
        "file": f"file-{number}",
        "name": "photo.png",
        "content_type": "image/png",
        "width": 40,
        "height": 30,
        "source": "",
        "metadata": {},
        "uploaded": "2026-01-01T00:00:00Z",
        "submission": f"submission-{number}",
        "sequence": number,
        "annotator": "ann",
        "time": "2026-01-01T00:00:00Z",
        "status": AnnotationStatus.SUBMITTED,
        "entities": [entity()],
    }
    return VisionSubmission(**{**values, **changes})


class World:
    def __init__(self, stand: GatewayStand, folder: Path) -> None:
        self.stand, self.folder = stand, folder
        self.store = MemoryObjectStore("capforge")
        for number in range(1, 5):
            data = picture(number)
            self.store.put(layout.blob(NAMESPACE, sha256_hex(data)), data)

    def take(self, patience_seconds: float = 20.0, **changes: Any) -> Taken:
        gateway = Gateway(self.stand.url, self.stand.token_file(self.folder), patience_seconds, pause_seconds=0.01)
        asked = request({"vision": ASKED}, **changes)
        with tempfile.TemporaryDirectory() as scratch:
            return Taken(take_snapshot(asked, self.store, Path(scratch), gateway=gateway), self.store, asked)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with gateway_stand() as stand:
        yield World(stand, tmp_path)


def test_an_entity_keeps_its_id_class_place_and_attributes(world: World):
    outline = [5.0, 6.0, 25.0, 6.0, 15.0, 20.0]
    world.stand.submits(submission(1, entities=[entity(), entity("dog", "e2", polygon=outline, box=[5, 6, 25, 20])]))
    taken = world.take()
    assert taken.result.outcome is SnapshotOutcome.LOCKED, taken.result.message
    cat, dog = taken.items["photo.png"].entities
    assert (cat.id, cat.class_name, cat.box, cat.polygon, cat.attributes) == (
        "e1",
        "cat",
        [5.0, 6.0, 15.0, 18.0],
        None,
        {"colour": "red"},
    )
    assert (dog.id, dog.polygon, dog.box) == ("e2", outline, [5.0, 6.0, 25.0, 20.0])


def test_the_gateway_is_asked_for_exactly_these_searches(world: World):
    world.stand.submits(submission(1))
    world.take()
    (asked,) = world.stand.asked
    assert asked.path == f"/internal/vision/{NAMESPACE}"
    assert VisionQuestion.from_json(asked.body) == VisionQuestion(
        searches=ASKED.searches, as_of_sequence=9, selection=Selection.LATEST
    )


def test_files_of_one_name_are_several_images(world: World):
    world.stand.submits(submission(1), submission(2))
    assert world.take().result.items == 2


def test_all_submissions_of_one_image_are_several_items_in_one_part(world: World):
    world.stand.submits(
        submission(1),
        submission(1, submission="later", sequence=5, entities=[]),
        submission(2),
        submission(3, entities=[]),
    )
    taken = world.take(split=SplitSpec(dev_percent=50))
    assert taken.result.outcome is SnapshotOutcome.LOCKED, taken.result.message
    assert (taken.result.items, taken.result.train_items + taken.result.dev_items) == (4, 4)


def test_an_image_that_shows_nothing_is_kept(world: World):
    world.stand.submits(submission(1), submission(2, entities=[]))
    assert (world.take().result.items, world.take().result.entities) == (2, 1)


@pytest.mark.parametrize("play", [broken_off, miscounted, reset, refusing(503, "starting")])
def test_a_stream_that_breaks_off_is_read_again_from_its_beginning(world: World, play: Any):
    world.stand.submits(submission(1), submission(2), submission(3))
    reference = world.take().result
    other = World(world.stand, world.folder)
    world.stand.plays.append(play)
    assert other.take().result == reference


def test_a_gateway_that_refuses_is_an_unavailable_source(world: World):
    world.stand.plays.append(refusing(403, "no"))
    taken = world.take()
    assert taken.result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert "403" in taken.result.message


WRONG = [
    ("NoClass", {"entities": [entity(observations=[])]}),
    ("BoxOutside", {"entities": [entity(box=[0, 0, 50, 9])]}),
    ("PolygonOutside", {"entities": [entity(polygon=[0.0, 0, 90, 0, 5, 5])]}),
    ("ZeroAreaBox", {"entities": [entity(box=[5, 5, 5, 9])]}),
    ("DuplicateAnnotationId", {"entities": [entity(), entity("dog")]}),
    ("SizeMismatch", {"width": 41}),
    ("MissingImage", {"sha256": "a" * 64}),
    ("BadRecord", {"sha256": "../x"}),
    ("OutsideSelection", {"sequence": 10}),
]


@pytest.mark.parametrize(("code", "changes"), WRONG, ids=[code for code, _ in WRONG])
def test_what_is_wrong_is_named_and_the_rest_can_be_taken(world: World, code: str, changes: dict[str, Any]):
    world.stand.submits(submission(1, **changes), submission(2))
    taken = world.take()
    assert taken.codes == [code]
    assert "submission-1 (photo.png)" in taken.faults[0].record
    assert world.take(on_fault=OnFault.SKIP).result.outcome is SnapshotOutcome.LOCKED


def test_a_line_that_is_no_annotation_is_named_by_its_number(world: World):
    world.stand.submits(submission(1))
    world.stand.lines.append(b'{"sha256": 1}\n')
    taken = world.take()
    assert [(fault.code, fault.record) for fault in taken.faults] == [("BadRecord", "line 2")]


def test_without_a_gateway_the_source_is_not_allowed(tmp_path: Path):
    store = MemoryObjectStore("capforge")
    result = take_snapshot(request({"vision": ASKED}), store, tmp_path)
    assert result.outcome is SnapshotOutcome.FAULTY_RECORDS
    assert "CAPFORGE_GATEWAY_URL" in result.message
