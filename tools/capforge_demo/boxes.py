"""How well predicted boxes fit the gold ones. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from capforge.draw import Detection
from capforge_demo.coco import Box, Gold

MATCH_IOU = 0.5


def iou(a: Box, b: Box) -> float:
    """Return intersection over union of two xyxy boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    union = _area(a) + _area(b) - common
    return common / union if union > 0 else 0.0


def matched(gold: Sequence[Gold], found: Sequence[Detection]) -> set[int]:
    """Return which gold objects were found: same class, IoU of at least 0.5, each prediction used once.

    The most confident predictions choose first, as in the usual metrics.
    """
    taken: set[int] = set()
    for one in sorted(found, key=lambda one: -one.confidence):
        free = [n for n, label in enumerate(gold) if n not in taken and label.class_name == one.name]
        best = max(free, key=lambda n: iou(gold[n].box, one.box), default=None)
        if best is not None and iou(gold[best].box, one.box) >= MATCH_IOU:
            taken.add(best)
    return taken


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
