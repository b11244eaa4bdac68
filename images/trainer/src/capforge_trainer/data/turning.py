"""Pixels and boxes turned: by whole quarters, exactly, and by a few degrees, nearly.

Where an object's outline in its box is unknown, so is its box after a turn by a few degrees: a rectangle's would be
larger than an ellipse's. The mean of both is taken.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from capforge_transforms.letterbox import PADDING

QUARTERS = 4

Size = tuple[int, int]
"""Width and height in pixels."""
Boxes = NDArray[np.float32]
"""[G,4] xyxy in pixels."""
Pixels = NDArray[np.uint8]
"""[H,W,3]"""


def quarter_turned(boxes: Boxes, size: Size, quarters: int) -> Boxes:
    """Turn boxes in a frame of this size counter-clockwise, as numpy.rot90 turns its pixels."""
    width, height = size
    for _ in range(quarters % QUARTERS):
        left, top, right, bottom = boxes.T  # x becomes y; what was right is on top
        boxes = np.stack([top, width - right, bottom, width - left], axis=1)
        width, height = height, width
    return boxes.astype(np.float32)


def frame_around(frame: Size, degrees: float) -> Size:
    """Return the frame whose pixels fill this one after a turn."""
    cosine, sine = _shares(degrees)
    width, height = frame
    return math.ceil(width * cosine + height * sine), math.ceil(width * sine + height * cosine)


def tilted(pixels: Pixels, boxes: Boxes, frame: Size, degrees: float) -> tuple[Pixels, Boxes]:
    """Turn about the centre, clockwise, and cut to the frame; boxes may leave it."""
    before, after = np.array(pixels.shape[1::-1]) / 2, np.array(frame) / 2
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    # Whole numbers are the centres of pixels in OpenCV, their corners in boxes.
    matrix = np.column_stack([turn, after - 0.5 - turn @ (before - 0.5)])
    moved = cv2.warpAffine(pixels, matrix, frame, flags=cv2.INTER_LINEAR, borderValue=(PADDING,) * 3)
    centres = ((boxes[:, :2] + boxes[:, 2:]) / 2 - before) @ turn.T + after
    halves = (boxes[:, 2:] - boxes[:, :2]) / 2
    mixed = np.array([[0, 1], [1, 0]]) * _shares(degrees)[1] + np.eye(2) * _shares(degrees)[0]
    reach = (halves @ mixed + np.sqrt(halves**2 @ mixed**2)) / 2
    return np.asarray(moved, np.uint8), np.concatenate([centres - reach, centres + reach], axis=1).astype(np.float32)


def _shares(degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return abs(math.cos(angle)), abs(math.sin(angle))
