"""The YOLO format: data.yaml, and for each picture a text file with a line for each object, in shares of its sides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split

_FOLDERS = {Split.TRAIN: "train", Split.DEV: "val", Split.TEST: "test"}
"""The keys of data.yaml."""


def data_yaml(classes: Sequence[str], splits: Iterable[Split]) -> bytes:
    """Return the data.yaml; YAML's strings are JSON's."""
    lines = ["path: ."]
    lines += [f"{_FOLDERS[split]}: images/{split.lower()}" for split in splits]
    lines += ["names:"]
    lines += [f"  {position}: {json.dumps(name)}" for position, name in enumerate(classes)]
    return ("\n".join(lines) + "\n").encode()


def label_lines(item: ManifestItem, positions: Mapping[str, int]) -> Iterator[bytes]:
    """Yield a line for each object: class, then centre and size of the box, or the corners of the polygon."""
    for entity in item.entities:
        numbers = _polygon(entity, item) if entity.polygon else _box(entity, item)
        yield f"{positions[entity.class_name]} {' '.join(map(repr, numbers))}\n".encode()


def _box(entity: ManifestEntity, item: ManifestItem) -> list[float]:
    x0, y0, x1, y1 = entity.box
    width, height = item.width, item.height
    return [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height]


def _polygon(entity: ManifestEntity, item: ManifestItem) -> list[float]:
    corners = entity.polygon or []
    return [corner / (item.height if number % 2 else item.width) for number, corner in enumerate(corners)]
