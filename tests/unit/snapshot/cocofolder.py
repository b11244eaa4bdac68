"""A COCO source in a store, built record by record, so that each test breaks exactly one thing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from capforge_contracts import layout
from capforge_contracts.dataset import (
    CocoSource,
    Fault,
    ManifestItem,
    OnFault,
    SnapshotRequest,
    SnapshotResult,
    SplitSpec,
    read_manifest,
)
from capforge_contracts.store import ObjectStore
from capforge_snapshot.snapshot import take_snapshot

NAMESPACE = "team-a"
PREFIX = f"{NAMESPACE}/uploads/cells"
ORIENTATION_TAG = 0x0112


def picture(seed: int, width: int = 40, height: int = 30, orientation: int | None = None, kind: str = "PNG") -> bytes:
    """Return the bytes of a small picture; another seed gives another picture."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    target = io.BytesIO()
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION_TAG] = orientation
    Image.fromarray(pixels).save(target, kind, exif=exif.tobytes())
    return target.getvalue()


def three_images() -> dict[str, Any]:
    """Return a sound document: three images of 40 x 30 pixels, two classes, three boxes."""
    return {
        "images": [{"id": i, "file_name": f"{i}.png", "width": 40, "height": 30} for i in (1, 2, 3)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [
            {"id": 10 + i, "image_id": i, "category_id": 1 + i % 2, "bbox": [5, 6, 10, 12], "iscrowd": 0}
            for i in (1, 2, 3)
        ],
    }


@dataclass
class CocoFolder:
    """A source and a request for its snapshot."""

    document: dict[str, Any] = field(default_factory=three_images)
    files: dict[str, bytes] = field(default_factory=lambda: {f"{i}.png": picture(i) for i in (1, 2, 3)})
    text: bytes | None = None
    """The annotation file's bytes where they are not the document's."""
    prefix: str = PREFIX

    def upload(self, store: ObjectStore) -> CocoFolder:
        """Put the source into a store."""
        text = self.text if self.text is not None else json.dumps(self.document).encode()
        store.put(f"{self.prefix}/train.json", text)
        for name, data in self.files.items():
            store.put(f"{self.prefix}/{name}", data)
        return self

    def request(self, store: ObjectStore, **changes: Any) -> SnapshotRequest:
        """Return the request for a snapshot of it."""
        values: dict[str, Any] = {
            "namespace": NAMESPACE,
            "dataset": "cells",
            "spec_hash": "0123456789abcdef",
            "as_of": "2026-01-01T00:00:00Z",
            "coco": CocoSource(annotations_uri=f"{store.uri}/{self.prefix}/train.json"),
        }
        return SnapshotRequest(**{**values, **changes})


@dataclass(frozen=True)
class Taken:
    """A snapshot's result, with what it wrote."""

    result: SnapshotResult
    store: ObjectStore
    request: SnapshotRequest

    @property
    def codes(self) -> list[str]:
        """The codes of all faults."""
        return [fault.code for fault in self.faults]

    @property
    def faults(self) -> list[Fault]:
        """All faults, as the faults file lists them."""
        key = layout.snapshot_faults(self.request.namespace, self.request.dataset, self.request.spec_hash)
        return [Fault.from_json(line) for line in self.store.get(key).splitlines()]

    @property
    def items(self) -> dict[str, ManifestItem]:
        """The manifest's items by name."""
        assert self.result.digest is not None
        _, items = read_manifest(self.store.get(layout.manifest(self.request.namespace, self.result.digest)))
        return {item.name: item for item in items}


def take(store: ObjectStore, folder: CocoFolder, **changes: Any) -> Taken:
    """Upload a source and take its snapshot."""
    folder.upload(store)
    request = folder.request(store, **changes)
    with TemporaryDirectory() as scratch:
        return Taken(take_snapshot(request, store, Path(scratch)), store, request)


def broken(change: Callable[[CocoFolder], object]) -> CocoFolder:
    """Return a sound source with one change made."""
    folder = CocoFolder()
    change(folder)
    return folder


SKIP = {"on_fault": OnFault.SKIP}
HALF = {"split": SplitSpec(dev_percent=34, test_percent=33, seed=1)}
