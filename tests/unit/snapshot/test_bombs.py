"""Small files that would grow in memory, or take the square of their length: named, and the rest of the source is read."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from capforge_contracts.dataset import SnapshotOutcome
from capforge_snapshot.importers.manifest_line import ENOUGH_FAULTS, MAX_CLASSES, read_header, read_item
from capforge_snapshot.importers.voc_file import MAX_ELEMENTS, read_voc_file
from capforge_snapshot.importers.yolo_config import read_config
from capforge_snapshot.importers.yolo_labels import read_labels
from tests.unit.snapshot.formats import MANIFEST, VOC, YOLO, item, manifest, take, voc, yolo

MANY = 100_000
SECONDS = 20.0
"""Of processor time; each takes well below two, and before it was bounded minutes."""
BYTES = 100 * 2**20


@contextmanager
def bounded() -> Iterator[None]:
    """Fail where the block takes much more memory or time than the file is large."""
    tracemalloc.start()
    began = time.process_time()
    try:
        yield
        assert time.process_time() - began < SECONDS
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


def line(entities: str) -> bytes:
    return b'{"name": "1.png", "entities": [' + entities.encode() + b"]}"


LINES: list[tuple[str, Callable[[], bytes], str]] = [
    ("numbers for objects", lambda: line(",".join("1" * MANY)), "entities.0: Input should be a valid dictionary"),
    ("unknown fields", lambda: b"{" + b",".join(b'"%x":1' % at for at in range(MANY)) + b"}", f"it has {MANY} fields"),
    (
        "unknown fields of an object",
        lambda: line("{" + ",".join(f'"{at}":1' for at in range(MANY)) + "}"),
        f"it has {MANY} fields",
    ),
    (
        "attributes",
        lambda: line('{"className":"cat","attributes":{' + ",".join(f'"{at}":1' for at in range(MANY)) + "}}"),
        f"attributes has {MANY} entries",
    ),
    (
        "corners that are none",
        lambda: line('{"className":"cat","polygon":[' + ",".join(['""'] * MANY) + "]}"),
        "more than 10000 corners",
    ),
    ("depth", lambda: line("[" * MANY), "nested too deeply"),
    ("digits", lambda: line('{"className":"cat","box":[' + "9" * MANY + ",1,2,3]}"), "Invalid JSON"),
]


@pytest.mark.parametrize(("data", "says"), [one[1:] for one in LINES], ids=[one[0] for one in LINES])
def test_a_line_of_a_manifest_that_is_all_wrong_has_few_faults(data: Callable[[], bytes], says: str):
    given = data()
    with bounded():
        found = read_item(given)
    assert isinstance(found, list)
    assert 1 <= len(found) <= ENOUGH_FAULTS
    assert any(says in one for one in found), found[0][:300]
    assert max(map(len, found)) < 1000


def test_a_header_of_too_many_classes_is_refused():
    classes = b",".join(b'"%x"' % at for at in range(MAX_CLASSES + 1))
    found = read_header(b'{"format": "capforge.dataset/v1", "classes": [' + classes + b"]}")
    assert found == [f"the line: there are {MAX_CLASSES + 1} classes; allowed: at most {MAX_CLASSES}"]


def test_a_wrong_line_harms_no_other():
    taken = take(manifest(line(",".join("1" * MANY)).decode(), item(2), item(9)), MANIFEST)
    assert {fault.record for fault in taken.faults} == {"line 2", "line 4 (9.png)"}


def test_a_manifest_of_annotated_images_can_be_brought_as_a_file():
    header = {"format": "capforge.dataset/v1", "classes": ["cat"], "annotated": True}
    assert take(manifest(header=header), MANIFEST).result.outcome is SnapshotOutcome.LOCKED


def test_objects_of_a_class_that_is_not_declared_cost_no_sorting_of_all_that_are():
    classes = [f"class {at}" for at in range(20_000)]
    wrong = item(1, entities=[{"className": "cow", "box": [1, 2, 3, 4]}] * 500)
    header = {"format": "capforge.dataset/v1", "classes": classes}
    with bounded():
        taken = take(manifest(wrong, header=header), MANIFEST)
    assert taken.result.fault_count == 500
    with bounded():
        faults = list(read_labels(b"99999 0.5 0.5 0.1 0.1\n" * 2000, dict(enumerate(classes))))
    assert len(faults) == 2000


def test_an_xml_file_of_too_many_elements_is_refused_and_the_others_are_read():
    with bounded():
        taken = take(voc(**{"1": b"<annotation>" + b"<b/>" * (MAX_ELEMENTS + 1) + b"</annotation>"}), VOC)
    assert [(fault.code, fault.file, fault.record) for fault in taken.faults] == [("InvalidXml", "1.xml", "the file")]
    assert f"more than {MAX_ELEMENTS} elements" in taken.faults[0].message


def test_text_in_pieces_takes_no_square_of_their_number():
    with bounded():
        found = read_voc_file(
            b"<annotation><filename>1.png" + b"a<b/>" * (MAX_ELEMENTS - 10) + b"</filename></annotation>"
        )
    assert (found.filename or "").startswith("1.pngaaa")


FIGURES = ["0x" + "F" * 5000, "0b" + "1" * 100_000, "9" * 5000, "1" + ":1" * 50_000, "1" + ":1" * 50_000 + ".5"]


@pytest.mark.parametrize("figure", FIGURES, ids=["hexadecimal", "binary", "decimal", "base 60", "fraction of base 60"])
@pytest.mark.parametrize(
    "text",
    [
        "names: [{}]\ntrain: x",
        "names: {{? {}\n : cat}}\ntrain: x",
        "names: [cat]\nnc: {}\ntrain: x",
        "names: [cat]\ntrain: {}",
    ],
    ids=["name", "number of a class", "count", "folder"],
)
def test_a_number_of_thousands_of_digits_in_a_data_yaml_is_named_by_its_line(text: str, figure: str):
    with bounded():
        config = read_config(text.format(figure).encode())
    assert [fault.code for fault in config.faults] == ["InvalidYaml"]
    assert config.faults[0].record.startswith("line ")


def test_a_class_that_is_numbered_twice_in_two_spellings_is_named():
    taken = take(yolo("names: {0: cat, 1: dog, 0x1: cow}\ntrain: images/train"), YOLO)
    assert [(fault.code, fault.record) for fault in taken.faults] == [("InvalidYaml", "line 1")]
    assert "twice" in taken.faults[0].message
