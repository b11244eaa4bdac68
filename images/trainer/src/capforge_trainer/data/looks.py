"""A few objects of every class, cut out small: enough to ask what tells the classes apart, in a second or two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capforge_contracts.run import CropSettings
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Picture
from capforge_transforms import Region, crop

SIDE_PIXELS = 24
_SEEN_PIXELS = 12
"""Objects are made this small first: large ones shall not look sharper than small ones."""
_PER_CLASS = 100
_IN_ALL = 1500
_SETTINGS = CropSettings(width=_SEEN_PIXELS, height=_SEEN_PIXELS, scale=1.2)
"""A little more than the object: its edges lie there."""


@dataclass(frozen=True)
class Looks:
    """Some objects of a training set."""

    pixels: NDArray[np.float32]
    """[N,SIDE_PIXELS,SIDE_PIXELS,3], 0-255; boxes are stretched to a square."""
    classes: NDArray[np.int64]
    """[N]"""
    images: NDArray[np.int64]
    """[N], by position: objects of one image may be alike for what is around them."""
    sides: NDArray[np.float64]
    """[N,2], width and height in pixels of the image."""


def looks_of(items: list[Item], picture: Callable[[Item], Picture]) -> Looks:
    """Cut out at most 100 objects of each class, 1500 in all; always the same of the same items."""
    chosen = _chosen(items)
    pixels = np.zeros((sum(map(len, chosen.values())), SIDE_PIXELS, SIDE_PIXELS, 3), np.float32)
    classes, images, sides, row = [], [], [], 0
    for position, places in chosen.items():
        item, shown = items[position], picture(items[position])
        for place in places:
            left, top, right, bottom = item.boxes[place].tolist()
            pixels[row] = _cut(shown, (left, top, right, bottom))
            classes.append(int(item.classes[place]))
            images.append(position)
            sides.append((right - left, bottom - top))
            row += 1
    known = np.array(sides, np.float64).reshape(-1, 2)
    return Looks(pixels, np.array(classes, np.int64), np.array(images, np.int64), np.maximum(known, 1e-3))


def _chosen(items: list[Item]) -> dict[int, list[int]]:
    """Return which objects of which items, by position."""
    where = [(position, place) for position, item in enumerate(items) for place in range(len(item.classes))]
    classes = np.array([items[position].classes[place] for position, place in where], np.int64)
    order = np.random.default_rng(0).permutation(len(where))
    most = min(_PER_CLASS, _IN_ALL // max(1, len(np.unique(classes))))
    taken = [int(one) for name in np.unique(classes) for one in order[classes[order] == name][: max(1, most)]]
    chosen: dict[int, list[int]] = {}
    for position, place in sorted(where[one] for one in taken):
        chosen.setdefault(position, []).append(place)
    return chosen


def _cut(picture: Picture, box: tuple[float, ...]) -> NDArray[np.float32]:
    seen = crop(picture.pixels, Region([edge / picture.factor for edge in box]), _SETTINGS)
    return np.asarray(cv2.resize(seen, (SIDE_PIXELS, SIDE_PIXELS), interpolation=cv2.INTER_LINEAR), np.float32)
