"""One COCO record: raw JSON in, a typed record or all its faults out. Pure.

Ids are integers or texts. They are kept as JSON text in ASCII, so that 12 and "12" stay different and no letter of an
id can do harm where it is shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts.coco.attributes import ALLOWED as ALLOWED_ATTRIBUTES
from capforge_contracts.coco.attributes import read_attributes
from capforge_contracts.coco.boxes import Shape, around
from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.segmentation import MAX_CORNERS, Segmentation, read_segmentation
from capforge_contracts.coco.texts import CLASS_NAME, is_class_name, on_a_line, shortened

MAX_FILE_NAME_CHARS = 512
MAX_PIXELS_A_SIDE = 2**31 - 1
_BOX_NUMBERS = 4


@dataclass(frozen=True)
class Category:
    """A class of objects."""

    id: str
    name: str


@dataclass(frozen=True)
class Image:
    """A picture: its file relative to the images folder, and the size the file claims."""

    id: str
    file_name: str
    width: int | None
    height: int | None

    @property
    def label(self) -> str:
        """How faults name it."""
        return f"image {self.id} ({self.file_name})"


@dataclass(frozen=True)
class Annotation:
    """A labelled box `[x, y, width, height]` in pixels of its image."""

    id: str
    image: str
    category: str
    bbox: tuple[float, float, float, float]
    crowd: bool
    """One box around many objects: not one object, so it is left out of snapshots (and counted)."""
    polygon: tuple[float, ...] | None = None
    """x0, y0, x1, y1, … in pixels of its image."""
    reduced: bool = False
    """Its outline is no single polygon, so that its box is all that is kept of it."""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How faults name it."""
        return f"annotation {self.id}"

    @property
    def shape(self) -> Shape:
        """Where it lies."""
        return Shape(self.label, self.image, self.bbox, self.polygon)


def read_category(position: int, raw: Any) -> Category | list[RecordFault]:
    """Check one item of `categories`."""
    where = _where("category", "categories", position, raw)
    faults: list[RecordFault] = []
    if not isinstance(raw, Mapping):
        return [_not_an_object(where, raw)]
    identity = _id(raw.get("id"))
    if identity is None:
        faults.append(_bad(where, "id", raw.get("id"), "an integer or a text"))
    name = raw.get("name")
    if not is_class_name(name):
        faults.append(_bad(where, "name", name, CLASS_NAME))
    return faults or Category(str(identity), str(name))


def read_image(position: int, raw: Any) -> Image | list[RecordFault]:
    """Check one item of `images`; width and height may be absent (the file itself knows them)."""
    where = _where("image", "images", position, raw)
    faults: list[RecordFault] = []
    if not isinstance(raw, Mapping):
        return [_not_an_object(where, raw)]
    identity = _id(raw.get("id"))
    if identity is None:
        faults.append(_bad(where, "id", raw.get("id"), "an integer or a text"))
    name = raw.get("file_name")
    wrong = file_name_problem(name)
    if wrong:
        message = f"file_name {_shown(name)}: {wrong}; allowed: a path relative to the images folder, without '..'"
        faults.append(RecordFault(FaultCode.BAD_FILE_NAME, where, message, identity))
    sizes = [_size(raw.get(side)) for side in ("width", "height")]
    for side, size in zip(("width", "height"), sizes, strict=True):
        if size == 0:
            allowed = f"a whole number of pixels from 1 to {MAX_PIXELS_A_SIDE}"
            faults.append(_bad(where, side, raw.get(side), allowed, identity))
    return faults or Image(str(identity), str(name), *sizes)


def read_annotation(position: int, raw: Any) -> Annotation | list[RecordFault]:
    """Check one item of `annotations` as far as it can be without its image."""
    where = _where("annotation", "annotations", position, raw)
    if not isinstance(raw, Mapping):
        return [_not_an_object(where, raw)]
    ids = {field: _id(raw.get(field)) for field in ("id", "image_id", "category_id")}
    image = ids["image_id"]
    faults = [
        _bad(where, field, raw.get(field), "an integer or a text", image)
        for field, value in ids.items()
        if value is None
    ]
    crowd = raw.get("iscrowd", 0)
    if crowd not in (0, 1):
        faults.append(_bad(where, "iscrowd", crowd, "0 or 1", image))
    outline, numbers = _place(where, raw, image, faults)
    attributes = read_attributes(raw.get("attributes"))
    if isinstance(attributes, str):
        message = f"attributes {attributes}; allowed: {ALLOWED_ATTRIBUTES}"
        faults.append(RecordFault(FaultCode.BAD_RECORD, where, message, image))
    if faults or numbers is None or isinstance(attributes, str):
        return faults
    return Annotation(
        str(ids["id"]),
        str(image),
        str(ids["category_id"]),
        numbers,
        bool(crowd),
        outline.polygon,
        outline.reduced,
        attributes,
    )


def file_name_problem(name: Any) -> str | None:
    """Return what is wrong with a file name, None if nothing."""
    if not isinstance(name, str) or not name:
        return "it is not a text"
    problems = {
        f"it is longer than {MAX_FILE_NAME_CHARS} characters": len(name) > MAX_FILE_NAME_CHARS,
        "it is a web address": "://" in name,
        "it is an absolute path": name.startswith(("/", "\\")) or name[1:2] == ":",
        "it leaves the images folder": ".." in name.replace("\\", "/").split("/"),
        "it has unprintable characters": not name.isprintable(),
    }
    return next((problem for problem, applies in problems.items() if applies), None)


def record_id(raw: Any) -> str | None:
    """Return the id of a raw record, None where it has none that is valid."""
    return _id(raw.get("id")) if isinstance(raw, Mapping) else None


def _id(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():  # what pandas makes of integers
        value = int(value)
    if isinstance(value, int) or (isinstance(value, str) and value):
        return json.dumps(value)
    return None


def _size(value: Any) -> int | None:
    """Return the size, None if absent, 0 if wrong."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    if not 1 <= value <= MAX_PIXELS_A_SIDE or value != value // 1:  # NaN is not between
        return 0
    return int(value)


def _numbers(value: Any) -> tuple[float, float, float, float] | None:
    if not isinstance(value, list) or len(value) != _BOX_NUMBERS:
        return None
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in value):
        return None
    try:
        x, y, width, height = (float(one) for one in value)
    except OverflowError:
        return None
    return (x, y, width, height) if all(map(math.isfinite, (x, y, width, height))) else None


def _place(
    where: str, raw: Mapping[str, Any], image: str | None, faults: list[RecordFault]
) -> tuple[Segmentation, tuple[float, float, float, float] | None]:
    """Return outline and x, y, width, height (of the box around the outline where only that is given)."""
    outline = read_segmentation(raw.get("segmentation"))
    if isinstance(outline, str):
        allowed = f"allowed: lists of 3 to {MAX_CORNERS} corners [x0, y0, x1, y1, …], or a mask"
        faults.append(RecordFault(FaultCode.BAD_POLYGON, where, f"segmentation: {outline}; {allowed}", image))
        outline = Segmentation()
    bbox = raw.get("bbox")
    numbers = around(outline.points) if bbox is None and outline.points else _numbers(bbox)
    if numbers is None:
        message = f"bbox {_shown(bbox)}: allowed: four finite numbers [x, y, width, height]"
        faults.append(RecordFault(FaultCode.BAD_BOX, where, message, image))
    return outline, numbers


def _where(kind: str, array: str, position: int, raw: Any) -> str:
    """Name the record by its id; by its place where it has none."""
    identity = record_id(raw)
    if identity is None:
        return f"{array}[{position}]"
    name = raw.get("file_name")
    return f"{kind} {identity} ({on_a_line(name)})" if isinstance(name, str) else f"{kind} {identity}"


def _shown(value: Any) -> str:
    return shortened(on_a_line(json.dumps(value, ensure_ascii=False, default=str)))


def _bad(where: str, field: str, value: Any, allowed: str, image: str | None = None) -> RecordFault:
    found = "is missing" if value is None else f"is {_shown(value)}"
    return RecordFault(FaultCode.BAD_RECORD, where, f"{field} {found}; allowed: {allowed}", image)


def _not_an_object(where: str, raw: Any) -> RecordFault:
    return RecordFault(FaultCode.BAD_RECORD, where, f"the record is {_shown(raw)}; allowed: a JSON object")
