"""Small COCO folders of blood cells: real ones where they lie beside the repository, else drawn ones."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capforge.sample import cells
from capforge_tools.places import REPOSITORY

REAL = REPOSITORY.parent / "shared" / "data" / "cells"
CLASSES = ("RBC", "WBC", "Platelets")
TRAIN_IMAGES = 48
DEV_IMAGES = 12


@dataclass(frozen=True)
class Cells:
    """A folder with train.json and dev.json."""

    folder: Path

    @property
    def dev_image(self) -> Path:
        """A labelled image that nothing is trained on."""
        document = json.loads((self.folder / "dev.json").read_text())
        return self.folder / str(document["images"][0]["file_name"])


def small(folder: Path, train_images: int = TRAIN_IMAGES, dev_images: int = DEV_IMAGES) -> Cells:
    """Write a small data set."""
    if REAL.is_dir():
        for role, count in (("train", train_images), ("dev", dev_images)):
            _write(folder, role, _first(json.loads((REAL / f"{role}.json").read_text()), count), REAL)
    else:
        for _ in cells.write(folder, train_images + dev_images, seed=1):
            pass
    return Cells(folder)


def overlapping(source: Cells, folder: Path) -> Path:
    """Write dev data that holds one train image under another name; return its folder."""
    document = _first(json.loads((source.folder / "train.json").read_text()), 1)
    image = document["images"][0]
    folder.mkdir()
    shutil.copy(source.folder / image["file_name"], folder / "another-name.jpg")
    document["images"][0] = {**image, "file_name": "another-name.jpg"}
    (folder / "dev.json").write_text(json.dumps(document))
    return folder


def faulty(source: Cells, folder: Path) -> Path:
    """Write data with a box outside of its image and an undeclared category; return its folder."""
    document = _first(json.loads((source.folder / "dev.json").read_text()), 2)
    image = document["images"][0]
    folder.mkdir()
    for one in document["images"]:
        (folder / one["file_name"]).parent.mkdir(exist_ok=True)
        shutil.copy(source.folder / one["file_name"], folder / one["file_name"])
    document["annotations"] = [
        {"id": 1, "image_id": image["id"], "category_id": 1, "bbox": [image["width"] + 10, 5, 20, 20]},
        {"id": 2, "image_id": image["id"], "category_id": 99, "bbox": [5, 5, 20, 20]},
    ]
    (folder / "dev.json").write_text(json.dumps(document))
    return folder


def write_first(source: Path, images: int, target: Path) -> None:
    """Write a COCO document of the first images of another one."""
    target.write_text(json.dumps(_first(json.loads(source.read_text()), images)))


def _first(document: dict[str, Any], count: int) -> dict[str, Any]:
    images = document["images"][:count]
    kept = {image["id"] for image in images}
    return {
        "images": images,
        "categories": document["categories"],
        "annotations": [one for one in document["annotations"] if one["image_id"] in kept],
    }


def _write(folder: Path, role: str, document: dict[str, Any], source: Path) -> None:
    for image in document["images"]:
        target = folder / image["file_name"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / image["file_name"], target)
    (folder / f"{role}.json").write_text(json.dumps(document))
