"""How far the network's answers are from the objects in the images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import complete_box_iou_loss

from capforge_trainer.models.assign import Assignment, assign
from capforge_trainer.models.dense import DenseDetector

_BOX_WEIGHT = 2.0
_FOCUS = 2.0
"""Power of the focal term on empty cells: those that are easy count little."""
_EMPTY_SHARE = 0.75


@dataclass(frozen=True)
class Objects:
    """The gold of one image: classes int64 [G], boxes float32 [G,4] (xyxy in input pixels)."""

    classes: Tensor
    boxes: Tensor


class Labelled(Protocol):
    """Images with the gold of each."""

    @property
    def images(self) -> Tensor:
        """uint8 [N,H,W,3]."""
        ...

    @property
    def objects(self) -> list[Objects]:
        """The gold."""
        ...


@dataclass(frozen=True)
class Loss:
    """Scalars; total is what training minimises."""

    total: Tensor
    classes: Tensor
    boxes: Tensor


def detection_loss(logits: Tensor, boxes: Tensor, cells: tuple[Tensor, Tensor], objects: list[Objects]) -> Loss:
    """Return the loss of a batch: logits [N,A,C], boxes [N,A,4], cells = (points [A,2], strides [A])."""
    assignments = [
        assign(logits[i].detach().sigmoid(), boxes[i].detach(), *cells, gold.classes, gold.boxes)
        for i, gold in enumerate(objects)
    ]
    wanted = torch.stack([_wanted(one, gold, logits.shape[2]) for one, gold in zip(assignments, objects, strict=True)])
    amount = wanted.sum().clamp(min=1.0)
    class_loss = _varifocal(logits, wanted).sum() / amount
    predicted, gold_boxes, weights = _pairs(assignments, boxes, objects)
    box_loss = (complete_box_iou_loss(predicted, gold_boxes) * weights).sum() / amount
    return Loss(class_loss + _BOX_WEIGHT * box_loss, class_loss.detach(), box_loss.detach())


def loss_of(network: DenseDetector) -> Callable[[tuple[Tensor, Tensor], Labelled], Tensor]:
    """Return what training minimises, of the network's answer to a batch's images, and the batch."""
    return lambda answer, batch: detection_loss(*answer, network.cells(batch.images), batch.objects).total


def _wanted(assignment: Assignment, gold: Objects, classes: int) -> Tensor:
    """Return the scores [A,C] that the cells should give."""
    wanted = torch.zeros(len(assignment.object), classes, device=assignment.object.device)
    cells = (assignment.object >= 0).nonzero().squeeze(1)
    wanted[cells, gold.classes[assignment.object[cells]]] = assignment.quality[cells]
    return wanted


def _varifocal(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy to a soft target; empty cells by how wrong they are (VarifocalNet, arXiv 2008.13367)."""
    weight = torch.where(wanted > 0, wanted, _EMPTY_SHARE * logits.detach().sigmoid() ** _FOCUS)
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * weight


def _pairs(assignments: list[Assignment], boxes: Tensor, objects: list[Objects]) -> tuple[Tensor, Tensor, Tensor]:
    """Return predicted boxes [P,4], their objects' boxes [P,4] and weights [P] of all responsible cells."""
    predicted, gold, weights = [], [], []
    for i, (one, image) in enumerate(zip(assignments, objects, strict=True)):
        cells = (one.object >= 0).nonzero().squeeze(1)
        predicted.append(boxes[i, cells])
        gold.append(image.boxes[one.object[cells]])
        weights.append(one.quality[cells])
    return torch.cat(predicted), torch.cat(gold), torch.cat(weights)
