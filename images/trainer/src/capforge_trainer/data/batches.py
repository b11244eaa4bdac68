"""Batches in a random order that only the seed decides, prepared by threads a few steps ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from capforge_trainer.data.ahead import ahead
from capforge_trainer.data.augment import Augmentation, Labelled, Sample
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.models.loss import Objects

_When = tuple[int, int, int]
"""Epoch, process and step."""


@dataclass(frozen=True)
class Batch:
    """images uint8 [N,H,W,3] and the objects of each."""

    images: Tensor
    objects: list[Objects]

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        if device.type == "cpu":
            return self
        objects = [Objects(one.classes.to(device), one.boxes.to(device)) for one in self.objects]
        return Batch(self.images.pin_memory().to(device, non_blocking=True), objects)


class Batches:
    """The training set as batches; one epoch is the same whenever it is read again."""

    def __init__(
        self,
        items: list[Item],
        pictures: Pictures,
        augmentation: Augmentation,
        batch_size: int,
        seed: int,
        threads: int,
        shares: NDArray[np.float64] | None = None,
    ) -> None:
        """Read the items through the pictures' cache; `shares` [N], in sum 1, says how often each is drawn."""
        self._items, self._pictures, self._augmentation = items, pictures, augmentation
        self._batch_size, self._seed, self._threads = batch_size, seed, threads
        self._shares = shares

    def steps(self, share: int = 1) -> int:
        """Return how many batches an epoch has for each of `share` processes."""
        return max(1, len(self._items) // (self._batch_size * share))

    def epoch(
        self, number: int, *, plain: bool = False, start: int = 0, rank: int = 0, share: int = 1
    ) -> Iterator[Batch]:
        """Return the batches of one epoch from step `start`, plain ones neither joined nor tilted.

        Process `rank` of `share` gets its own, equally many.
        """
        groups = list(enumerate(self._groups(number, rank, share)))[start:]
        return ahead(groups, lambda group: self._batch((number, rank, group[0]), group[1], plain=plain), self._threads)

    def _groups(self, number: int, rank: int, share: int) -> list[list[int]]:
        random = np.random.default_rng((self._seed, number))
        order = random.permutation(len(self._items))
        need = self.steps(share) * self._batch_size * share
        if self._shares is not None:
            # Evenly spaced points on the shares laid end to end: each image comes as often as it should, give or take
            # one.
            points = (np.arange(need) + random.random()) / need
            ends = np.cumsum(self._shares[order])
            order = random.permutation(order[np.minimum(np.searchsorted(ends, points, side="right"), len(order) - 1)])
        mine = np.resize(order, need)[rank::share]  # repeats images where there are fewer than one batch
        return [part.tolist() for part in np.split(mine, self.steps(share))]

    def _batch(self, when: _When, group: list[int], *, plain: bool) -> Batch:
        return collated([self._sample(when, index, place, plain=plain) for place, index in enumerate(group)])

    def _sample(self, when: _When, index: int, place: int, *, plain: bool) -> Sample:
        # An image that comes several times in an epoch is changed otherwise each time.
        several = () if self._shares is None else when[1:]
        random = np.random.default_rng((self._seed, when[0], index, place, *several))
        return self._augmentation(self._labelled(index), self._other(random), random, plain=plain)

    def _other(self, random: np.random.Generator) -> Callable[[], Labelled]:
        if self._shares is None:
            return lambda: self._labelled(int(random.integers(len(self._items))))
        return lambda: self._labelled(int(random.choice(len(self._items), p=self._shares)))

    def _labelled(self, index: int) -> Labelled:
        item = self._items[index]
        return Labelled(item, self._pictures.get(item))


def collated(samples: list[Sample]) -> Batch:
    """Return samples of one size as a batch."""
    images = torch.from_numpy(np.stack([one.pixels for one in samples]))
    objects = [Objects(torch.from_numpy(one.classes), torch.from_numpy(one.boxes)) for one in samples]
    return Batch(images, objects)
