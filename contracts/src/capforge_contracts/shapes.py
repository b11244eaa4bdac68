"""Where an object lies in an image. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

Box = Annotated[list[float], Field(min_length=4, max_length=4)]
"""xyxy in pixels of the upright (EXIF-applied) image, origin top-left, x1 > x0, y1 > y0."""

Polygon = Annotated[list[float], Field(min_length=6)]
"""x0, y0, x1, y1, … of at least three corners, in the pixels of `Box`."""

LEAST_AREA = 1e-6
"""Of a polygon, square pixels: less is what rounding leaves of a line."""
_DECIMALS = 4
"""Of a pixel: more would only tell one writer's rounding from another's."""


def area_of(polygon: Sequence[float]) -> float:
    """Return the area of a polygon x0, y0, x1, y1, … (shoelace)."""
    xs, ys = polygon[::2], polygon[1::2]
    return abs(math.fsum(xs[at - 1] * ys[at] - xs[at] * ys[at - 1] for at in range(len(xs)))) / 2


def box_around(polygon: Sequence[float]) -> list[float]:
    """Return the Box around a polygon."""
    xs, ys = polygon[::2], polygon[1::2]
    return [min(xs), min(ys), max(xs), max(ys)]


def clipped(value: float, size: float) -> float:
    """Return a coordinate inside an image that has this size along it."""
    return round(min(max(value, 0.0), float(size)), _DECIMALS)
