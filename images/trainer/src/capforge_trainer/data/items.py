"""One labelled image as training sees it: where its bytes are and what is in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
