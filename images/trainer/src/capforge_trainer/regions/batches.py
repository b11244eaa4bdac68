"""Batches of crops: which regions meet is the draw's affair, how each is changed the augmentation's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from capforge_trainer.data.ahead import ahead
from capforge_trainer.regions.crops import Crops, Pixels

Change = Callable[[Pixels, np.random.Generator], Pixels]
"""Returns a changed crop of the model's size; every draw comes from the generator."""


class Draw(Protocol):
    """Which regions (by index) are in which batch; depends on the seed and the epoch alone."""

    def steps(self, share: int = 1) -> int:
        """Return how many batches an epoch has for each of `share` processes."""
        ...

    def groups(self, epoch: int, rank: int = 0, share: int = 1) -> list[list[int]]:
        """Return the regions of each batch of an epoch: those of process `rank` among `share`."""
        ...


@dataclass(frozen=True)
class RegionBatch:
    """images uint8 [N,H,W,3] and the positions of their classes, int64 [N]."""

    images: Tensor
    classes: Tensor

    def to(self, device: torch.device) -> RegionBatch:
        """Return the batch on a device."""
        if device.type == "cpu":
            return self
        images = self.images.pin_memory().to(device, non_blocking=True)
        return RegionBatch(images, self.classes.to(device))


class RegionBatches:
    """The training regions as batches; one epoch is the same whenever it is read again."""

    def __init__(self, crops: Crops, draw: Draw, change: Change, seed: int, threads: int) -> None:
        """Read through the crops' cache."""
        self._crops, self._draw, self._change = crops, draw, change
        self._seed, self._threads = seed, threads

    def steps(self, share: int = 1) -> int:
        """Return how many batches an epoch has for each of `share` processes."""
        return self._draw.steps(share)

    def epoch(
        self, number: int, *, plain: bool = False, start: int = 0, rank: int = 0, share: int = 1
    ) -> Iterator[RegionBatch]:
        """Return the batches of one epoch from step `start`; process `rank` of `share` gets its own, equally many."""
        del plain  # regions are never joined
        groups = self._draw.groups(number, rank, share)[start:]
        return ahead(groups, lambda group: self._batch(number, group), self._threads)

    def _batch(self, number: int, group: list[int]) -> RegionBatch:
        images = np.stack([self._sample(number, index, place) for place, index in enumerate(group)])
        return RegionBatch(torch.from_numpy(images), torch.from_numpy(self._crops.classes[group]))

    def _sample(self, number: int, index: int, place: int) -> Pixels:
        return self._change(self._crops[index], np.random.default_rng((self._seed, number, index, place)))
