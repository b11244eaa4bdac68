"""A folder of images for each class: one object is the whole image."""

from __future__ import annotations

import pytest

from capforge_contracts.dataset import OnFault, SnapshotOutcome
from tests.unit.snapshot.cocofolder import picture
from tests.unit.snapshot.formats import IMAGE_FOLDER, image_folder, take


def test_each_image_has_one_object_that_fills_it():
    taken = take(image_folder(), IMAGE_FOLDER)
    assert taken.result.outcome is SnapshotOutcome.LOCKED, taken.result.message
    assert {name: (one.entities[0].class_name, one.entities[0].box) for name, one in taken.items.items()} == {
        "cat/1.png": ("cat", [0.0, 0.0, 40.0, 30.0]),
        "cat/old/2.png": ("cat", [0.0, 0.0, 40.0, 30.0]),
        "dog/3.png": ("dog", [0.0, 0.0, 40.0, 30.0]),
    }


def test_the_whole_image_is_the_upright_one():
    taken = take({"cat/1.png": picture(1, orientation=6)}, IMAGE_FOLDER)
    assert taken.items["cat/1.png"].entities[0].box == [0.0, 0.0, 30.0, 40.0]


def test_what_is_no_picture_is_passed_over():
    extra = {"cat/readme.txt": b"x", ".cache/1.png": b"x", "__MACOSX/cat/._1.png": b"x", "dog/.DS_Store": b"x"}
    assert take({**image_folder(), **extra}, IMAGE_FOLDER).result.items == 3


@pytest.mark.parametrize(
    ("code", "record", "says", "name", "data"),
    [
        ("NoClass", "image 9.png", "allowed: <class>/<file>", "9.png", picture(9)),
        ("UnreadableImage", "image cat/9.jpg", "allowed: JPEG, PNG, WebP", "cat/9.jpg", b"hello"),
        ("UnreadableImage", "image cat/9.bmp", "allowed: JPEG, PNG, WebP", "cat/9.bmp", b"BM"),
        ("NoClass", f"image {'x' * 129}/9.png", "no class name", f"{'x' * 129}/9.png", picture(9)),
        ("DuplicateContent", "image dog/1.png", "same bytes as cat/1.png", "dog/1.png", picture(1)),
        ("BadFileName", "'image cat/a\\nb.png'", "unprintable", "cat/a\nb.png", picture(9)),
    ],
)
def test_a_wrong_image_is_named(code: str, record: str, says: str, name: str, data: bytes):
    taken = take({**image_folder(), name: data}, IMAGE_FOLDER)
    assert [fault.code for fault in taken.faults] == [code]
    assert says in taken.faults[0].message
    if code != "BadFileName":
        assert taken.faults[0].record == record
    skipped = take({**image_folder(), name: data}, IMAGE_FOLDER, on_fault=OnFault.SKIP)
    assert sorted(skipped.items) == ["cat/1.png", "cat/old/2.png", "dog/3.png"]


def test_a_folder_without_pictures_is_a_fault():
    taken = take({"cat/readme.txt": b"x"}, IMAGE_FOLDER)
    assert [(fault.code, fault.file) for fault in taken.faults] == [("NotAClassFolder", "data")]
