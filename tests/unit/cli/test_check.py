"""The check before a push finds what a snapshot finds, as far as headers tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from capforge.data.check import Checked, check
from capforge.data.labelled import Format
from tests.unit.snapshot.cocofolder import CocoFolder, broken, picture
from tests.unit.snapshot.test_faults import CASES, FILES

ONLY_IN_THE_PIXELS = {"TruncatedImage", "DuplicateContent", "TooLarge"}


def checked(tmp_path: Path, folder: CocoFolder) -> Checked:
    (tmp_path / "train.json").write_bytes(
        folder.text if folder.text is not None else json.dumps(folder.document).encode()
    )
    for name, data in folder.files.items():
        (tmp_path / name).write_bytes(data)
    return check(tmp_path, Format.COCO, "train.json")


def test_a_sound_folder_has_no_faults(tmp_path: Path):
    found = checked(tmp_path, CocoFolder())
    assert found.faults == []
    assert [path.name for path in found.pictures] == ["1.png", "2.png", "3.png"]


@pytest.mark.parametrize(
    ("code", "record", "change"),
    [(code, record, change) for code, record, _, change in CASES if code not in ONLY_IN_THE_PIXELS],
    ids=[f"{code}: {says[:30]}" for code, _, says, _ in CASES if code not in ONLY_IN_THE_PIXELS],
)
def test_it_names_the_same_fault_of_the_same_record_as_a_snapshot(
    tmp_path: Path, code: str, record: str, change: Callable[[CocoFolder], object]
):
    faults = checked(tmp_path, broken(change)).faults
    assert [(fault.code, fault.record) for fault in faults] == [(code, record)]
    assert "allowed: " in faults[0].message or "there is no file" in faults[0].message


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, _, text in FILES], ids=[says for _, says, _ in FILES]
)
def test_a_broken_file_is_named(tmp_path: Path, code: str, text: bytes):
    faults = checked(tmp_path, CocoFolder(text=text)).faults
    assert [fault.code for fault in faults] == [code]


def test_too_many_pixels_are_seen_in_the_header(tmp_path: Path):
    data = bytearray(picture(1))
    data[16:24] = (60000).to_bytes(4) * 2
    folder = broken(lambda f: f.files.update({"1.png": bytes(data)}))
    assert [fault.code for fault in checked(tmp_path, folder).faults] == ["TooLarge"]


def test_a_size_that_only_exif_explains_is_sound(tmp_path: Path):
    def turned(folder: CocoFolder) -> None:
        folder.files["1.png"] = picture(1, orientation=6, kind="JPEG")
        folder.document["images"][0].update(width=30, height=40)

    assert checked(tmp_path, broken(turned)).faults == []


def test_width_and_height_the_wrong_way_round_are_a_fault(tmp_path: Path):
    swapped = broken(lambda f: f.document["images"][0].update(width=30, height=40))
    assert [fault.code for fault in checked(tmp_path, swapped).faults] == ["SizeMismatch"]
