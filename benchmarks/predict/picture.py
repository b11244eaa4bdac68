"""The picture that every peer is sent."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.peers.found import Size, canvas_of
from capforge_transforms import Placement

_SIZE = (640, 480)
_PATCHES = (16, 12)
_NOISE = 1.5
_QUALITY = 75


@dataclass(frozen=True)
class Picture:
    """A JPEG and what our pixels make of it."""

    jpeg: bytes
    canvas: NDArray[np.uint8]
    """[1, height, width, 3]: the ready tensor."""
    placement: Placement

    @property
    def described(self) -> str:
        """`640x480 JPEG of 30 kB`."""
        place = self.placement
        return f"{place.image_width}x{place.image_height} JPEG of {len(self.jpeg) / 1000:.0f} kB"


def picture(size: Size, file: Path | None = None) -> Picture:
    """Return the given JPEG, or a drawn one of 640 x 480, for a model's input; raises ImageError."""
    jpeg = file.read_bytes() if file else drawn()
    return Picture(jpeg, *canvas_of(jpeg, size))


def drawn() -> bytes:
    """Return smooth patches of colour with the grain of a camera: as many bytes as a photograph of that size has."""
    generator = np.random.default_rng(0)
    columns, rows = _PATCHES
    patches = Image.fromarray(generator.integers(0, 256, (rows, columns, 3), np.uint8))
    smooth = np.asarray(patches.resize(_SIZE, Image.Resampling.BICUBIC)).astype(np.float32)
    grain = generator.normal(0, _NOISE, (_SIZE[1], _SIZE[0], 1))
    file = io.BytesIO()
    pixels = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
