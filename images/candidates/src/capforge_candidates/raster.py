"""Turning pages, and the small picture that goes with a reading."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from capforge_candidates.engines.port import FoundWord, Pixels
from capforge_contracts.reading import PICTURE_LONG_SIDE

_QUARTER_DEGREES = 90
_FULL_DEGREES = 360

Box = tuple[float, float, float, float]


def turned(grey: Pixels, degrees: int) -> Pixels:
    """Return the page turned clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(grey, -(degrees // _QUARTER_DEGREES)))


def turned_box(box: Box, width: float, height: float, degrees: int) -> Box:
    """Return where a box of a page of this size lies when the page is turned clockwise."""
    x0, y0, x1, y1 = box
    for _ in range(degrees % _FULL_DEGREES // _QUARTER_DEGREES):
        x0, y0, x1, y1 = height - y1, x0, height - y0, x1
        width, height = height, width
    return x0, y0, x1, y1


def turned_word(word: FoundWord, width: float, height: float, degrees: int) -> FoundWord:
    """Return the word on the turned page."""
    return FoundWord(word.text, turned_box(word.box, width, height, degrees), word.line, word.confidence)


def small_picture(grey: Pixels) -> str:
    """Return a base64 PNG of the page, grey, its longer side PICTURE_LONG_SIDE pixels."""
    height, width = grey.shape
    scale = PICTURE_LONG_SIDE / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    done, png = cv2.imencode(".png", small)
    if not done:
        raise ValueError("the picture of the page could not be coded")
    return base64.b64encode(png.tobytes()).decode("ascii")
