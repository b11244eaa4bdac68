"""Manifests on the disk: read at any line, and refused where they are not what was locked."""

from __future__ import annotations

from io import BytesIO

import pytest

from capforge_contracts.data_model import MAX_FIELDS, DataField, FieldType
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, write_manifest
from capforge_contracts.model import sha256_hex
from capforge_contracts.submissions import write_documents_manifest
from capforge_gateway.datasets import manifest_file
from capforge_gateway.datasets.faults import DamagedDataset, TooLargeDataset
from capforge_gateway.datasets.manifest_file import DocumentsFile, ImagesFile, kept
from tests.unit.contracts.locked_documents import FIELDS, document

HEADER = b'{"classes":[],"format":"capforge.dataset/v1"}\n'
DOCUMENTS = b'{"fields":[],"format":"capforge.documents/v1"}\n'


def item(number: int, name: str = "") -> ManifestItem:
    entity = ManifestEntity(class_name="cat", box=[1, 2, 3, 4], attributes={"sha256": "f" * 64})
    sha256 = sha256_hex(str(number).encode())
    return ManifestItem(
        sha256=sha256, name=name or f"{number}.png", width=9, height=9, split=Split.TRAIN, entities=[entity]
    )


def taken(data: bytes) -> ImagesFile:
    found = kept(BytesIO(data), sha256_hex(data))
    assert isinstance(found, ImagesFile)
    return found


def test_items_are_found_by_position_and_by_content():
    items = sorted((item(number) for number in range(100)), key=lambda one: one.sha256)
    twice = item(7, "again.png")
    data = write_manifest(["cat"], [*items, twice])
    found = taken(data)
    assert (found.items_count, found.size_bytes, found.classes) == (101, len(data), ("cat",))
    assert b"".join(found.pieces()) == data
    for one in items:
        positions = found.positions(one.sha256)
        assert [found.item(position).sha256 for position in positions] == [one.sha256] * len(positions)
    assert [found.item(one).name for one in found.positions(twice.sha256)] == ["7.png", "again.png"]
    assert len(found.positions("0" * 64)) == len(found.positions("f" * 64)) == 0
    assert [one.sha256 for one in found.items(98)] == [one.sha256 for one in list(found.items())[98:]]


def test_documents_and_their_readings_are_found_by_content():
    items = [document(number) for number in range(50)]
    data = write_documents_manifest(FIELDS, items)
    found = kept(BytesIO(data), sha256_hex(data))
    assert isinstance(found, DocumentsFile)
    assert (found.items_count, found.size_bytes, found.header.fields) == (50, len(data), list(FIELDS))
    assert list(found.items()) == sorted(items, key=lambda one: one.sha256)
    for one in items:
        assert [found.item(position) for position in found.positions(one.sha256)] == [one]
        assert found.has_file(one.sha256)
        assert found.has_file(one.reading_sha256)
        assert not found.positions(one.reading_sha256), "a reading is no item"
    assert not found.has_file("0" * 64)


def test_several_read_at_once():
    found = taken(write_manifest(["cat"], [item(number) for number in range(50)]))
    pairs = zip(found.items(), found.items(), strict=True)
    assert all(one == other for one, other in pairs)


@pytest.mark.parametrize(
    ("data", "fault", "says"),
    [
        (b"", DamagedDataset, "format"),
        (b"\xff\xfe\n", DamagedDataset, "line 1"),
        (b'{"format":"other/v9"}\n', DamagedDataset, "other/v9"),
        (DOCUMENTS + b'{"sha256":"' + b"1" * 64 + b'"}\n', DamagedDataset, "line 2"),
        (DOCUMENTS + b'{"sha256":"' + b"1" * 64 + b'","readingSha256":"11"}\n', DamagedDataset, "line 2"),
        (b'{"format":"capforge.documents/v1","fields":7}\n', DamagedDataset, "line 1"),
        (HEADER + b"[]\n", DamagedDataset, "line 2"),
        (HEADER + b'{"sha256":"00"}\n', DamagedDataset, "line 2"),
        (HEADER + b'{"sha256":7}\n', DamagedDataset, "line 2"),
        (HEADER + b'{"sha256":"' + b"1" * 64 + b'"}\n{"sha256":"' + b"0" * 64 + b'"}\n', DamagedDataset, "line 3"),
        (HEADER + b"[" * 100_000 + b"\n", DamagedDataset, "line 2"),
    ],
    ids=[
        "empty",
        "no text",
        "other format",
        "no reading",
        "short reading",
        "no fields",
        "no object",
        "short",
        "no text digest",
        "order",
        "nested",
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes, fault: type[Exception], says: str):
    with pytest.raises(fault, match=says):
        taken(data)


def test_bytes_of_another_digest_are_refused():
    with pytest.raises(DamagedDataset, match="another digest"):
        kept(BytesIO(write_manifest([], [item(1)])), "0" * 64)


def test_a_line_whose_fields_are_wrong_is_named_when_it_is_read():
    found = taken(HEADER + b'{"sha256":"' + b"1" * 64 + b'","width":"wide"}\n')
    with pytest.raises(DamagedDataset, match="line 2"):
        found.item(0)


@pytest.mark.parametrize(("name", "most"), [("MAX_ITEMS", 9), ("MAX_BYTES", 1000), ("MAX_LINE_BYTES", 100)])
def test_what_is_larger_than_a_gateway_reads_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, most: int):
    data = write_manifest(["cat"], [item(number) for number in range(10)])
    assert taken(data).items_count == 10
    monkeypatch.setattr(manifest_file, name, most)
    with pytest.raises(TooLargeDataset):
        taken(data)


def test_a_data_model_without_end_is_refused():
    fields = [DataField(name=f"f{number}", type=FieldType.WORD) for number in range(MAX_FIELDS + 1)]
    with pytest.raises(TooLargeDataset, match="fields"):
        taken(write_documents_manifest(fields, []))
