"""A COCO folder on this disk, checked by the rules of a snapshot before a byte is sent.

Snapshots read every pixel; here only the headers of pictures are read, so that the check takes seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from capforge_contracts.coco.boxes import corners_of
from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import (
    Annotation,
    Category,
    Image,
    read_annotation,
    read_category,
    read_image,
    record_id,
)
from capforge_contracts.coco.stream import ARRAYS, BrokenFile, read_records
from capforge_transforms import (
    DEFAULT_LIMITS,
    Header,
    ImageError,
    TooManyPixels,
    Truncated,
    read_header,
    upright_size,
)

_HEADER_BYTES = 256 * 1024
Size = tuple[int, int]


@dataclass
class Checked:
    """What a COCO file holds, and what is wrong with it."""

    path: Path
    categories: list[Category] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    refused: dict[str, set[str]] = field(default_factory=lambda: {array: set() for array in ARRAYS})
    """Ids of records that are faulty themselves: what points to them is not named again."""
    faults: list[RecordFault] = field(default_factory=list)

    @property
    def picture_paths(self) -> dict[str, Path]:
        """The pictures that are there: file name → path."""
        paths = {image.file_name: self.path.parent / image.file_name for image in self.images}
        return {name: path for name, path in paths.items() if path.is_file()}


def looks_like_coco(path: Path) -> bool:
    """Tell a COCO detection file from other JSON by how it begins."""
    with path.open("rb") as file:
        start = file.read(1024 * 1024)
    return start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and any(f'"{key}"'.encode() in start for key in ARRAYS)


def check(path: Path) -> Checked:
    """Check one COCO file and the headers of its pictures (which lie relative to it)."""
    checked = Checked(path)
    if _read_records(checked):
        checked.faults += _cross_faults(checked)
        found = _check_pictures(checked)
        checked.faults += _box_faults(checked, found)
    return checked


def _read_records(checked: Checked) -> bool:
    """Keep every sound record; False where the file breaks off."""
    readers: dict[str, tuple[list[Any], Callable[[int, Any], object]]] = {
        "categories": (checked.categories, read_category),
        "images": (checked.images, read_image),
        "annotations": (checked.annotations, read_annotation),
    }
    with checked.path.open("rb") as file:
        try:
            for record in read_records(file):
                kept, read = readers[record.array]
                found = read(record.position, record.raw)
                if isinstance(found, list):
                    checked.faults += found
                    checked.refused[record.array].add(record_id(record.raw) or "")
                else:
                    kept.append(found)
        except BrokenFile as error:
            checked.faults.append(RecordFault(error.code, checked.path.name, str(error)))
            return False
    return True


def _cross_faults(checked: Checked) -> Iterator[RecordFault]:
    """Find what repeats or points nowhere; the same rules as capforge_snapshot.cross_checks (a test compares)."""
    yield from _repeated(FaultCode.DUPLICATE_CATEGORY_ID, checked.categories, _category_label, lambda one: one.id)
    yield from _repeated(FaultCode.DUPLICATE_CATEGORY_NAME, checked.categories, _category_label, lambda one: one.name)
    yield from _repeated(FaultCode.DUPLICATE_IMAGE_ID, checked.images, lambda one: one.label, lambda one: one.id)
    yield from _repeated(
        FaultCode.DUPLICATE_FILE_NAME, checked.images, lambda one: one.label, lambda one: one.file_name
    )
    yield from _repeated(
        FaultCode.DUPLICATE_ANNOTATION_ID, checked.annotations, lambda one: one.label, lambda one: one.id
    )
    images = {image.id for image in checked.images} | checked.refused["images"]
    categories = {category.id for category in checked.categories} | checked.refused["categories"]
    for one in checked.annotations:
        if one.image not in images:
            message = f"image_id {one.image} is no image of this file; allowed: an id in images"
            yield RecordFault(FaultCode.UNKNOWN_IMAGE, one.label, message)
        if one.category not in categories:
            allowed = ", ".join(category.id for category in checked.categories) or "nothing, categories is empty"
            message = f"category_id {one.category} of image {one.image} is not declared; allowed: {allowed}"
            yield RecordFault(FaultCode.UNDECLARED_CATEGORY, one.label, message)


def _category_label(category: Category) -> str:
    return f"category {category.id} ({category.name})"


def _repeated(
    code: FaultCode, records: list[Any], label: Callable[[Any], str], key: Callable[[Any], str]
) -> Iterator[RecordFault]:
    first: dict[str, Any] = {}
    for one in records:
        other = first.setdefault(key(one), one)
        same_id = code in {FaultCode.DUPLICATE_CATEGORY_NAME, FaultCode.DUPLICATE_FILE_NAME} and other.id == one.id
        if other is not one and not same_id:
            yield RecordFault(code, label(one), f"already used by {label(other)}; allowed: once")


def _check_pictures(checked: Checked) -> dict[str, Size]:
    """Return the pixel grid that each image's boxes count in, by image id; only headers are read."""
    sizes: dict[str, Size] = {}
    for image in checked.images:
        path = checked.path.parent / image.file_name
        try:
            header, orientation = _header(path)
        except (FileNotFoundError, IsADirectoryError):
            checked.faults.append(_picture_fault(image, FaultCode.MISSING_IMAGE, f"there is no file {path}"))
            continue
        except ImageError as error:
            code = FaultCode.TOO_LARGE if isinstance(error, TooManyPixels) else FaultCode.UNREADABLE_IMAGE
            checked.faults.append(_picture_fault(image, code, str(error)))
            continue
        stored = (header.width, header.height)
        upright = upright_size(*stored, orientation)
        declared = (image.width or upright[0], image.height or upright[1])
        if declared not in (upright, stored):
            found = f"the file has {upright[0]} x {upright[1]} pixels; allowed: the file's own size"
            message = f"the record says {declared[0]} x {declared[1]}, {found}"
            checked.faults.append(_picture_fault(image, FaultCode.SIZE_MISMATCH, message))
        sizes.setdefault(image.id, declared)
    return sizes


def _picture_fault(image: Image, code: FaultCode, message: str) -> RecordFault:
    return RecordFault(code, image.label, message, image.id)


def _header(path: Path) -> tuple[Header, int]:
    """Return header and orientation; raises ImageError, FileNotFoundError."""
    with path.open("rb") as file:
        data = file.read(_HEADER_BYTES)
        try:
            header = read_header(data)
        except Truncated:
            data += file.read()
            header = read_header(data)
    if header.width * header.height > DEFAULT_LIMITS.max_pixels:
        allowed = f"allowed: at most {DEFAULT_LIMITS.max_pixels} in all"
        raise TooManyPixels(f"the image has {header.width} x {header.height} pixels; {allowed}")
    return header, header.orientation


def _box_faults(checked: Checked, sizes: dict[str, Size]) -> Iterator[RecordFault]:
    declared = {image.id: (image.width or math.inf, image.height or math.inf) for image in reversed(checked.images)}
    for one in checked.annotations:
        size = sizes.get(one.image) or declared.get(one.image)
        corners = None if one.crowd or size is None else corners_of(one, *size)
        if isinstance(corners, RecordFault):
            yield corners
