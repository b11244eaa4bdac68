"""Datasets as they go over the wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from capforge_contracts.content.difference import Difference
from capforge_contracts.content.figures import Figures
from capforge_contracts.content.side_by_side import Place
from capforge_contracts.dataset import ManifestItem, SnapshotOutcome, SnapshotRequest, SnapshotResult, Split
from capforge_gateway.cursors import no_cursor, place_in
from capforge_gateway.datasets.snapshots import Snapshot

Json = dict[str, Any]
_SOURCES = {
    "coco": "coco",
    "yolo": "yolo",
    "voc": "voc",
    "image_folder": "imageFolder",
    "manifest": "manifest",
    "vision": "vision",
    "submissions": "submissions",
}
_PLACE_PARTS = 3
_NO_RESULT = SnapshotResult(outcome=SnapshotOutcome.SOURCE_UNAVAILABLE, message="its records are being checked")
"""Of a dataset whose snapshot is under way."""


def dataset_shown(one: Snapshot) -> Json:
    """Return a Dataset."""
    result = one.result or _NO_RESULT
    return {
        "name": one.name,
        "spec_hash": one.spec_hash,
        "state": one.state,
        "message": result.message,
        "digest": one.digest,
        "as_of": one.request.as_of if one.request else None,
        "source": _source(one.request),
        "items": result.items,
        "objects": result.entities,
        "train_items": result.train_items,
        "dev_items": result.dev_items,
        "test_items": result.test_items,
        "classes": [{"name": found.name, "objects": found.count} for found in result.classes],
        "fault_count": result.fault_count,
        "faults": [fault.model_dump() for fault in result.faults],
    }


def _source(request: SnapshotRequest | None) -> str | None:
    return next((told for name, told in _SOURCES.items() if request and getattr(request, name)), None)


def stats_shown(digest: str, classes: tuple[str, ...], found: Mapping[Split, Figures]) -> Json:
    """Return Stats."""
    splits = [
        {
            "split": split.value,
            "images": one.images,
            "images_without_objects": one.empty,
            "objects": one.objects.total(),
            "median_object_side_pixels": one.median_side,
            "classes": [
                {"name": name, "objects": one.objects[name], "images": one.images_with[name]} for name in classes
            ],
        }
        for split, one in found.items()
    ]
    return {"kind": "images", "digest": digest, "classes": list(classes), "splits": splits}


def difference_shown(before: str, after: str, found: Difference) -> Json:
    """Return a Difference."""
    return {
        "kind": "images",
        "before": before,
        "after": after,
        "same": found.same,
        "counts": dict(found.counts),
        "objects": [{"name": name, "before": old, "after": new} for name, (old, new) in found.objects.items()],
        "changes": [vars(one) for one in found.changes],
    }


def item_shown(item: ManifestItem, address: str) -> Json:
    """Return an Item; `address` is that of all items."""
    return {
        "sha256": item.sha256,
        "name": item.name,
        "width": item.width,
        "height": item.height,
        "split": item.split.value,
        "entities": [
            {
                "class": one.class_name,
                "box": list(one.box),
                "polygon": None if one.polygon is None else list(one.polygon),
                "id": one.id,
                "attributes": one.attributes,
            }
            for one in item.entities
        ],
        "content": f"{address}/{item.sha256}/content",
    }


def change_in(cursor: str) -> Place | None:
    """Return the change that a page of differences begins behind; raises 400."""
    if not cursor:
        return None
    found = place_in(cursor)
    if not isinstance(found, list) or len(found) != _PLACE_PARTS or not all(isinstance(one, str) for one in found):
        raise no_cursor()
    return (found[0], found[1], found[2])


def position_in(cursor: str) -> int:
    """Return the position that a page of items begins at; raises 400."""
    found = place_in(cursor) if cursor else 0
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise no_cursor()
    return found


def folder_in(cursor: str) -> str:
    """Return the dataset that a page of datasets begins behind; raises 400."""
    found = place_in(cursor) if cursor else ""
    if not isinstance(found, str):
        raise no_cursor()
    return found
