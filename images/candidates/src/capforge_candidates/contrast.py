"""Faded print made legible: thermal paper, weak toner, shadows."""

from __future__ import annotations

import cv2
import numpy as np

from capforge_candidates.engines.port import Pixels

_PAPER_PIXELS = 31
"""Wider than a stroke, narrower than a shadow."""
_STROKE_PIXELS = 5
_INK_PERCENT = 5
"""The darkest pixels of a page, which become black."""
_MAX_BLACK = 235
_SOFTEN_PIXELS = 0.8


def clearer(grey: Pixels) -> Pixels:
    """Return the page with even paper and black ink; a page in good print loses by it."""
    thick = cv2.dilate(grey, np.ones((_STROKE_PIXELS, _STROKE_PIXELS), np.uint8))
    even = cv2.divide(grey, np.maximum(cv2.medianBlur(thick, _PAPER_PIXELS), 1), scale=255)
    black = min(float(np.percentile(even, _INK_PERCENT)), _MAX_BLACK)
    stretched = np.clip((even.astype(np.float32) - black) * (255 / (255 - black)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(stretched, (0, 0), _SOFTEN_PIXELS), np.uint8)
