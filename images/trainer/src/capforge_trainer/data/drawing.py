"""A picture drawn on a frame: where it lies, how large, and what of its objects is still to be seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capforge_trainer.data.pictures import Picture
from capforge_transforms.letterbox import PADDING

_VISIBLE_SHARE = 0.3
_SMALLEST_SIDE_PIXELS = 2.0
"""An object of which less is left after zooming is no longer taught."""

Pair = tuple[float, float]
"""Of x and y."""


def drawn(picture: Picture, frame: tuple[int, int], scale: Pair, offset: Pair) -> NDArray[np.uint8]:
    """Return a grey frame (width, height) with the picture drawn on it.

    `scale` is frame pixels per pixel of the original file, `offset` the place of its left top corner; what leaves the
    frame is cut before it is resampled, so a large zoom costs no more than a small one.
    """
    canvas = np.full((frame[1], frame[0], 3), PADDING, np.uint8)
    rows, columns = picture.pixels.shape[:2]
    across = _span(offset[0], columns, scale[0] * picture.factor, frame[0])
    down = _span(offset[1], rows, scale[1] * picture.factor, frame[1])
    cut = picture.pixels[down.source, across.source]
    target = canvas[down.target, across.target]
    if cut.size == 0 or target.size == 0:
        return canvas
    shrinks = cut.shape[0] > target.shape[0] or cut.shape[1] > target.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    target[:] = cv2.resize(cut, (target.shape[1], target.shape[0]), interpolation=how)
    return canvas


def visible(boxes: NDArray[np.float32], frame: tuple[int, int]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return which boxes [G,4] are still visible enough in the frame (width, height), and those cut to it."""
    cut = np.clip(boxes, 0, np.array([*frame, *frame], np.float32))
    sides, before = cut[:, 2:] - cut[:, :2], boxes[:, 2:] - boxes[:, :2]
    share = sides.prod(axis=1) / np.maximum(before.prod(axis=1), 1e-6)
    kept = (share >= _VISIBLE_SHARE) & (sides.min(axis=1, initial=np.inf) >= _SMALLEST_SIDE_PIXELS)
    return kept, cut[kept]


def offset_showing(slack: float, room: int, shown: Pair, random: np.random.Generator) -> float:
    """Return where a picture's side starts in the frame's: `slack` is what the frame (`room`) has more than it.

    Of a picture that is larger, the part from shown[0] to shown[1] is in the frame, if it fits.
    """
    low, high = min(slack, 0.0), max(slack, 0.0)
    if slack < 0 and shown[1] > shown[0]:
        first, last = max(low, -shown[0]), min(high, room - shown[1])
        low, high = min(first, last), max(first, last)
    return float(random.uniform(low, high))


@dataclass(frozen=True)
class _Span:
    source: slice
    target: slice


def _span(offset: float, length: int, scale: float, room: int) -> _Span:
    """Return which pixels of a picture's side fall on which pixels of the frame's side."""
    start, stop = max(0.0, -offset / scale), min(float(length), (room - offset) / scale)
    first, last = int(start), min(length, int(np.ceil(stop)))
    left, right = round(first * scale + offset), round(last * scale + offset)
    return _Span(slice(first, last), slice(max(0, left), min(room, right)))
