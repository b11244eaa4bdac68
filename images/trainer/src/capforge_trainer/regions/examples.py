"""One region with its class: what a model of regions learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.data.items import Item
from capforge_transforms import Region


@dataclass(frozen=True)
class Example:
    """A region of an image."""

    item: Item
    place: int
    """Among the regions of its image."""
    region: Region
    position: int
    """Of its class among the names of the selection."""


def examples_of(items: list[Item]) -> list[Example]:
    """Return all regions of all images, those of an image together."""
    return [
        Example(item, place, region, int(position))
        for item in items
        for place, (region, position) in enumerate(zip(item.regions(), item.classes, strict=True))
    ]


def positions(examples: list[Example]) -> NDArray[np.int64]:
    """Return the classes' positions [N]."""
    return np.array([one.position for one in examples], np.int64)
