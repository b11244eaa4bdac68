"""Decoded images, kept in memory as long as there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from capforge_transforms.letterbox import Placement

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
        self._whole: dict[str, Picture] = {}
        """Those that are kept in full size for the next who asks."""
        self._lock = Lock()

    def full(self, item: Item) -> NDArray[np.uint8]:
        """Return the image in full size; raises BadDataError naming the image."""
        if self._whole and (kept := self._taken(item.sha256)) is not None:
            return kept.pixels
        with _naming(item):
            pixels = transforms().decode(self._read(item), DEFAULT_LIMITS)
        _check_size(item, pixels.shape[1], pixels.shape[0])
        return pixels

    def first(self, item: Item) -> Picture:
        """Return the image in full size and keep it, where there is room, until `full` is asked for it."""
        return self._keep(self._whole, item.sha256, Picture(self.full(item), 1))

    def canvas(self, item: Item, width: int, height: int) -> tuple[NDArray[np.uint8], Placement]:
        """Return what serving would give the model, uint8 [height,width,3]; raises BadDataError naming the image."""
        with _naming(item):
            pixels, placement = transforms().canvas(self._read(item), DEFAULT_LIMITS, width, height)
        _check_size(item, placement.image_width, placement.image_height)
        return pixels, placement

    def get(self, item: Item) -> Picture:
        """Return the image for augmentation; raises BadDataError naming the image."""
        kept = self._kept.get(item.sha256)
        return kept if kept is not None else self._keep(self._kept, item.sha256, self._shrunk(self.full(item)))

    def _keep(self, shelf: dict[str, Picture], key: str, picture: Picture) -> Picture:
        with self._lock:
            if key not in shelf and self._room >= picture.pixels.nbytes:
                shelf[key] = picture
                self._room -= picture.pixels.nbytes
        return picture

    def _taken(self, key: str) -> Picture | None:
        with self._lock:
            picture = self._whole.pop(key, None)
            if picture is not None:
                self._room += picture.pixels.nbytes
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


@contextmanager
def _naming(item: Item) -> Iterator[None]:
    try:
        yield
    except ImageError as error:
        message = f"image {item.name} ({item.sha256}): {error}"
        raise BadDataError(message) from error


def _check_size(item: Item, width: int, height: int) -> None:
    if (width, height) != (item.width, item.height):
        message = (
            f"image {item.name} ({item.sha256}) has {width} x {height} pixels, "
            f"but the dataset says {item.width} x {item.height}; make a new dataset from the present files"
        )
        raise BadDataError(message)
