"""The COCO detection format, written as a stream: `images`, `annotations`, `categories`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from capforge_contracts.dataset import ManifestEntity, ManifestItem
from capforge_contracts.model import canonical_json

_PAIR = 2


def coco_document(
    classes: Sequence[str], items: Callable[[], Iterable[ManifestItem]], file_name: Callable[[ManifestItem], str]
) -> Iterator[bytes]:
    """Yield the bytes of one annotation file. Ids count from 1; category ids follow the order of the classes."""
    categories = {name: number for number, name in enumerate(classes, start=1)}
    yield b'{"categories":' + canonical_json([{"id": n, "name": name} for name, n in categories.items()])
    yield b',"images":['
    yield from _listed(_image(number, item, file_name(item)) for number, item in enumerate(items(), start=1))
    yield b'],"annotations":['
    yield from _listed(_annotations(items(), categories))
    yield b"]}\n"


def _listed(records: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for number, record in enumerate(records):
        yield (b",\n" if number else b"\n") + canonical_json(record)


def _image(number: int, item: ManifestItem, file_name: str) -> dict[str, Any]:
    return {"id": number, "file_name": file_name, "width": item.width, "height": item.height, "sha256": item.sha256}


def _annotations(items: Iterable[ManifestItem], categories: dict[str, int]) -> Iterator[dict[str, Any]]:
    number = 0
    for image, item in enumerate(items, start=1):
        for entity in item.entities:
            number += 1
            yield _annotation(number, image, categories[entity.class_name], entity)


def _annotation(number: int, image: int, category: int, entity: ManifestEntity) -> dict[str, Any]:
    x0, y0, x1, y1 = entity.box
    record: dict[str, Any] = {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": polygon_area(entity.polygon) if entity.polygon else (x1 - x0) * (y1 - y0),
        "iscrowd": 0,
        "segmentation": [entity.polygon] if entity.polygon else [],
    }
    if entity.attributes:
        record["attributes"] = entity.attributes
    if entity.id:
        record["entity_id"] = entity.id
    return record


def polygon_area(polygon: Sequence[float]) -> float:
    """Return the area inside the corners x0, y0, x1, y1, … in square pixels."""
    corners = list(zip(polygon[::_PAIR], polygon[1::_PAIR], strict=True))
    following = [*corners[1:], corners[0]]
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(corners, following, strict=True))) / 2
