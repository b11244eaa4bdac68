"""A YOLO label file: one object a line, a box or a polygon in shares of the image's width and height. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from capforge_contracts.coco.boxes import around
from capforge_contracts.coco.faults import FaultCode
from capforge_contracts.coco.segmentation import MAX_CORNERS
from capforge_contracts.coco.texts import shortened

MAX_LABEL_BYTES = 16 * 1024 * 1024
_CLASS = re.compile(r"[0-9]{1,9}(\.0+)?")
_NUMBER = re.compile(r"[-+]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][-+]?[0-9]{1,4})?")
_OF_BOX = 4
_OF_SMALLEST_POLYGON = 6
_SHOWN_CHARS = 40
_SHOWN_CLASSES = 100


@dataclass(frozen=True)
class YoloObject:
    """One line."""

    line: int
    category: int
    bbox: tuple[float, float, float, float]
    """x, y, width, height in shares."""
    polygon: tuple[float, ...] | None


@dataclass(frozen=True)
class YoloFault:
    """What is wrong with one line."""

    line: int
    code: FaultCode
    message: str


def read_labels(data: bytes, names: Mapping[int, str]) -> Iterator[YoloObject | YoloFault]:
    """Yield what each line that is not empty says."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        yield YoloFault(line, FaultCode.BAD_RECORD, "the line is not UTF-8; allowed: a class number and coordinates")
        return
    for number, written in enumerate(text.split("\n"), start=1):
        words = written.split()
        if words:
            yield _read(number, words, names)


def _read(line: int, words: list[str], names: Mapping[int, str]) -> YoloObject | YoloFault:
    category, *rest = words
    if not _CLASS.fullmatch(category):
        return YoloFault(line, FaultCode.BAD_RECORD, f"class {_shown(category)}; allowed: a class number from 0")
    known = int(category.partition(".")[0])
    if known not in names:
        shown = ", ".join(f"{one} ({name})" for one, name in islice(names.items(), _SHOWN_CLASSES))
        message = f"class {known} is not in names; allowed: {shown}"
        return YoloFault(line, FaultCode.UNDECLARED_CATEGORY, message)
    is_polygon = len(rest) >= _OF_SMALLEST_POLYGON and len(rest) % 2 == 0
    if (len(rest) != _OF_BOX and not is_polygon) or len(rest) > 2 * MAX_CORNERS:
        message = (
            f"there are {len(rest)} numbers after the class; allowed: 4 (a box: x and y of its centre, width, height)"
            f" or 3 to {MAX_CORNERS} corners x y (a polygon); no confidence, no key points"
        )
        return YoloFault(line, FaultCode.BAD_POLYGON if len(rest) > _OF_BOX + 1 else FaultCode.BAD_BOX, message)
    numbers = [_number(word) for word in rest]
    for word, value in zip(rest, numbers, strict=True):
        if not math.isfinite(value):
            code = FaultCode.BAD_POLYGON if is_polygon else FaultCode.BAD_BOX
            return YoloFault(line, code, f"{_shown(word)} is no finite number; allowed: shares 0 to 1")
    if is_polygon:
        return YoloObject(line, known, around(numbers), tuple(numbers))
    x, y, width, height = numbers
    return YoloObject(line, known, (x - width / 2, y - height / 2, width, height), None)


def _number(word: str) -> float:
    """Return the number, NaN where it is none: `float` alone also takes `1_0`, `nan` and digits of other scripts."""
    return float(word) if _NUMBER.fullmatch(word) else math.nan


def _shown(word: str) -> str:
    return shortened(ascii(word), _SHOWN_CHARS)
