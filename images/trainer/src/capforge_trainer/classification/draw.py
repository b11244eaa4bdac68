"""Which regions meet in a batch: rare classes come more often than they occur."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LEAST_STEPS = 12
"""Of an epoch: with very few regions it is several passes, or training would end after a handful of steps."""


class BalancedDraw:
    """Random batches; depends on (seed, epoch) alone.

    - A region of a class with n regions is drawn in proportion to n ** -balance.
    - What is drawn once per epoch or more often on average is drawn at least once in each.
    """

    def __init__(self, classes: NDArray[np.int64], batch_size: int, balance: float, seed: int) -> None:
        """Draw from regions whose classes [N] these are."""
        counts = np.bincount(classes)
        weights = counts[classes].astype(np.float64) ** -balance
        self._shares = weights / weights.sum()
        self._classes = classes
        self._steps = max(_LEAST_STEPS, len(classes) // batch_size)
        self._batch_size, self._seed = batch_size, seed
        drawn = np.bincount(classes, self._shares, len(counts))
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.log(drawn) - np.log(counts / len(classes))
        self.shift = np.where(counts > 0, shift, 0.0)
        """By how much each class's logit is higher [C] than it would be without this draw."""

    def steps(self, share: int = 1) -> int:
        """Return how many batches an epoch has for each of `share` processes."""
        return max(1, self._steps // share)

    def groups(self, epoch: int, rank: int = 0, share: int = 1) -> list[list[int]]:
        """Return the regions of each batch of an epoch: those of process `rank` among `share`."""
        random = np.random.default_rng((self._seed, epoch))
        need = self.steps(share) * self._batch_size * share
        # Evenly spaced points on the shares laid end to end, class by class: each region, and each class, comes as
        # often as it should, give or take one.
        points = (np.arange(need) + random.random()) / need
        shuffled = random.permutation(len(self._shares))
        order = shuffled[np.argsort(self._classes[shuffled], kind="stable")]
        ends = np.cumsum(self._shares[order])
        drawn = order[np.minimum(np.searchsorted(ends, points, side="right"), len(order) - 1)]
        mine = random.permutation(drawn)[rank::share]
        return [part.tolist() for part in np.split(mine, self.steps(share))]
