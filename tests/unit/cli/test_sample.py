from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from capforge.data.check import check
from capforge.data.labelled import Format
from capforge.sample.cells import CLASSES, draw, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cells")
    assert list(write(folder, 40, seed=1)) == list(range(1, 41))
    return folder


def records(folder: Path, name: str, array: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / name).read_bytes())[array]
    return found


def test_it_is_a_sound_coco_data_set(folder: Path):
    for name in ("train.json", "dev.json"):
        assert check(folder, Format.COCO, name).faults == []
        assert [category["name"] for category in records(folder, name, "categories")] == list(CLASSES)


def test_a_quarter_is_for_dev_and_no_picture_is_in_both(folder: Path):
    names = {name: {one["file_name"] for one in records(folder, name, "images")} for name in ("train.json", "dev.json")}
    assert (len(names["train.json"]), len(names["dev.json"])) == (30, 10)
    assert not names["train.json"] & names["dev.json"]


def test_every_class_occurs_often_in_both_parts(folder: Path):
    for name, least in (("train.json", 30), ("dev.json", 10)):
        counts = Counter(one["category_id"] for one in records(folder, name, "annotations"))
        assert min(counts[number] for number in (1, 2, 3)) >= least


def test_no_two_pictures_have_the_same_bytes(folder: Path):
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "images").iterdir()]
    assert len(set(digests)) == 40


def test_the_same_seed_draws_the_same_pictures():
    assert draw(7, 3).jpeg == draw(7, 3).jpeg
    assert draw(7, 3).jpeg != draw(8, 3).jpeg


def test_the_json_files_come_last(tmp_path: Path):
    steps = write(tmp_path, 4, seed=0)
    for _ in range(4):
        next(steps)
    assert not (tmp_path / "train.json").exists()
    assert list(steps) == []
    assert json.loads((tmp_path / "train.json").read_text())["images"]
