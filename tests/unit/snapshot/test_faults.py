"""Each thing that can be wrong with a source: its code, the record it names, what it says is allowed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from capforge_contracts.dataset import FAULTS_IN_RESULT, SnapshotOutcome
from capforge_contracts.memory import MemoryObjectStore
from capforge_transforms import Limits
from tests.unit.snapshot.cocofolder import CocoFolder, broken, picture, take, three_images


def annotation(**change: Any) -> Callable[[CocoFolder], object]:
    return lambda folder: folder.document["annotations"][0].update(change)


def image(**change: Any) -> Callable[[CocoFolder], object]:
    return lambda folder: folder.document["images"][0].update(change)


def category(**change: Any) -> Callable[[CocoFolder], object]:
    return lambda folder: folder.document["categories"][0].update(change)


def file(data: bytes | None) -> Callable[[CocoFolder], object]:
    def change(folder: CocoFolder) -> None:
        if data is None:
            del folder.files["1.png"]
        else:
            folder.files["1.png"] = data

    return change


def duplicate(folder: CocoFolder) -> None:
    folder.document["images"].append({"id": 4, "file_name": "0.png"})
    folder.files["0.png"] = folder.files["1.png"]


def another_image(folder: CocoFolder) -> None:
    folder.document["images"].append({"id": 2, "file_name": "0.png"})
    folder.files["0.png"] = picture(0)


def another_category(identity: object) -> Callable[[CocoFolder], object]:
    return lambda folder: folder.document["categories"].append({"id": identity, "name": "bird"})


CASES = [
    ("ZeroAreaBox", "annotation 11", "width and height above 0", annotation(bbox=[5, 5, 0, 5])),
    ("ZeroAreaBox", "annotation 11", "width and height above 0", annotation(bbox=[5, 5, 4, -1])),
    ("ZeroAreaBox", "annotation 11", "nothing of it lies inside", annotation(bbox=[-1, 5, 1, 5])),
    ("BoxOutside", "annotation 11", "inside the image of 40 x 30", annotation(bbox=[35, 5, 10, 5])),
    ("BoxOutside", "annotation 11", "inside the image of 40 x 30", annotation(bbox=[-3, 5, 10, 5])),
    ("BadBox", "annotation 11", "four finite numbers", annotation(bbox=[math.nan, 5, 10, 5])),
    ("BadBox", "annotation 11", "four finite numbers", annotation(bbox=[math.inf, 5, 10, 5])),
    ("BadBox", "annotation 11", "four finite numbers", annotation(bbox=["5", 5, 10, 5])),
    ("BadBox", "annotation 11", "four finite numbers", annotation(bbox=[True, 5, 10, 5])),
    ("BadBox", "annotation 11", "four finite numbers", annotation(bbox=[10**400, 5, 10, 5])),
    ("BadBox", "annotation 11", "four finite numbers", annotation(bbox=[1, 2, 3])),
    ("BadBox", "annotation 11", "four finite numbers", annotation(bbox=None)),
    ("UndeclaredCategory", "annotation 11", "allowed: 1, 2", annotation(category_id=7)),
    ("UndeclaredCategory", "annotation 11", 'category_id "2"', annotation(category_id="2")),
    ("UnknownImage", "annotation 11", "allowed: an id in images", annotation(image_id=99)),
    ("DuplicateAnnotationId", "annotation 12", "allowed: each id once", annotation(id=12)),
    ("BadRecord", "annotations[0]", "id is missing", annotation(id=None)),
    ("BadRecord", "annotation 11", "image_id is missing", annotation(image_id=None)),
    ("BadRecord", "annotation 11", "category_id is [1]", annotation(category_id=[1])),
    ("BadRecord", "annotation 11", "allowed: 0 or 1", annotation(iscrowd=3)),
    ("DuplicateImageId", "image 2 (0.png)", "already used by 2.png", another_image),
    ("DuplicateFileName", "image 2 (2.png)", "already image 1", image(file_name="2.png")),
    ("DuplicateContent", "image 1 (1.png)", "same bytes as 0.png", duplicate),
    ("BadFileName", "image 1 (/etc/passwd)", "absolute path", image(file_name="/etc/passwd")),
    ("BadFileName", "image 1 (../1.png)", "leaves the images folder", image(file_name="../1.png")),
    ("BadFileName", "image 1 (a\\..\\..\\b.png)", "leaves the images folder", image(file_name="a\\..\\..\\b.png")),
    ("BadFileName", "image 1 (C:/1.png)", "absolute path", image(file_name="C:/1.png")),
    ("BadFileName", "image 1 (http://h/1.png)", "a web address", image(file_name="http://h/1.png")),
    ("BadFileName", "image 1", "it is not a text", image(file_name=None)),
    ("BadFileName", "image 1 (a\\x00b)", "unprintable", image(file_name="a\x00b")),
    ("BadRecord", "image 1 (1.png)", "width is -4", image(width=-4)),
    ("BadRecord", "image 1 (1.png)", "height is 1.5", image(height=1.5)),
    ("SizeMismatch", "image 1 (1.png)", "the file has 40 x 30", image(width=41)),
    ("MissingImage", "image 1 (1.png)", "no readable object team-a/uploads/cells/1.png", file(None)),
    ("UnreadableImage", "image 1 (1.png)", "allowed: JPEG, PNG, WebP", file(b"hello")),
    ("UnreadableImage", "image 1 (1.png)", "an empty file", file(b"")),
    ("TruncatedImage", "image 1 (1.png)", "cut off or damaged", file(picture(1)[:-500])),
    ("TooLarge", "image 1 (1.png)", "allowed: at most 2000 in all", file(picture(1, 1, 2001))),
    ("TooLarge", "image 1 (1.png)", "more than 8000 bytes; allowed: at most 8000", file(picture(1) + bytes(8000))),
    ("DuplicateCategoryId", "category 2 (bird)", "already used by category dog", another_category(2)),
    ("DuplicateCategoryName", "category 2 (dog)", "already used by category 1", category(name="dog")),
    ("BadRecord", "category 1", 'name is ""', category(name="")),
    ("BadRecord", "categories[2]", "id is true", another_category(True)),
]


@pytest.mark.parametrize(
    ("code", "record", "says", "change"), CASES, ids=[f"{code}: {says[:30]}" for code, _, says, _ in CASES]
)
def test_one_fault_is_found_named_and_nothing_else(
    code: str, record: str, says: str, change: Callable[[CocoFolder], object], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tests.unit.snapshot.cocofolder.take_snapshot", _with_small_limits)
    taken = take(MemoryObjectStore("capforge"), broken(change))
    assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    assert [(fault.code, fault.record) for fault in taken.faults] == [(code, record)]
    assert says in taken.faults[0].message
    assert taken.faults[0].file == "train.json"
    assert taken.result.faults == taken.faults
    assert taken.result.digest is None
    assert f"1 fault ({code} 1)" in taken.result.message


def _with_small_limits(*arguments: Any) -> Any:
    from capforge_snapshot.snapshot import take_snapshot

    return take_snapshot(*arguments, Limits(max_bytes=8000, max_pixels=2000))


SOUND = json.dumps(three_images()).encode()
FILES = [
    ("TruncatedFile", f"cut off at byte {len(SOUND) // 2}", SOUND[: len(SOUND) // 2]),
    ("TruncatedFile", "cut off at byte 0", b""),
    ("InvalidJson", "no valid JSON at byte", SOUND.replace(b'"id": 2', b'"id" 2')),
    ("InvalidJson", "nested too deeply", b'{"info": ' + b"[" * 100_000),
    ("InvalidJson", "allowed: UTF-8", SOUND.replace(b"cat", b"c\xe9t")),
    ("NotCoco", "no ['annotations']", b'{"images": [], "categories": []}'),
    ("NotCoco", "'images' is no list", b'{"images": {}, "categories": [], "annotations": []}'),
    ("NotCoco", "allowed: a JSON object", b"[]"),
    ("NotCoco", "'images' occurs twice", b'{"images": [], "images": []}'),
]


@pytest.mark.parametrize(("code", "says", "text"), FILES, ids=[f"{code}: {says}" for code, says, _ in FILES])
def test_a_broken_file_says_where(code: str, says: str, text: bytes):
    taken = take(MemoryObjectStore("capforge"), CocoFolder(text=text))
    assert taken.codes == [code]
    assert says in taken.faults[0].message


def test_faults_before_the_break_are_listed_too():
    document = three_images()
    document["images"][0]["file_name"] = "/1.png"
    text = json.dumps(document).encode()
    taken = take(MemoryObjectStore("capforge"), CocoFolder(text=text[:-40]))
    assert taken.codes == ["BadFileName", "TruncatedFile"]


def test_all_faults_are_listed_at_once_and_the_result_holds_the_first():
    def many(folder: CocoFolder) -> None:
        for number in range(50):
            folder.document["annotations"].append(
                {"id": 1000 + number, "image_id": 1, "category_id": 9, "bbox": [0, 0, 5, 5]}
            )
        folder.document["annotations"][0]["bbox"] = [0, 0, 0, 0]
        folder.document["annotations"].append("nonsense")
        del folder.files["3.png"]

    taken = take(MemoryObjectStore("capforge"), broken(many))
    assert taken.result.fault_count == 53
    assert len(taken.faults) == 53
    assert len(taken.result.faults) == FAULTS_IN_RESULT
    assert "53 faults (BadRecord 1, MissingImage 1, UndeclaredCategory 50, ZeroAreaBox 1)" in taken.result.message


def test_the_list_of_faults_is_the_same_every_time():
    def several(folder: CocoFolder) -> None:
        folder.files.clear()
        folder.document["annotations"][1]["bbox"] = [0, 0, 100, 100]

    texts = {
        "\n".join(fault.model_dump_json() for fault in take(MemoryObjectStore("capforge"), broken(several)).faults)
        for _ in range(5)
    }
    assert len(texts) == 1


def test_faults_with_endless_names_stay_short_enough_for_a_status():
    def endless(folder: CocoFolder) -> None:
        folder.document["images"][0]["file_name"] = "/" + "x" * 5000
        folder.document["annotations"][1]["category_id"] = "y" * 5000

    for fault in take(MemoryObjectStore("capforge"), broken(endless)).faults:
        assert len(fault.record) <= 256
        assert len(fault.message) <= 1024


def test_annotations_of_a_refused_image_or_category_are_not_named_again():
    def refused(folder: CocoFolder) -> None:
        folder.document["images"][0]["file_name"] = "/1.png"
        folder.document["categories"][0]["name"] = ""

    assert take(MemoryObjectStore("capforge"), broken(refused)).codes == ["BadFileName", "BadRecord"]
