"""What is in a dataset, counted by split. Pure."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from statistics import median
from typing import Any

from capforge_contracts.dataset import ManifestItem, Split
from capforge_contracts.exports import LockedDataset


@dataclass
class Figures:
    """Of one split."""

    images: int = 0
    empty: int = 0
    """Images without an object."""
    objects: Counter[str] = field(default_factory=Counter)
    """By class."""
    images_with: Counter[str] = field(default_factory=Counter)
    """By class: images that have it."""
    sides: array[float] = field(default_factory=lambda: array("f"))
    """Of each object: the root of its box's area, pixels. Four bytes each: a dataset may have millions."""

    def add(self, item: ManifestItem) -> None:
        """Count one image."""
        self.images += 1
        self.empty += not item.entities
        self.objects.update(one.class_name for one in item.entities)
        self.images_with.update({one.class_name for one in item.entities})
        self.sides.extend(sqrt((x1 - x0) * (y1 - y0)) for x0, y0, x1, y1 in (one.box for one in item.entities))

    @property
    def median_side(self) -> float | None:
        """The middle of the objects' sizes, pixels; None without objects."""
        return round(median(self.sides), 1) if self.sides else None


def figures_of(dataset: LockedDataset) -> Mapping[Split, Figures]:
    """Return the figures of each split that has images."""
    found: dict[Split, Figures] = {}
    for item in dataset.items():
        found.setdefault(item.split, Figures()).add(item)
    return {split: found[split] for split in Split if split in found}


def as_document(dataset: LockedDataset, found: Mapping[Split, Figures]) -> dict[str, Any]:
    """Return the figures for programs."""
    return {
        "classes": list(dataset.classes),
        "splits": {
            split.value: {
                "images": one.images,
                "imagesWithoutObjects": one.empty,
                "objects": one.objects.total(),
                "medianObjectSidePixels": one.median_side,
                "byClass": {
                    name: {"objects": one.objects[name], "images": one.images_with[name]} for name in dataset.classes
                },
            }
            for split, one in found.items()
        },
    }
