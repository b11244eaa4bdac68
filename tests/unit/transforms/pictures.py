"""Small pictures in many kinds for the tests of this folder."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ORIENTATION_TAG = 0x0112


def encoded(image: Image.Image, file_format: str, *, orientation: int | None = None, **options: object) -> bytes:
    """Return the file's bytes, with an EXIF orientation if one is given."""
    if orientation is not None:
        exif = Image.Exif()
        exif[ORIENTATION_TAG] = orientation
        options["exif"] = exif.tobytes()
    target = io.BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()


def gradient(width: int = 48, height: int = 32) -> NDArray[np.uint8]:
    """Return a smooth RGB picture without any symmetry (survives JPEG within a few grey levels)."""
    x = np.linspace(0, 200, width)[None, :, None]
    y = np.linspace(0, 50, height)[:, None, None]
    return (x + y + np.array([0.0, 2.0, 5.0])).astype(np.uint8)


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    """Return the largest difference between two pictures of one shape, in grey levels."""
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())
