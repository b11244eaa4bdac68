"""Batches in a random order that only the seed decides, prepared by threads a few steps ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from capforge_trainer.data.augment import Augmentation, Labelled, Sample
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.models.loss import Objects

_AHEAD = 3
"""Batches prepared before they are asked for."""


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
    ) -> None:
        """Read the items through the pictures' cache."""
        self._items, self._pictures, self._augmentation = items, pictures, augmentation
        self._batch_size, self._seed, self._threads = batch_size, seed, threads

    def steps(self, share: int = 1) -> int:
        """Return how many batches an epoch has for each of `share` processes."""
        return max(1, len(self._items) // (self._batch_size * share))

    def epoch(self, number: int, *, mosaic: bool, start: int = 0, rank: int = 0, share: int = 1) -> Iterator[Batch]:
        """Yield the batches of one epoch from step `start`; process `rank` of `share` gets its own, equally many."""
        groups = self._groups(number, rank, share)[start:]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="batches") as pool:
            waiting: deque[Future[Batch]] = deque()
            for group in groups:
                waiting.append(pool.submit(self._batch, number, group, mosaic=mosaic))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _groups(self, number: int, rank: int, share: int) -> list[list[int]]:
        order = np.random.default_rng((self._seed, number)).permutation(len(self._items))
        need = self.steps(share) * self._batch_size * share
        mine = np.resize(order, need)[rank::share]  # repeats images where there are fewer than one batch
        return [part.tolist() for part in np.split(mine, self.steps(share))]

    def _batch(self, number: int, group: list[int], *, mosaic: bool) -> Batch:
        return collated([self._sample(number, index, place, mosaic=mosaic) for place, index in enumerate(group)])

    def _sample(self, number: int, index: int, place: int, *, mosaic: bool) -> Sample:
        random = np.random.default_rng((self._seed, number, index, place))
        return self._augmentation(self._labelled(index), self._other(random), random, mosaic=mosaic)

    def _other(self, random: np.random.Generator) -> Callable[[], Labelled]:
        return lambda: self._labelled(int(random.integers(len(self._items))))

    def _labelled(self, index: int) -> Labelled:
        item = self._items[index]
        return Labelled(item, self._pictures.get(item))


def collated(samples: list[Sample]) -> Batch:
    """Return samples of one size as a batch."""
    images = torch.from_numpy(np.stack([one.pixels for one in samples]))
    objects = [Objects(torch.from_numpy(one.classes), torch.from_numpy(one.boxes)) for one in samples]
    return Batch(images, objects)
