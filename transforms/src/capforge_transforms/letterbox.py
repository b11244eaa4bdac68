"""A picture of any size on a canvas of fixed size, and boxes there and back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PADDING = 114
"""The grey of the margin, in every channel."""


@dataclass(frozen=True)
class Placement:
    """Where the picture lies on the canvas; all in pixels."""

    image_width: int
    image_height: int
    scaled_width: int
    scaled_height: int
    left: int
    top: int
    overhang_x: int = 0
    """Image pixels by which the scaled area reaches over the right edge (negative: the left one): a picture decoded
    at 1/8 of its size has whole pixels only."""
    overhang_y: int = 0
    """The same over the lower edge (negative: the upper one)."""

    @property
    def scale_x(self) -> float:
        """Canvas pixels per image pixel, horizontally (differs from scale_y by rounding to whole pixels only)."""
        return self.scaled_width / (self.image_width + abs(self.overhang_x))

    @property
    def scale_y(self) -> float:
        """Canvas pixels per image pixel, vertically."""
        return self.scaled_height / (self.image_height + abs(self.overhang_y))


def place(image_width: int, image_height: int, width: int, height: int) -> Placement:
    """Return where an image lies centred on a width x height canvas with its proportions kept."""
    scale = min(width / image_width, height / image_height)
    scaled_width = min(width, max(1, round(image_width * scale)))
    scaled_height = min(height, max(1, round(image_height * scale)))
    left, top = (width - scaled_width) // 2, (height - scaled_height) // 2
    return Placement(image_width, image_height, scaled_width, scaled_height, left, top)


def letterbox(image: NDArray[np.uint8], width: int, height: int) -> tuple[NDArray[np.uint8], Placement]:
    """Return the canvas (uint8 [height,width,3], contiguous) with the picture on it, and the placement.

    Shrinks by area averaging (no aliasing of small objects), enlarges bilinearly.
    """
    placement = place(image.shape[1], image.shape[0], width, height)
    size = (placement.scaled_width, placement.scaled_height)
    canvas = np.full((height, width, 3), PADDING, np.uint8)
    window = canvas[
        placement.top : placement.top + placement.scaled_height,
        placement.left : placement.left + placement.scaled_width,
    ]
    if size == (placement.image_width, placement.image_height):
        window[:] = image
    else:
        shrinks = placement.scale_x < 1 or placement.scale_y < 1
        window[:] = cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return canvas, placement


def boxes_to_model(boxes: NDArray[np.floating], placement: Placement) -> NDArray[np.float32]:
    """Move boxes [N,4] (xyxy) from image pixels to canvas pixels, clipped to the picture's part of the canvas."""
    scale, origin, offset = _mapping(placement)
    size = np.array([placement.scaled_width, placement.scaled_height] * 2)
    scaled = (np.asarray(boxes, np.float64).reshape(-1, 4) - origin) * scale
    return np.asarray(np.clip(scaled, 0, size) + offset, np.float32)


def boxes_to_image(boxes: NDArray[np.floating], placement: Placement) -> NDArray[np.float32]:
    """Move boxes [N,4] (xyxy) from canvas pixels to image pixels, clipped to the image."""
    scale, origin, offset = _mapping(placement)
    size = np.array([placement.image_width, placement.image_height] * 2)
    unscaled = (np.asarray(boxes, np.float64).reshape(-1, 4) - offset) / scale + origin
    return np.asarray(np.minimum(np.maximum(unscaled, 0), size), np.float32)  # np.clip takes three times as long


def _mapping(placement: Placement) -> NDArray[np.float64]:
    """Return [3,4]: scale, image pixels at the scaled area's corner, canvas pixels there; each for xyxy."""
    return np.array(
        [
            [placement.scale_x, placement.scale_y] * 2,
            [min(placement.overhang_x, 0), min(placement.overhang_y, 0)] * 2,
            [placement.left, placement.top] * 2,
        ]
    )
