"""Regions as the model sees them when it serves. Each image is decoded once for all its regions."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.run import CropSettings
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.machine import usable_memory_bytes
from capforge_trainer.regions.examples import Example, examples_of, positions
from capforge_transforms import transforms

Pixels = NDArray[np.uint8]

ROOM_SHARE = 0.15
"""Of the memory; crops beyond this are cut again each time."""


class Crops:
    """The crops of all regions of some images; kept in memory as long as there is room. Safe for many threads."""

    def __init__(
        self, items: list[Item], pictures: Pictures, settings: CropSettings, room_bytes: int | None = None
    ) -> None:
        """Cut by these settings."""
        self.examples: list[Example] = examples_of(items)
        self.classes = positions(self.examples)
        """Of each region [N]."""
        self.settings = settings
        self._items, self._pictures = [item for item in items if len(item.classes)], pictures
        self._room = int(usable_memory_bytes() * ROOM_SHARE) if room_bytes is None else room_bytes
        self._kept: dict[int, Pixels] = {}
        """By item, not by content: an image may have several labellings."""
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Pixels:
        """Return one crop uint8 [height,width,3]; raises BadDataError naming the image."""
        example = self.examples[index]
        kept = self._kept.get(id(example.item))
        if kept is None and self._fits(example.item):
            kept = self._cut(example.item)
        crop: Pixels = self._crops(example.item, example.place)[0] if kept is None else kept[example.place]
        return crop

    def batches(self, size: int) -> Iterator[Pixels]:
        """Yield all crops in order as uint8 [n,height,width,3], at most `size` at a time; raises BadDataError."""
        waiting: list[Pixels] = []
        for item in self._items:
            kept = self._kept.get(id(item))
            waiting += [*(self._cut(item) if kept is None else kept)]
            while len(waiting) >= size:
                yield np.stack(waiting[:size])
                waiting = waiting[size:]
        if waiting:
            yield np.stack(waiting)

    def _cut(self, item: Item) -> Pixels:
        crops = self._crops(item)
        with self._lock:
            if id(item) not in self._kept and self._room >= crops.nbytes:
                self._kept[id(item)] = crops
                self._room -= crops.nbytes
        return crops

    def _crops(self, item: Item, place: int | None = None) -> Pixels:
        regions = item.regions() if place is None else [item.regions()[place]]
        return transforms().crops(self._pictures.full(item), regions, self.settings)

    def _fits(self, item: Item) -> bool:
        return self._room >= len(item.classes) * self.settings.width * self.settings.height * 3
