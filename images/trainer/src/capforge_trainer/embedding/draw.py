"""Which regions meet in a batch: several of each of several classes, for a pair teaches only where it is a pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_STEPS = 16
"""Of an epoch."""


class ClassDraw:
    """Batches of `classes_per_batch` classes with equally many regions each; depends on (seed, epoch) alone.

    - A class comes up in proportion to the square root of its regions: the rare ones more often than they occur, the
      common ones not drowned.
    - The regions of a class come in turn: none a second time in an epoch before all its others.
    - A class with fewer regions than its place in a batch fills it by repeating them, each time changed otherwise.
    - An epoch has at least LEAST_STEPS steps, so that a schedule counted in epochs suits twenty regions too.
    """

    def __init__(self, classes: NDArray[np.int64], batch_size: int, regions_per_class: int, seed: int) -> None:
        """Draw from regions whose classes [N] these are."""
        self._members = [np.flatnonzero(classes == one) for one in np.unique(classes)]
        weights = np.sqrt([len(one) for one in self._members])
        self._weights = weights / weights.sum()
        self._together = min(len(self._members), max(2, batch_size // regions_per_class))
        self._each = max(2, batch_size // self._together)
        self._steps = max(LEAST_STEPS, round(len(classes) / self.batch_size))
        self._seed = seed

    @property
    def batch_size(self) -> int:
        """How many regions every batch has."""
        return self._together * self._each

    def steps(self, share: int = 1) -> int:
        """Return how many batches an epoch has for each of `share` processes."""
        return max(1, self._steps // share)

    def groups(self, epoch: int, rank: int = 0, share: int = 1) -> list[list[int]]:
        """Return the regions of each batch of an epoch: those of process `rank` among `share`."""
        random = np.random.default_rng((self._seed, epoch))
        turns = [_Turn(members, random) for members in self._members]
        groups = []
        for _ in range(self.steps(share) * share):
            chosen = random.choice(len(turns), self._together, replace=False, p=self._weights)
            groups.append([int(region) for one in chosen for region in turns[one].next(self._each)])
        return groups[rank::share]


class _Turn:
    """The regions of one class, shuffled anew whenever all have come."""

    def __init__(self, members: NDArray[np.int64], random: np.random.Generator) -> None:
        self._members, self._random = members, random
        self._left = np.zeros(0, np.int64)

    def next(self, count: int) -> NDArray[np.int64]:
        while len(self._left) < count:
            self._left = np.concatenate([self._left, self._random.permutation(self._members)])
        taken, self._left = self._left[:count], self._left[count:]
        return taken
