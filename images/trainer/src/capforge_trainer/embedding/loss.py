"""What makes vectors of one class meet: each is drawn to its class's own direction, and to the others in the batch.

The directions (proxies, one per training class) give every step a goal, even where a class has one region in a batch;
the pairs teach what matters for classes that have no direction, those never trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from capforge_trainer.embedding.parameters import MetricParameters

_NEVER = -1e4


class Labelled(Protocol):
    """A batch whose regions have classes."""

    @property
    def classes(self) -> Tensor:
        """int64 [N], positions of the training classes."""
        ...


@dataclass(frozen=True)
class MetricLoss:
    """What training minimises, of a learner's answer: vectors [N,D] and directions [C,D], all of length 1."""

    parameters: MetricParameters

    def __call__(self, answer: tuple[Tensor, Tensor], batch: Labelled) -> Tensor:
        """Return the loss, a scalar."""
        vectors, directions = (one.float() for one in answer)
        chosen, classes = self.parameters, batch.classes
        by_directions = by_directions_loss(vectors, directions, classes, chosen.temperature, chosen.margin)
        by_pairs = by_pairs_loss(vectors, classes, chosen.temperature)
        return chosen.direction_share * by_directions + (1 - chosen.direction_share) * by_pairs


def by_directions_loss(
    vectors: Tensor, directions: Tensor, classes: Tensor, temperature: float, margin: float
) -> Tensor:
    """Return the cross entropy of cosines with all directions (CosFace: Wang et al., 2018)."""
    cosines = vectors @ directions.T
    # The own direction must win by the margin, or vectors stop half-way between two classes.
    own = functional.one_hot(classes, cosines.shape[1])
    return functional.cross_entropy((cosines - margin * own) / temperature, classes)


def by_pairs_loss(vectors: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Return the supervised contrastive loss (Khosla et al., 2020).

    Vectors alone in their class push the others away and are drawn to nobody; 0 where all are alone.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    logits = (vectors @ vectors.T / temperature).masked_fill(itself, _NEVER)
    same = (classes[:, None] == classes) & ~itself
    drawn = same.sum(dim=1)
    share = functional.log_softmax(logits, dim=1) * same
    return -(share.sum(dim=1) / drawn.clamp(min=1)).sum() / (drawn > 0).sum().clamp(min=1)
