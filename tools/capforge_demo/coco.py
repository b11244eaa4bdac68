"""A COCO folder as the demo sees it: which file is for what, the classes, the gold boxes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capforge.data.formats import looks_like_coco
from capforge_tools.errors import ToolError

_NAMES = {
    "train": ("train.json",),
    "dev": ("dev.json", "val.json", "valid.json"),
    "test": ("test.json",),
}
DEV_PERCENT = 20

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Gold:
    """One labelled object: xyxy in the image's pixels."""

    class_name: str
    box: Box


@dataclass(frozen=True)
class Picture:
    """One image with what is in it."""

    path: Path
    objects: tuple[Gold, ...]


@dataclass(frozen=True)
class CocoFolder:
    """Either a file per role, or one file that the Dataset splits."""

    folder: Path
    files: dict[str, Path]
    """Role (train, dev, test) → file; one file for everything has the role `all`."""

    @classmethod
    def find(cls, folder: Path) -> CocoFolder:
        """Look for the usual names; raises ToolError saying what is allowed."""
        found = {role: path for role, names in _NAMES.items() if (path := _first(folder, names))}
        if {"train", "dev"} <= set(found):
            return cls(folder, found)
        single = [path for path in sorted(folder.glob("*.json")) if looks_like_coco(path)]
        if len(single) == 1:
            return cls(folder, {"all": single[0]})
        raise ToolError(
            f"{folder} is no COCO folder that the demo understands; allowed: train.json and dev.json (and test.json), "
            f"or exactly one COCO file that it divides itself ({DEV_PERCENT} % dev); found: "
            f"{', '.join(path.name for path in sorted(folder.glob('*.json'))) or 'no .json file'}"
        )

    @property
    def classes(self) -> list[str]:
        """The declared categories in the order of their ids, each name once."""
        document = _read(next(iter(self.files.values())))
        ordered = sorted(document.get("categories", []), key=lambda one: one["id"])
        used = {one["category_id"] for path in self.files.values() for one in _read(path).get("annotations", [])}
        return list(dict.fromkeys(one["name"] for one in ordered if one["id"] in used))

    @property
    def digest(self) -> str:
        """Six hex digits that change with the annotations: datasets are locked, so other data needs other names."""
        content = hashlib.sha256()
        for role, path in sorted(self.files.items()):
            content.update(role.encode() + path.read_bytes())
        return content.hexdigest()[:6]

    @property
    def is_divided(self) -> bool:
        """Whether people have said themselves what is for training and what is not."""
        return "all" not in self.files


def pictures(path: Path) -> list[Picture]:
    """Return the images of a COCO file that hold at least one object, by name."""
    document = _read(path)
    names = {one["id"]: one["name"] for one in document["categories"]}
    gold: dict[Any, list[Gold]] = {}
    for one in document["annotations"]:
        x, y, width, height = one["bbox"]
        gold.setdefault(one["image_id"], []).append(Gold(names[one["category_id"]], (x, y, x + width, y + height)))
    found = [
        Picture(path.parent / one["file_name"], tuple(gold[one["id"]]))
        for one in document["images"]
        if one["id"] in gold
    ]
    return sorted(found, key=lambda one: one.path)


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise ToolError(f"{path} is no JSON: {error}") from error
    return document if isinstance(document, dict) else {}
