"""One labelled image as training sees it: where its bytes are and what is in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_transforms import Region


@dataclass(frozen=True)
class Item:
    """One image of a run; classes are positions of the capability's outputs."""

    name: str
    sha256: str
    width: int
    height: int
    classes: NDArray[np.int64]
    """[G]"""
    boxes: NDArray[np.float32]
    """[G,4] xyxy in pixels of the upright image."""
    polygons: tuple[tuple[float, ...] | None, ...] = ()
    """Of each object, where it has one; empty: of none."""

    def regions(self) -> list[Region]:
        """Return where each object is."""
        polygons = self.polygons or (None,) * len(self.classes)
        return [Region(box, polygon) for box, polygon in zip(self.boxes.tolist(), polygons, strict=True)]
