"""Decoded images, kept in memory as long as there is room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from capforge_trainer.data.items import Item
from capforge_trainer.errors import BadDataError
from capforge_trainer.machine import usable_memory_bytes
from capforge_transforms import transforms
from capforge_transforms.decode import DEFAULT_LIMITS
from capforge_transforms.errors import ImageError

ROOM_SHARE = 0.25
"""Of the memory; images beyond this are decoded again each time."""


@dataclass(frozen=True)
class Picture:
    """An upright image uint8 RGB [H,W,3], perhaps smaller than its file by a whole factor."""

    pixels: NDArray[np.uint8]
    factor: int


class Pictures:
    """Decodes images once, with the same code that serving uses. Safe for many threads."""

    def __init__(self, read: Callable[[Item], bytes], need: tuple[int, int], room_bytes: int | None = None) -> None:
        """Read bytes with `read`; images much larger than `need` (width, height) are kept smaller, not below it."""
        self._read = read
        self._need = need
        self._room = int(usable_memory_bytes() * ROOM_SHARE) if room_bytes is None else room_bytes
        self._kept: dict[str, Picture] = {}
        self._lock = Lock()

    def full(self, item: Item) -> NDArray[np.uint8]:
        """Return the image in full size, as serving sees it; raises BadDataError naming the image."""
        try:
            pixels = transforms().decode(self._read(item), DEFAULT_LIMITS)
        except ImageError as error:
            message = f"image {item.name} ({item.sha256}): {error}"
            raise BadDataError(message) from error
        if pixels.shape[:2] != (item.height, item.width):
            message = (
                f"image {item.name} ({item.sha256}) has {pixels.shape[1]} x {pixels.shape[0]} pixels, "
                f"but the dataset says {item.width} x {item.height}; make a new dataset from the present files"
            )
            raise BadDataError(message)
        return pixels

    def get(self, item: Item) -> Picture:
        """Return the image for augmentation; raises BadDataError naming the image."""
        kept = self._kept.get(item.sha256)
        return kept if kept is not None else self._keep(item.sha256, self._shrunk(self.full(item)))

    def _keep(self, key: str, picture: Picture) -> Picture:
        with self._lock:
            if key not in self._kept and self._room >= picture.pixels.nbytes:
                self._kept[key] = picture
                self._room -= picture.pixels.nbytes
        return picture

    def _shrunk(self, pixels: NDArray[np.uint8]) -> Picture:
        height, width = pixels.shape[:2]
        factor = max(1, min(width // self._need[0], height // self._need[1]))
        if factor == 1:
            return Picture(pixels, 1)
        # The mean of whole pixels: what area averaging in the letterbox would see.
        size = (width // factor, height // factor)
        cut = pixels[: size[1] * factor, : size[0] * factor]
        return Picture(np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8), factor)
