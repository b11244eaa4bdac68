"""A JPEG as a camera would send it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

_QUALITY = 85


def photograph(width: int = 320, height: int = 240) -> bytes:
    """Return a JPEG with light, shapes and grain in it; the same for the same size."""
    rows, columns = np.mgrid[0:height, 0:width]
    light = 255 * (rows + columns) / (height + width)
    grain = np.random.default_rng(0).normal(0, 8, (height, width))
    disc = 80 * (np.hypot(rows - height / 2, columns - width / 2) < height / 4)
    pixels = np.stack([light + grain, 255 - light + disc, light / 2 + disc + grain], axis=2)
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
