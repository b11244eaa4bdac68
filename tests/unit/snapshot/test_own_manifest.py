"""Our own format: nothing is lost, little need be written, everything wrong is named by its line."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import OnFault, SnapshotOutcome, Split, SplitSpec
from capforge_contracts.model import sha256_hex
from tests.unit.snapshot.cocofolder import NAMESPACE, picture
from tests.unit.snapshot.formats import MANIFEST, item, manifest, take

RICH = [
    {"className": "cat", "polygon": [5, 6, 25, 6, 15, 20.5], "id": "a", "attributes": {"pose": "left", "n": "1"}},
    {"className": "dog", "box": [1, 2, 3, 4], "id": "b"},
]


def test_the_least_that_is_written_is_enough():
    taken = take(manifest(), MANIFEST)
    assert taken.result.outcome is SnapshotOutcome.LOCKED, taken.result.message
    assert (taken.result.train_items, taken.result.entities) == (3, 3)


def test_a_snapshot_of_a_snapshots_manifest_is_the_same_snapshot():
    first = take(manifest(item(1, entities=RICH), item(2, split="Dev"), item(3, split="Test", entities=[])), MANIFEST)
    assert first.result.outcome is SnapshotOutcome.LOCKED, first.result.message
    data = first.store.get(layout.manifest(NAMESPACE, first.result.digest or ""))
    again = take({**manifest(), "manifest.jsonl": data}, MANIFEST)
    assert again.result.digest == first.result.digest
    (cat, dog) = again.items["1.png"].entities
    assert (cat.polygon, cat.box, cat.id) == ([5.0, 6.0, 25.0, 6.0, 15.0, 20.5], [5.0, 6.0, 25.0, 20.5], "a")
    assert (cat.attributes, dog.id) == ({"pose": "left", "n": "1"}, "b")


def test_its_splits_stay_unless_a_split_is_asked_for():
    files = manifest(item(1, split="Dev"), item(2, split="Test"), item(3))
    assert [one.split for _, one in sorted(take(files, MANIFEST).items.items())] == [Split.DEV, Split.TEST, Split.TRAIN]
    drawn = take(files, MANIFEST, split=SplitSpec(dev_percent=34)).result
    assert (drawn.train_items, drawn.dev_items, drawn.test_items) == (2, 1, 0)


LINES = [
    ("BadRecord", "line 2", "Invalid JSON", "{"),
    ("BadRecord", "line 2", "name: Field required", {"entities": []}),
    ("BadRecord", "line 2", "colour: is no field here; allowed: sha256, name, width", item(1, colour="red")),
    ("BadRecord", "line 2", "split: Input should be 'Train', 'Dev' or 'Test'", item(1, split="train")),
    ("BadRecord", "line 2", "width", item(1, width="40")),
    ("BadRecord", "line 2", "sha256", item(1, sha256="abc")),
    ("BadRecord", "line 2", "entities.0", item(1, entities=[{"className": "cat"}])),
    ("BadRecord", "line 2", "it has 4 numbers", item(1, entities=[{"className": "cat", "polygon": [1, 2, 3, 4]}])),
    ("BadRecord", "line 2", "attributes", item(1, entities=[{"className": "cat", "box": [1, 2, 3, 4], "attributes": {"a": "x" * 2000}}])),
    ("BadRecord", "line 2", "finite number", '{"name": "1.png", "entities": [{"className": "cat", "box": [NaN, 2, 3, 4]}]}'),
    ("UndeclaredCategory", "line 2, entities[0]", "allowed: cat, dog", item(1, entities=[{"className": "cow", "box": [1, 2, 3, 4]}])),
    ("BadFileName", "line 2 (../1.png)", "leaves the images folder", item(1, name="../1.png")),
    ("MissingImage", "line 2 (9.png)", "no readable object", item(9)),
    ("SizeMismatch", "line 2 (1.png)", "the file has 40 x 30", item(1, width=41, height=30)),
    ("ContentMismatch", "line 2 (1.png)", f"the file has {sha256_hex(picture(1))}", item(1, sha256="a" * 64)),
    ("BoxOutside", "line 2, entities[0]", "inside the image", item(1, entities=[{"className": "cat", "box": [0, 0, 50, 9]}])),
    ("ZeroAreaBox", "line 2, entities[0]", "above 0", item(1, entities=[{"className": "cat", "box": [9, 9, 5, 5]}])),
    ("DuplicateAnnotationId", "line 2, entities[1]", "already used", item(1, entities=[RICH[0], {**RICH[1], "id": "a"}])),
]  # fmt: skip


@pytest.mark.parametrize(("code", "record", "says", "line"), LINES, ids=[f"{one[0]}: {one[2][:24]}" for one in LINES])
def test_a_wrong_line_is_named(code: str, record: str, says: str, line: Any):
    taken = take(manifest(line, item(2), item(3)), MANIFEST)
    assert [(fault.code, fault.file, fault.record) for fault in taken.faults] == [(code, "manifest.jsonl", record)]
    assert says in taken.faults[0].message, taken.faults[0].message


def test_an_image_that_occurs_twice_is_named():
    taken = take(manifest(item(1), item(1), item(2)), MANIFEST)
    assert [(fault.code, fault.record) for fault in taken.faults] == [("DuplicateFileName", "line 3 (1.png)")]
    assert "already line 2 (1.png)" in taken.faults[0].message


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({"format": "capforge.documents/v1", "classes": []}, "format is 'capforge.documents/v1'"),
        ({"format": "capforge.dataset/v1"}, "classes: Field required"),
        ({"format": "capforge.dataset/v1", "classes": ["a\nb"]}, "is no text on one line"),
        ("{}", "format: Field required"),
        ("hello", "Invalid JSON"),
    ],
)
def test_a_file_without_a_header_is_never_skipped_over(header: Any, says: str):
    taken = take(manifest(header=header), MANIFEST, on_fault=OnFault.SKIP)
    assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    assert taken.faults[0].code == "NotAManifest"
    assert any(says in fault.message for fault in taken.faults), taken.faults


def test_a_line_of_many_megabytes_is_named_and_the_rest_is_read():
    taken = take(manifest("x" * (17 * 2**20), item(2), item(9)), MANIFEST)
    assert [(fault.code, fault.record) for fault in taken.faults] == [
        ("TooLarge", "line 2"),
        ("MissingImage", "line 4 (9.png)"),
    ]


def test_an_empty_file_has_no_header():
    assert take({"manifest.jsonl": b""}, MANIFEST).faults[0].code == "NotAManifest"
