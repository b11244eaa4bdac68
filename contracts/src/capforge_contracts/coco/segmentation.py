"""The `segmentation` of a COCO annotation: one polygon is kept, everything else leaves the box. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FEWEST_NUMBERS = 6
MAX_CORNERS = 10_000


@dataclass(frozen=True)
class Segmentation:
    """What an annotation says about its outline."""

    polygon: tuple[float, ...] | None = None
    """x0, y0, x1, y1, … where the outline is one polygon."""
    points: tuple[float, ...] = ()
    """The corners of all parts."""
    reduced: bool = False
    """There is an outline that one polygon cannot hold: a mask, or several parts."""


def read_segmentation(raw: Any) -> Segmentation | str:
    """Return the outline, or what is wrong with it.

    A run-length mask and an outline of several parts are no polygon; of them the box remains (ADR 0140).
    """
    if raw is None:
        return Segmentation()
    if isinstance(raw, Mapping):
        sound = "counts" in raw and "size" in raw
        return Segmentation(reduced=True) if sound else "a mask has counts and size"
    if not isinstance(raw, list):
        return "it is no list"
    parts = []
    for part in raw:
        if part == []:
            continue
        problem = polygon_problem(part)
        if problem:
            return problem
        parts.append(tuple(float(number) for number in part))
    points = tuple(number for part in parts for number in part)
    return Segmentation(parts[0] if len(parts) == 1 else None, points, reduced=len(parts) > 1)


def polygon_problem(part: Any) -> str | None:
    """Return what is wrong with a list of corners x0, y0, x1, y1, …; None if nothing."""
    if not isinstance(part, list):
        return "a part of it is no list of numbers"
    if len(part) > 2 * MAX_CORNERS:
        return f"it has more than {MAX_CORNERS} corners"
    if len(part) < _FEWEST_NUMBERS or len(part) % 2:
        return f"it has {len(part)} numbers"
    if not all(_is_number(one) for one in part):
        return "it has what is no finite number"
    return None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
