"""Which detection stands for which object, whatever their classes: what a confusion matrix is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import from_numpy
from torchvision.ops import box_iou

from capforge_trainer.data.items import Item
from capforge_trainer.evaluate.coco import Found

_IOU = 0.5


@dataclass(frozen=True)
class Matched:
    """One image at a threshold; indices are into the item's objects and the detections over the threshold."""

    pairs: tuple[tuple[int, int], ...]
    """(object, detection), each at most once."""
    missed: tuple[int, ...]
    invented: tuple[int, ...]


def matched(item: Item, found: Found, threshold: float) -> Matched:
    """Match detections with objects at IoU 0.5: the best score first, an object of its own class before any other."""
    taken = int((found.scores >= threshold).sum())
    overlaps = _overlaps(item.boxes, found.boxes[:taken])
    same = item.classes[:, None] == found.classes[None, :taken]
    pairs: dict[int, int] = {}  # object by detection
    for allowed in (same, ~same):
        for detection in range(taken):
            if detection in pairs or not len(item.boxes):
                continue
            free = np.where(allowed[:, detection], overlaps[:, detection], 0.0)
            free[list(pairs.values())] = 0.0
            best = int(free.argmax())
            if free[best] >= _IOU:
                pairs[detection] = best
    return Matched(
        tuple((one, detection) for detection, one in sorted(pairs.items())),
        tuple(sorted(set(range(len(item.boxes))) - set(pairs.values()))),
        tuple(sorted(set(range(taken)) - set(pairs))),
    )


def _overlaps(objects: NDArray[np.float32], detections: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intersection over union of boxes [G,4] and [D,4] as [G,D]."""
    some = [from_numpy(np.ascontiguousarray(boxes, np.float32).reshape(-1, 4)) for boxes in (objects, detections)]
    overlaps: NDArray[np.float32] = box_iou(*some).numpy()
    return overlaps
