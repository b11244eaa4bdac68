"""COCO boxes against the picture they lie in. Pure.

Labelling tools round, so a box may hang over the edge by up to one pixel and is clipped; more than that is a fault.
"""

from __future__ import annotations

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import Annotation

OVERHANG_PIXELS = 1.0
_DECIMALS = 4
"""Of a pixel: more would only tell one writer's rounding from another's."""

Corners = tuple[float, float, float, float]


def corners_of(annotation: Annotation, width: float, height: float) -> Corners | RecordFault:
    """Return (x0, y0, x1, y1) inside a picture of width x height pixels, or what is wrong."""
    x, y, box_width, box_height = annotation.bbox
    if box_width <= 0 or box_height <= 0:
        return _fault(annotation, FaultCode.ZERO_AREA_BOX, "allowed: width and height above 0")
    if (
        min(x, y) < -OVERHANG_PIXELS
        or x + box_width > width + OVERHANG_PIXELS
        or y + box_height > height + OVERHANG_PIXELS
    ):
        allowed = f"allowed: inside the image of {width:g} x {height:g} pixels (1 pixel over the edge is clipped)"
        return _fault(annotation, FaultCode.BOX_OUTSIDE, allowed)
    x0, y0 = round(max(x, 0.0), _DECIMALS), round(max(y, 0.0), _DECIMALS)
    x1 = round(min(x + box_width, float(width)), _DECIMALS)
    y1 = round(min(y + box_height, float(height)), _DECIMALS)
    if x1 <= x0 or y1 <= y0:
        return _fault(
            annotation,
            FaultCode.ZERO_AREA_BOX,
            f"nothing of it lies inside; allowed: inside {width:g} x {height:g} pixels",
        )
    return x0, y0, x1, y1


def _fault(annotation: Annotation, code: FaultCode, why: str) -> RecordFault:
    numbers = ", ".join(f"{number:g}" for number in annotation.bbox)
    # A box without area marks no object: its image can still be trusted.
    image = None if code is FaultCode.ZERO_AREA_BOX else annotation.image
    return RecordFault(code, annotation.label, f"bbox [{numbers}] of image {annotation.image}: {why}", image)
