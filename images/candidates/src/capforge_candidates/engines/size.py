"""How large letters stand on a page, and the size at which an engine reads them best."""

from __future__ import annotations

import math

import cv2
import numpy as np

from capforge_candidates.engines.port import Pixels

_WINDOW_PIXELS = 31
_DARKER_BY = 15
_MIN_HEIGHT_PIXELS = 5
_MAX_SHARE_OF_PAGE = 0.1
_MAX_STRETCH = 6.0
"""Letters that touch are wider than high; what is more than that is a rule or a frame."""
_INK = (0.1, 0.9)
"""Share of its box that a letter covers."""
_MIN_LETTERS = 20
_MAX_PIXELS = 20_000_000
_MAX_SIDE_PIXELS = 16_000


def letter_height(grey: Pixels) -> float | None:
    """Return the median height of what looks like letters, in pixels; None where there are too few to tell."""
    height, width = grey.shape
    if min(height, width) < _WINDOW_PIXELS:
        return None
    ink = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, _WINDOW_PIXELS, _DARKER_BY
    )
    _, _, shapes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high, area = (
        shapes[1:, at].astype(float) for at in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA)
    )
    share = area / (wide * high)
    letters = (high >= _MIN_HEIGHT_PIXELS) & (high <= height * _MAX_SHARE_OF_PAGE)
    letters &= (wide <= high * _MAX_STRETCH) & (high <= wide * _MAX_STRETCH)
    letters &= (share >= _INK[0]) & (share <= _INK[1])
    return float(np.median(high[letters])) if letters.sum() >= _MIN_LETTERS else None


def best_scale(grey: Pixels, wanted_height: float, least: float, most: float) -> float:
    """Return the factor that brings letters to the wanted height, within bounds and within what an engine takes."""
    found = letter_height(grey)
    scale = min(max(wanted_height / found, least), most) if found else 1.0
    height, width = grey.shape
    return float(min(scale, math.sqrt(_MAX_PIXELS / (height * width)), _MAX_SIDE_PIXELS / max(height, width)))


def resized(grey: Pixels, scale: float) -> Pixels:
    """Return the page at another size."""
    if scale == 1.0:
        return grey
    size = (max(round(grey.shape[1] * scale), 1), max(round(grey.shape[0] * scale), 1))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8)
