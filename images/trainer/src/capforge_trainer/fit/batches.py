"""What the training loop reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, Self

import torch


class Batch(Protocol):
    """What a step learns from: `images`, and whatever its loss needs."""

    def to(self, device: torch.device) -> Self:
        """Return the batch on a device."""
        ...


class Batches(Protocol):
    """The training set; an epoch is the same whenever it is read again."""

    def steps(self, share: int = 1) -> int:
        """Return how many batches an epoch has for each of `share` processes."""
        ...

    def epoch(
        self, number: int, *, plain: bool = False, start: int = 0, rank: int = 0, share: int = 1
    ) -> Iterator[Batch]:
        """Yield the batches of one epoch from step `start`; `plain` asks for images that are not joined."""
        ...
