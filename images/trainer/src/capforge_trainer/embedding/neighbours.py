"""For each region of a set, the nearest of its own class and the nearest of any other, in blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.embedding.retrieval import BLOCK_BYTES

_BYTES_PER_PAIR = 16
_NOBODY = -2.0
"""Below any cosine."""


@dataclass(frozen=True)
class Neighbours:
    """Indexes [N] and cosines [N]; a cosine below -1 where there is none."""

    own: NDArray[np.int64]
    own_cosines: NDArray[np.float32]
    other: NDArray[np.int64]
    other_cosines: NDArray[np.float32]

    def mistaken(self) -> NDArray[np.int64]:
        """Return the regions that another class is nearer to than their own, the clearest mistakes first."""
        excess = self.other_cosines - self.own_cosines
        wrong = np.flatnonzero((excess >= 0) & (self.own_cosines > _NOBODY))
        return wrong[np.argsort(-excess[wrong], kind="stable")]


def neighbours(
    embeddings: NDArray[np.float32], classes: NDArray[np.int64], block_bytes: int = BLOCK_BYTES
) -> Neighbours:
    """Return the neighbours of unit vectors [N,D] with the class [N] of each."""
    count = len(classes)
    found = Neighbours(
        np.zeros(count, np.int64), np.zeros(count, np.float32), np.zeros(count, np.int64), np.zeros(count, np.float32)
    )
    size = max(1, block_bytes // max(1, count * _BYTES_PER_PAIR))
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        cosines = embeddings[rows] @ embeddings.T
        cosines[np.arange(len(rows)), rows] = _NOBODY
        same = classes[rows, None] == classes
        for mine, index, values in ((same, found.own, found.own_cosines), (~same, found.other, found.other_cosines)):
            kept = np.where(mine, cosines, np.float32(_NOBODY))
            index[rows] = kept.argmax(axis=1)
            values[rows] = kept[np.arange(len(rows)), index[rows]]
    return found
