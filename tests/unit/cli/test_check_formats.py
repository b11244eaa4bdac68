"""The check before a push names every fault of every format that a snapshot names: file, record and words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from capforge.data.check import check
from capforge.data.labelled import Format
from capforge_contracts.dataset import Fault
from tests.unit.snapshot import test_own_manifest, test_voc, test_yolo
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
    yolo,
)

ADDRESSES = {
    Format.YOLO: ("data.yaml", YOLO),
    Format.VOC: ("Annotations/", VOC),
    Format.IMAGE_FOLDER: ("", IMAGE_FOLDER),
    Format.MANIFEST: ("manifest.jsonl", MANIFEST),
}
CASES: list[tuple[Format, str, Files]] = [
    *((Format.YOLO, f"{code} {record}", yolo(**{"1": text})) for code, record, _, text in test_yolo.LABELS),
    *((Format.YOLO, f"{code} {record}", yolo(text)) for code, record, _, text in test_yolo.CONFIGS),
    (Format.YOLO, "an orphan", {**yolo(), "labels/train/9.txt": b""}),
    (Format.YOLO, "no picture", {**yolo(), "images/train/1.png": b"hello"}),
    *((Format.VOC, f"{code} {record}", voc(**{"1": text.encode()})) for code, record, _, text in test_voc.FILES),
    *((Format.MANIFEST, f"{code} {says}", manifest(line)) for code, _, says, line in test_own_manifest.LINES),
    (Format.MANIFEST, "no header", manifest(header={"format": "capforge.dataset/v9", "classes": []})),
    (Format.IMAGE_FOLDER, "no class", {**image_folder(), "9.png": b"x"}),
    (Format.IMAGE_FOLDER, "no class name", {**image_folder(), f"{'x' * 129}/9.png": b"x"}),
    (Format.IMAGE_FOLDER, "nothing", {"cat/readme.txt": b"x"}),
]


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    ("form", "files"), [(form, files) for form, _, files in CASES], ids=[f"{c[0]} {c[1]}" for c in CASES]
)
def test_the_same_faults_as_a_snapshot(tmp_path: Path, form: Format, files: Files):
    address, source = ADDRESSES[form]
    found = check(written(tmp_path / "data", files), form, address).faults
    assert [_without_places(one) for one in found] == [_without_places(one) for one in take(files, source).faults]
    assert found


def _without_places(fault: Fault) -> tuple[Any, ...]:
    """A picture that is not there is told with its path on this disk; a folder of XML files has a key in the store."""
    return (fault.code, fault.file.removesuffix("/"), fault.record, fault.code == "MissingImage" or fault.message)


@pytest.mark.parametrize(
    ("form", "files", "count"),
    [
        (Format.YOLO, yolo(), 4),
        (Format.VOC, voc(), 2),
        (Format.IMAGE_FOLDER, image_folder(), 3),
        (Format.MANIFEST, manifest(), 3),
    ],
)
def test_sound_data_has_no_faults(tmp_path: Path, form: Format, files: Files, count: int):
    checked = check(written(tmp_path, files), form, ADDRESSES[form][0])
    assert (checked.faults, len(checked.pictures)) == ([], count)


def test_faults_of_many_files_are_listed_together(tmp_path: Path):
    files = yolo(**{"1": "7 0.5 0.5 0.1 0.1\n0 2 2 1 1", "2": "cat", "3": "0 0.5 0.5 0.1"})
    found = check(written(tmp_path, files), Format.YOLO, "data.yaml").faults
    assert [(one.file, one.record) for one in found] == [
        ("labels/train/1.txt", "line 1"),
        ("labels/train/2.txt", "line 1"),
        ("labels/train/3.txt", "line 1"),
        ("labels/train/1.txt", "line 2"),
    ]


def test_a_label_that_a_link_leads_out_to_is_not_read(tmp_path: Path):
    (tmp_path / "secret.txt").write_text("password")
    folder = written(tmp_path / "data", yolo())
    (folder / "labels/train/1.txt").unlink()
    (folder / "labels/train/1.txt").symlink_to(tmp_path / "secret.txt")
    assert check(folder, Format.YOLO, "data.yaml").faults == [], "it has no label file, as the store will see it"


def test_a_claimed_digest_is_held_against_the_file(tmp_path: Path):
    files = manifest(item(1, sha256="a" * 64))
    (fault,) = check(written(tmp_path, files), Format.MANIFEST, "manifest.jsonl").faults
    assert (fault.code, fault.file, fault.record) == ("ContentMismatch", "manifest.jsonl", "line 2 (1.png)")
