"""Which cells are responsible for which object: task-aligned assignment (the idea of TOOD, arXiv 2108.07755).

For each object, the cells inside its box compete by `score^a * IoU^b`; the best few win, so that one cell learns to be
right about class and place together. Nothing about sizes has to be set for a data set.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import box_iou

SCORE_POWER = 0.5
IOU_POWER = 4.0
CELLS_PER_OBJECT = 10
_SMALL_STRIDES = 1.5
"""An object smaller than this many strides is treated as this large, so that it holds at least one cell."""
_TINY = 1e-9


@dataclass(frozen=True)
class Assignment:
    """For one image with A cells."""

    object: Tensor
    """int64 [A]: index of the object a cell answers for; -1 = none."""
    quality: Tensor
    """float32 [A]: the score that the cell should give to its object's class, 0-1."""


def assign(scores: Tensor, boxes: Tensor, points: Tensor, strides: Tensor, classes: Tensor, gold: Tensor) -> Assignment:
    """Assign cells to objects.

    scores [A,C] 0-1 and boxes [A,4] are the network's present answers, points [A,2] and strides [A] its cells;
    classes int64 [G] and gold [G,4] the image's objects. All in input pixels; without gradients.
    """
    if len(gold) == 0:
        none = torch.full((len(points),), -1, dtype=torch.int64, device=points.device)
        return Assignment(none, torch.zeros(len(points), device=points.device))
    overlap = box_iou(gold, boxes)
    metric = scores[:, classes].T ** SCORE_POWER * overlap**IOU_POWER + _TINY
    metric = metric * _inside(points, strides, gold)
    best = metric.topk(min(CELLS_PER_OBJECT, metric.shape[1]), dim=1)
    won = torch.zeros_like(metric).scatter_(1, best.indices, (best.values > 0).to(metric.dtype))
    # A cell that several objects want goes to the one it covers best.
    claim = torch.where(won > 0, overlap + _TINY, torch.zeros_like(overlap))
    owner = torch.where(claim.amax(dim=0) > 0, claim.argmax(dim=0), -1)
    mine = torch.nn.functional.one_hot(owner.clamp(min=0), len(gold)).T * (owner >= 0)
    return Assignment(owner, _quality(metric * mine, overlap * mine).sum(dim=0))


def _quality(metric: Tensor, overlap: Tensor) -> Tensor:
    """Scale each object's metric [G,A] so that its best cell is asked for the object's best IoU."""
    return metric / (metric.amax(dim=1, keepdim=True) + _TINY) * overlap.amax(dim=1, keepdim=True)


def _inside(points: Tensor, strides: Tensor, gold: Tensor) -> Tensor:
    """Tell [G,A] whether a cell's centre lies in the object's box (made larger where the box is tiny)."""
    centre = (gold[:, None, :2] + gold[:, None, 2:]) / 2
    half = (gold[:, None, 2:] - gold[:, None, :2]) / 2
    half = torch.maximum(half, (strides * _SMALL_STRIDES / 2)[None, :, None])
    return ((points[None] - centre).abs() < half).all(dim=-1)
