"""Sources of other formats that somebody, or chance, made wrong: never a crash, every fault named on one line."""

from __future__ import annotations

import json
from typing import Any

import psutil  # type: ignore[import-untyped]  # has no types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capforge_contracts.coco.faults import FaultCode
from capforge_contracts.coco.segmentation import read_segmentation
from capforge_contracts.coco.texts import fits_a_line
from capforge_contracts.dataset import FAULTS_IN_RESULT, OnFault, SnapshotOutcome
from capforge_snapshot.importers.voc_file import read_voc_file
from capforge_snapshot.importers.yolo_config import read_config
from capforge_snapshot.importers.yolo_labels import YoloFault, YoloObject, read_labels
from tests.unit.snapshot.cocofolder import Taken, picture
from tests.unit.snapshot.formats import (
    IMAGE_FOLDER,
    MANIFEST,
    VOC,
    YOLO,
    Files,
    image_folder,
    item,
    manifest,
    take,
    voc,
    voc_object,
    voc_xml,
    yolo,
)
from tests.unit.snapshot.test_hostile_coco import HOSTILE_TEXTS, VALUES

QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
WHOLE = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
PIECES = [
    b"", b"\x00", b"\xff\xfe", b"<!DOCTYPE a>", b"<![CDATA[", b"&lt;", b"[" * 40, b"*a", b"&a", b"!!python/none", b": ", b"- ", b"{", b"}",
    b"9" * 400, b"-1", b"nan", b"1e999", b"\n", b"<a>", b"</object>", b"'", b'"', b"\xe2\x80\xa8", b"..", b"/", b"<?xml encoding='x'?>",
]  # fmt: skip
YAML = yolo()["data.yaml"]
LABELS = b"0 0.5 0.5 0.25 0.4\n1 0.1 0.1 0.9 0.1 0.5 0.9\n"
XML = voc_xml(1, voc_object(more="<pose>Left</pose>") + voc_object("dog", (1, 2, 3, 4)))


def changed(sound: bytes) -> st.SearchStrategy[bytes]:
    """The sound bytes with a stretch of them replaced."""

    def replaced(start: int, length: int, piece: bytes) -> bytes:
        at = start % (len(sound) + 1)
        return sound[:at] + piece + sound[at + length :]

    return st.builds(
        replaced, st.integers(0, 5000), st.integers(0, 20), st.sampled_from(PIECES) | st.binary(max_size=12)
    )


def assert_told(taken: Taken) -> None:
    for fault in taken.faults:
        assert fault.code in set(FaultCode)
        assert fault.file
        assert fault.record
        assert fault.message
        assert fits_a_line(fault.record), fault
        assert fits_a_line(fault.message), fault
    assert taken.result.fault_count == len(taken.faults)
    assert taken.result.faults == taken.faults[:FAULTS_IN_RESULT]
    taken.result.to_json()
    if taken.result.outcome is SnapshotOutcome.LOCKED:
        for one in taken.items.values():
            for entity in one.entities:
                x0, y0, x1, y1 = entity.box
                assert 0 <= x0 < x1 <= one.width
                assert 0 <= y0 < y1 <= one.height


@QUICK
@given(changed(YAML))
def test_any_data_yaml_is_read_or_refused_in_words(data: bytes):
    config = read_config(data)
    assert config.faults or (config.names and config.parts)
    assert all(fits_a_line(fault.record) and fits_a_line(fault.message) for fault in config.faults), config.faults


@QUICK
@given(changed(LABELS))
def test_any_label_file_gives_objects_or_named_lines(data: bytes):
    for one in read_labels(data, {0: "cat", 1: "dog"}):
        assert isinstance(one, YoloObject) or (isinstance(one, YoloFault) and fits_a_line(one.message)), one


@QUICK
@given(changed(XML))
def test_any_xml_gives_objects_or_named_places(data: bytes):
    for fault in read_voc_file(data).faults:
        assert fault.code in set(FaultCode)
        assert fits_a_line(fault.record), fault
        assert fits_a_line(fault.message), fault


@QUICK
@given(VALUES)
def test_any_segmentation_is_an_outline_or_refused(value: Any):
    found = read_segmentation(value)
    assert isinstance(found, str) or found.polygon is None or len(found.polygon) >= 6


SOUND: list[tuple[str, Files, dict[str, Any]]] = [
    ("data.yaml", yolo(), YOLO),
    ("labels/train/1.txt", yolo(), YOLO),
    ("Annotations/1.xml", voc(), VOC),
    ("manifest.jsonl", manifest(), MANIFEST),
]


@pytest.mark.parametrize(("name", "files", "source"), SOUND, ids=[name for name, _, _ in SOUND])
@WHOLE
@given(data=st.data(), on_fault=st.sampled_from(OnFault))
def test_whatever_is_wrong_with_a_file_the_snapshot_ends_and_names_it(
    name: str, files: Files, source: dict[str, Any], data: st.DataObject, on_fault: OnFault
):
    taken = take({**files, name: data.draw(changed(files[name]))}, source, on_fault=on_fault)
    assert_told(taken)
    if taken.faults and on_fault is OnFault.REJECT:
        assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS


@WHOLE
@given(st.dictionaries(st.sampled_from(["name", "entities", "split", "sha256", "width"]), VALUES, max_size=3), VALUES)
def test_whatever_stands_in_a_manifest_it_is_named(changes: dict[str, Any], entity: Any):
    assert_told(take(manifest(item(1, **changes), item(2, entities=[entity]), item(3)), MANIFEST))


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_names_of_strangers_are_named_or_taken_and_never_lead_elsewhere(name: str):
    listed = json.dumps(name).encode()
    assert_told(take(manifest(item(1, name=name), item(2)), MANIFEST))
    assert_told(take({**yolo("names: [cat, dog]\ntrain: [" + json.dumps(name) + ", images/train]")}, YOLO))
    assert_told(take({**yolo("names: [cat, dog]\ntrain: l.txt"), "l.txt": listed + b"\nimages/train/1.png"}, YOLO))
    if name and "\ud800" not in name:
        assert_told(take({**image_folder(), f"{name}/a.png": picture(8)}, IMAGE_FOLDER))


def test_ten_thousand_wrong_lines_take_bounded_memory_and_a_small_status():
    before = psutil.Process().memory_info().rss
    taken = take(yolo(**{"1": "7 0.5 0.5 0.1 0.1\n" * 10_000}), YOLO)
    assert taken.result.fault_count == 10_000
    assert len(taken.result.to_json()) < 40_000
    assert psutil.Process().memory_info().rss - before < 300 * 2**20
