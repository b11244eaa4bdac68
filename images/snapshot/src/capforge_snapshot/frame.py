"""Which pixels the boxes of an image count in: upright ones or stored ones. Pure.

Manifests hold boxes in upright pixels. COCO does not say whether EXIF was applied when people drew their boxes.
Labelling tools in browsers, OpenCV and detectron2 show pictures upright; scripts on bare Pillow do not. Where the
orientation swaps width and height, the declared size tells which it was; where it cannot tell, boxes count as upright.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.coco.boxes import Corners, Placed
from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_snapshot.pictures import Picture
from capforge_snapshot.records import ImageRecord
from capforge_transforms import boxes_to_upright, upright_size

_DECIMALS = 4


@dataclass(frozen=True)
class Frame:
    """The pixel grid that an image's boxes count in."""

    width: int
    height: int
    orientation: int
    """1 where the grid is upright already; else how the stored grid is turned upright."""

    def upright(self, placed: Placed) -> Placed:
        """Return the location in upright pixels."""
        x0, y0, x1, y1 = self._turned(np.array([placed.box]))[0]
        box: Corners = (x0, y0, x1, y1)
        if placed.polygon is None:
            return Placed(box)
        points = np.array(placed.polygon).reshape(-1, 2)
        turned = self._turned(np.hstack([points, points]))
        return Placed(box, tuple(number for point in turned for number in point[:2]))

    def _turned(self, boxes: NDArray[np.float64]) -> list[list[float]]:
        moved = boxes_to_upright(boxes, self.width, self.height, self.orientation)
        return [[round(float(value), _DECIMALS) for value in row] for row in moved]


def frame_of(image: ImageRecord, picture: Picture) -> Frame | RecordFault:
    """Return the grid of an image's boxes; a fault where the declared size is neither upright nor stored."""
    stored = (picture.stored_width, picture.stored_height)
    upright = upright_size(*stored, picture.orientation)
    declared = (image.width or upright[0], image.height or upright[1])
    if declared == upright:
        return Frame(*upright, 1)
    if declared == stored:
        return Frame(*stored, picture.orientation)
    found = f"the file has {upright[0]} x {upright[1]} pixels"
    message = f"the record says {declared[0]} x {declared[1]}, {found}; allowed: the file's own size"
    return RecordFault(FaultCode.SIZE_MISMATCH, image.label, message, image.id)
