"""Where a record says that an object lies, against the picture it lies in. Pure.

Labelling tools round, so a box or a polygon may hang over the edge by up to one pixel and is clipped; more than that is
a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.shapes import LEAST_AREA, area_of, clipped

OVERHANG_PIXELS = 1.0

Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class Shape:
    """The location in a record, in pixels of its image."""

    label: str
    """How faults name the record."""
    image: str
    """The image's id."""
    bbox: tuple[float, float, float, float]
    """x, y, width, height."""
    polygon: tuple[float, ...] | None = None
    """x0, y0, x1, y1, …; the box is the one around it."""


@dataclass(frozen=True)
class Placed:
    """A location that lies in its picture."""

    box: Corners
    """x0, y0, x1, y1."""
    polygon: tuple[float, ...] | None = None


def place(shape: Shape, width: float, height: float) -> Placed | RecordFault:
    """Return the location inside a picture of width x height pixels, or what is wrong."""
    if shape.polygon is None:
        corners = corners_of(shape, width, height)
        return corners if isinstance(corners, RecordFault) else Placed(corners)
    xs, ys = shape.polygon[::2], shape.polygon[1::2]
    if min(*xs, *ys) < -OVERHANG_PIXELS or max(xs) > width + OVERHANG_PIXELS or max(ys) > height + OVERHANG_PIXELS:
        why = f"allowed: inside the image of {width:g} x {height:g} pixels (1 pixel over the edge is clipped)"
        return _polygon_fault(shape, FaultCode.POLYGON_OUTSIDE, why)
    inside = tuple(number for x, y in zip(xs, ys, strict=True) for number in (clipped(x, width), clipped(y, height)))
    if area_of(inside) < LEAST_AREA:
        return _polygon_fault(shape, FaultCode.ZERO_AREA_POLYGON, "it has no area; allowed: corners around an area")
    xs, ys = inside[::2], inside[1::2]
    return Placed((min(xs), min(ys), max(xs), max(ys)), inside)


def corners_of(shape: Shape, width: float, height: float) -> Corners | RecordFault:
    """Return (x0, y0, x1, y1) of a box inside a picture of width x height pixels, or what is wrong."""
    x, y, box_width, box_height = shape.bbox
    if box_width <= 0 or box_height <= 0:
        return _box_fault(shape, FaultCode.ZERO_AREA_BOX, "allowed: width and height above 0")
    if (
        min(x, y) < -OVERHANG_PIXELS
        or x + box_width > width + OVERHANG_PIXELS
        or y + box_height > height + OVERHANG_PIXELS
    ):
        allowed = f"allowed: inside the image of {width:g} x {height:g} pixels (1 pixel over the edge is clipped)"
        return _box_fault(shape, FaultCode.BOX_OUTSIDE, allowed)
    x0, y0 = clipped(x, width), clipped(y, height)
    x1, y1 = clipped(x + box_width, width), clipped(y + box_height, height)
    if x1 <= x0 or y1 <= y0:
        return _box_fault(
            shape,
            FaultCode.ZERO_AREA_BOX,
            f"nothing of it lies inside; allowed: inside {width:g} x {height:g} pixels",
        )
    return x0, y0, x1, y1


def around(points: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the box (x, y, width, height) around points `x0, y0, x1, y1, …`."""
    xs, ys = points[::2], points[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _box_fault(shape: Shape, code: FaultCode, why: str) -> RecordFault:
    numbers = ", ".join(f"{number:g}" for number in shape.bbox)
    # A box without area marks no object: its image can still be trusted.
    image = None if code is FaultCode.ZERO_AREA_BOX else shape.image
    return RecordFault(code, shape.label, f"bbox [{numbers}] of image {shape.image}: {why}", image)


def _polygon_fault(shape: Shape, code: FaultCode, why: str) -> RecordFault:
    x0, y0, width, height = around(shape.polygon or ())
    extent = f"x {x0:g} to {x0 + width:g}, y {y0:g} to {y0 + height:g}"
    image = None if code is FaultCode.ZERO_AREA_POLYGON else shape.image
    return RecordFault(code, shape.label, f"polygon ({extent}) of image {shape.image}: {why}", image)
