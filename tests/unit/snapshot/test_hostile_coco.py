"""COCO files that somebody, or chance, made wrong: never a crash, every fault named on a line of its own."""

from __future__ import annotations

import copy
import io
import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil  # type: ignore[import-untyped]  # has no types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from capforge.data.check import check
from capforge.data.labelled import Format
from capforge_contracts.coco.faults import FaultCode
from capforge_contracts.coco.stream import BrokenFile, read_records
from capforge_contracts.coco.texts import fits_a_line
from capforge_contracts.dataset import FAULTS_IN_RESULT, OnFault, SnapshotOutcome
from capforge_contracts.memory import MemoryObjectStore
from tests.unit.snapshot.cocofolder import CocoFolder, Taken, take, three_images

HOSTILE_TEXTS = [
    "", " ", "\x00", "a\nb", "\u2028", "\x1b[2J", "\ud800", "'; DROP TABLE images; --", "<script>", "{{7*7}}", "../../etc/passwd",
    "C:\\x", "%2e%2e/", "s3://other/x", "file:///etc/passwd", "a" * 600, "é" * 300, ".", "./1.png", "1.png/", "1.png/x", "a//b",
    "-rf", "\u202egnp", "con", "1.png\u0000.jpg",
]  # fmt: skip
TEXTS = st.sampled_from(HOSTILE_TEXTS) | st.text(max_size=20)
NUMBERS = st.sampled_from([0, -1, 1, 2**31, 2**63, 2**64, 10**400, -(10**400), 1e308, -1e308, 5e-324, 0.1, math.nan, math.inf]) | st.integers()  # fmt: skip
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ARRAYS = st.sampled_from(["images", "annotations", "categories"])
FIELDS = {
    "images": ["id", "file_name", "width", "height"],
    "annotations": ["id", "image_id", "category_id", "bbox", "iscrowd"],
    "categories": ["id", "name"],
}


@st.composite
def broken_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A sound document with one to four changes."""
    document = three_images()
    for _ in range(draw(st.integers(1, 4))):
        array = draw(ARRAYS)
        records = document[array]
        position = draw(st.integers(0, len(records) - 1))
        change = draw(st.sampled_from(["field", "field", "field", "drop", "repeat", "record"]))
        if change == "record" or not isinstance(records[position], dict):
            records[position] = draw(VALUES)
        elif change == "repeat":
            records.append(copy.deepcopy(records[position]))
        elif change == "drop":
            records[position].pop(draw(st.sampled_from(FIELDS[array])), None)
        else:
            records[position][draw(st.sampled_from(FIELDS[array]))] = draw(VALUES)
    return document


def texts(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def assert_told(taken: Taken) -> None:
    """Every fault is named in words that fit a status, a table and a terminal."""
    result = taken.result
    for fault in taken.faults:
        assert fault.code in set(FaultCode)
        assert fault.file == "train.json"
        assert fault.record
        assert fault.message
        assert fits_a_line(fault.record), fault
        assert fits_a_line(fault.message), fault
    assert result.fault_count == len(taken.faults)
    assert result.faults == taken.faults[:FAULTS_IN_RESULT]
    result.to_json()


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(broken_documents(), st.sampled_from(OnFault))
def test_whatever_is_wrong_with_records_the_snapshot_ends_and_names_it(
    document: dict[str, Any], on_fault: OnFault
) -> None:
    taken = take(MemoryObjectStore("capforge"), CocoFolder(document=document), on_fault=on_fault)
    assert_told(taken)
    if taken.faults and on_fault is OnFault.REJECT:
        assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    else:
        assert taken.result.outcome in {SnapshotOutcome.LOCKED, SnapshotOutcome.EMPTY_SELECTION}
    if taken.result.outcome is SnapshotOutcome.LOCKED:
        assert all(fits_a_line(name) for name in taken.items)
        assert all(fits_a_line(entity.class_name) for item in taken.items.values() for entity in item.entities)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(broken_documents())
def test_the_command_line_finds_as_much_without_a_crash(document: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        for name, data in CocoFolder().files.items():
            (Path(folder) / name).write_bytes(data)
        (Path(folder) / "train.json").write_bytes(texts(document))
        checked = check(Path(folder), Format.COCO, "train.json")
    for fault in checked.faults:
        assert fits_a_line(fault.record), fault
        assert fits_a_line(fault.message), fault
    taken = take(MemoryObjectStore("capforge"), CocoFolder(document=document))
    assert bool(checked.faults) == bool(taken.faults), (checked.faults, taken.faults)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_any_change_of_bytes_ends_in_records_or_in_a_named_place(data: st.DataObject) -> None:
    sound = texts(three_images())
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, min(len(sound), start + 20)))
    given_bytes = (
        sound[:start]
        + data.draw(st.binary(max_size=20) | st.sampled_from([b"[" * 50, b'{"a":', b"1e999", b"\\ud800", b"9" * 5000]))
        + sound[end:]
    )
    broken: BrokenFile | None = None
    try:
        list(read_records(io.BytesIO(given_bytes)))
    except BrokenFile as error:
        broken = error
    assert broken is None or (broken.code in set(FaultCode) and fits_a_line(str(broken))), str(broken)


def test_a_number_of_thousands_of_digits_is_named_by_its_place() -> None:
    text = texts(three_images()).replace(b'"width": 40', b'"width": ' + b"4" * 5000, 1)
    taken = take(MemoryObjectStore("capforge"), CocoFolder(text=text))
    assert taken.codes == ["InvalidJson"]
    assert "too many digits" in taken.faults[0].message


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x00", "\ud800", "\u2028", "\x1b[0m", "x" * 129])
def test_a_class_name_is_one_line(name: str) -> None:
    document = three_images()
    document["categories"][0]["name"] = name
    taken = take(MemoryObjectStore("capforge"), CocoFolder(text=texts(document)))
    assert taken.codes == ["BadRecord"]
    assert_told(taken)


@pytest.mark.parametrize(
    "name", ["<b>cat</b>", "'cat' \"dog\"", "a, b; c", "\u202ecat", "猫", "cat\u00a0dog", "{{cat}}", "-cat"]
)
def test_a_class_name_may_have_any_letters(name: str) -> None:
    document = three_images()
    document["categories"][0]["name"] = name
    taken = take(MemoryObjectStore("capforge"), CocoFolder(document=document))
    assert taken.result.outcome is SnapshotOutcome.LOCKED
    assert name in {one.name for one in taken.result.classes}


def test_ten_thousand_faults_and_a_record_of_megabytes_take_bounded_memory() -> None:
    document = three_images()
    document["annotations"] += [
        {"id": 100 + at, "image_id": 1, "category_id": 9, "bbox": [0, 0, 5, 5]} for at in range(10_000)
    ]
    document["images"][0]["file_name"] = "/" + "x" * 10_000_000
    before = psutil.Process().memory_info().rss
    taken = take(MemoryObjectStore("capforge"), CocoFolder(document=document))
    assert taken.result.fault_count == 10_001
    assert len(taken.result.to_json()) < 40_000
    assert psutil.Process().memory_info().rss - before < 400 * 2**20


def test_a_small_file_that_would_fill_the_memory_is_a_fault_and_large_ones_take_turns() -> None:
    def png(width: int, height: int) -> bytes:
        file = io.BytesIO()
        Image.new("L", (width, height)).save(file, "PNG")
        return file.getvalue()

    names = [f"{at}.png" for at in range(1, 10)]
    document = {
        **three_images(),
        "annotations": [],
        "images": [{"id": at, "file_name": one} for at, one in enumerate(names)],
    }
    files = {one: png(4000 + at, 1000) for at, one in enumerate(names)}
    files["9.png"] = png(7000, 7000)
    assert len(files["9.png"]) < 100_000
    taken = take(MemoryObjectStore("capforge"), CocoFolder(document=document, files=files))
    assert [(fault.code, fault.record) for fault in taken.faults] == [("TooLarge", "image 8 (9.png)")]
    assert "takes 1308 MiB to decode; allowed: 640 MiB" in taken.faults[0].message
