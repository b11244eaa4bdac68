"""Images as the model sees them when it serves: letterboxed, unaugmented. For dev, test, parity and golden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.machine import usable_memory_bytes
from capforge_transforms.letterbox import Placement

ROOM_SHARE = 0.1
"""Of the memory; canvases beyond this are made again each time."""


@dataclass(frozen=True)
class Canvas:
    """uint8 [H,W,3] and where the picture lies on it."""

    pixels: NDArray[np.uint8]
    placement: Placement


class Canvases:
    """The canvases of some items; kept in memory as long as there is room, made again otherwise."""

    def __init__(self, items: list[Item], pictures: Pictures, width: int, height: int) -> None:
        """Canvases of this size in pixels."""
        self.items = items
        self._pictures, self._width, self._height = pictures, width, height
        self._kept: dict[int, Canvas] = {}
        self._keep = int(usable_memory_bytes() * ROOM_SHARE) // (width * height * 3)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Canvas:
        canvas = self._kept.get(index)
        if canvas is None:
            canvas = Canvas(*self._pictures.canvas(self.items[index], self._width, self._height))
            if len(self._kept) < self._keep:
                self._kept[index] = canvas
        return canvas

    def batches(self, size: int) -> Iterator[list[Canvas]]:
        """Yield all canvases in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield [self[index] for index in range(start, min(start + size, len(self)))]


def stacked(canvases: list[Canvas]) -> NDArray[np.uint8]:
    """Return canvases as one batch uint8 [N,H,W,3]."""
    return np.stack([canvas.pixels for canvas in canvases])
