"""What the training set decides about the model's fixed sizes: its input, the windows it learns from, its answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.config import STRIDE, ModelParameters
from capforge_trainer.data.items import Item

Size = tuple[int, int]
"""Width and height in pixels."""

USUAL_PIXELS, LARGEST_AUTO_PIXELS = 320, 1024
"""Longer side where nobody has chosen: enough for most, and the most that small objects may ask for (ten times the
work of an answer)."""
_LEAST_OBJECT_PIXELS = 10.0
"""What the shorter side of a class's usual object should cover: a little more than one cell of the finest level."""
_FEW = 5
"""Objects of a class that may not decide: they may be mistakes."""
_ROOM = 2.0
"""A window's sides beside those of large objects."""
_LARGE = 95
"""Percentile."""
_LEAST_ANSWERS, _MOST_ANSWERS = 100, 500


def input_size(parameters: ModelParameters, items: list[Item]) -> Size:
    """Return width and height, both multiples of STRIDE."""
    long_side = parameters.input_long_side_pixels or _long_side(items)
    return _shaped(long_side, parameters, items)


def window_size(parameters: ModelParameters, items: list[Item]) -> Size:
    """Return how much of the input training shows at once: all of it, or less where it is large and objects are not."""
    whole = input_size(parameters, items)
    sides = _sides(items, max(whole))
    needed = _ROOM * float(np.percentile(sides.max(axis=1), _LARGE)) if len(sides) else 0.0
    long_side = _stepped(max(USUAL_PIXELS, needed))
    return _shaped(long_side, parameters, items) if long_side < max(whole) else whole


def most_answers(parameters: ModelParameters, items: list[Item]) -> int:
    """Return how many boxes of an image are answered at most."""
    most = 2 * max(len(item.classes) for item in items)
    return parameters.max_detections or min(_MOST_ANSWERS, max(_LEAST_ANSWERS, most))


def _long_side(items: list[Item]) -> int:
    """Return the smallest side at which the usual object of every class is large enough to be found."""
    sides = _sides(items, USUAL_PIXELS).min(axis=1)
    classes = np.concatenate([np.zeros(0, np.int64), *(item.classes for item in items)])
    counts = np.bincount(classes)
    usual = [
        float(np.median(sides[classes == one])) for one in np.flatnonzero(counts >= min(_FEW, max(counts, default=0)))
    ]
    wanted = USUAL_PIXELS * _LEAST_OBJECT_PIXELS / max(min(usual, default=_LEAST_OBJECT_PIXELS), 1e-3)
    there = float(np.median([max(item.width, item.height) for item in items]))  # more would only be blurred
    return _stepped(max(USUAL_PIXELS, min(wanted, there, LARGEST_AUTO_PIXELS)))


def _sides(items: list[Item], long_side: int) -> NDArray[np.float64]:
    """Return width and height [G,2] of all objects in pixels of an input with this longer side."""
    scaled = [(one.boxes[:, 2:] - one.boxes[:, :2]) * (long_side / max(one.width, one.height)) for one in items]
    return np.concatenate([np.zeros((0, 2)), *scaled]).astype(np.float64)


def _shaped(long_side: int, parameters: ModelParameters, items: list[Item]) -> Size:
    if parameters.input_shape == "Square":
        return long_side, long_side
    shape = float(np.median([item.width / item.height for item in items]))
    short_side = _stepped(round(long_side * min(shape, 1 / shape), 3))
    return (long_side, short_side) if shape >= 1 else (short_side, long_side)


def _stepped(pixels: float) -> int:
    return int(np.ceil(pixels / STRIDE)) * STRIDE
