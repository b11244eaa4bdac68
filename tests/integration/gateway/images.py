"""Pictures that tests send."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def encoded(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    """Return the file of a picture."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def white(width: int = 32, height: int = 32, file_format: str = "PNG") -> bytes:
    """An all-white picture: the fixed detector scores it highest."""
    return encoded(Image.new("RGB", (width, height), "white"), file_format)


def noise(width: int, height: int, file_format: str = "JPEG") -> bytes:
    """A picture that does not compress."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return encoded(Image.fromarray(pixels), file_format)
