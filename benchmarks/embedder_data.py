"""Two kinds of regions to learn vectors of: drawn characters, split by character, and blood cells in photographs."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, write_manifest
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import DatasetSelection, RunDatasets
from capforge_contracts.store import ObjectStore

NAMESPACE = "bench"
_LARGEST_FILE_BYTES = 2**20
_MOST_FILES = 100_000
_SHARES = (0.6, 0.2)
"""Of the characters, for train and dev; the rest is test."""


@dataclass(frozen=True)
class World:
    """A data set in a store, ready for a run."""

    title: str
    classes: list[str]
    """To learn from."""
    datasets: RunDatasets


def characters(archive: Path, store: ObjectStore, seed: int) -> World:
    """Split a zip of `<alphabet>/<character>/<drawing>.png` by character: none of dev and test is in train."""
    drawings: dict[str, list[tuple[str, bytes]]] = {}
    for name, data in _files(archive):
        drawings.setdefault(name.rpartition("/")[0], []).append((name, data))
    order = np.random.default_rng(seed).permutation(sorted(drawings)).tolist()
    first, second = (round(len(order) * share) for share in np.cumsum(_SHARES))
    parts = {Split.TRAIN: order[:first], Split.DEV: order[first:second], Split.TEST: order[second:]}
    items = {
        split: [_item(store, name, data, character) for character in names for name, data in drawings[character]]
        for split, names in parts.items()
    }
    counts = ", ".join(f"{len(names)} of {split.lower()}" for split, names in parts.items())
    return World(
        f"drawn characters: {counts}, none shared (seed {seed})",
        sorted(parts[Split.TRAIN]),
        RunDatasets(**{split.lower(): [_dataset(store, split.lower(), items[split])] for split in parts}),
    )


def cells(folder: Path, store: ObjectStore) -> World:
    """Read a folder with train.json and dev.json (COCO); every annotation is a region."""
    read = {role: list(_coco(folder, role, store)) for role in ("train", "dev")}
    classes = sorted({entity.class_name for item in read["train"] for entity in item.entities})
    count = sum(len(item.entities) for item in read["train"])
    return World(
        f"cells in photographs: {', '.join(classes)}; {count} of train, the same classes in dev, in other pictures",
        classes,
        RunDatasets(**{role: [_dataset(store, role, items)] for role, items in read.items()}),
    )


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of the drawings; nothing is unpacked to disk, and no file larger than a drawing is read."""
    with zipfile.ZipFile(archive) as opened:
        entries = [one for one in opened.infolist() if one.filename.endswith(".png")]
        if len(entries) > _MOST_FILES:
            message = f"{archive} has {len(entries)} drawings; allowed: {_MOST_FILES}"
            raise ValueError(message)
        for entry in sorted(entries, key=lambda one: one.filename):
            with opened.open(entry) as file:  # what the archive says of its sizes is not believed
                data = file.read(_LARGEST_FILE_BYTES + 1)
            if len(data) > _LARGEST_FILE_BYTES:
                message = f"{archive}: {entry.filename} is larger than {_LARGEST_FILE_BYTES} bytes"
                raise ValueError(message)
            yield entry.filename, data


def _item(store: ObjectStore, name: str, data: bytes, character: str) -> ManifestItem:
    height, width = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    whole = ManifestEntity(class_name=character, box=[0, 0, width, height])
    return _stored(store, name, data, (width, height), [whole])


def _coco(folder: Path, role: str, store: ObjectStore) -> Iterator[ManifestItem]:
    document = json.loads((folder / f"{role}.json").read_bytes())
    names = {one["id"]: one["name"] for one in document["categories"]}
    entities: dict[int, list[ManifestEntity]] = {}
    for one in document["annotations"]:
        x, y, width, height = one["bbox"]
        entity = ManifestEntity(class_name=names[one["category_id"]], box=[x, y, x + width, y + height])
        entities.setdefault(one["image_id"], []).append(entity)
    for image in document["images"]:
        data = (folder / image["file_name"]).read_bytes()
        size = image["width"], image["height"]
        yield _stored(store, image["file_name"], data, size, entities.get(image["id"], []))


def _stored(
    store: ObjectStore, name: str, data: bytes, size: tuple[int, int], entities: list[ManifestEntity]
) -> ManifestItem:
    digest = sha256_hex(data)
    store.put(layout.blob(NAMESPACE, digest), data)
    return ManifestItem(sha256=digest, name=name, width=size[0], height=size[1], split=Split.TRAIN, entities=entities)


def _dataset(store: ObjectStore, name: str, items: list[ManifestItem]) -> DatasetSelection:
    data = write_manifest({entity.class_name for item in items for entity in item.entities}, items)
    store.put(layout.manifest(NAMESPACE, sha256_hex(data)), data)
    return DatasetSelection(name=name, digest=sha256_hex(data))
