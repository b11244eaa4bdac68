"""Cells' answers to detections, in torch: used on dev while training, and the reference for the exported graph."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms

SCORE_FLOOR = 0.01
"""Detections below are dropped; a capability's threshold is applied outside the model."""
CANDIDATES = 1000
"""At most this many cells of an image, the best, enter the suppression: bounds the time of an untrained model."""


@dataclass(frozen=True)
class Detections:
    """Of one image, best first: boxes float32 [D,4] (xyxy in input pixels), scores [D] 0-1, classes int64 [D]."""

    boxes: Tensor
    scores: Tensor
    classes: Tensor


def detect(logits: Tensor, boxes: Tensor, nms_iou: float, max_detections: int) -> list[Detections]:
    """Return the detections of each image of a batch: logits [N,A,C], boxes [N,A,4]."""
    with torch.no_grad():
        pairs = zip(logits.sigmoid(), boxes, strict=True)
        return [_one(scores, places, nms_iou, max_detections) for scores, places in pairs]


def _one(scores: Tensor, boxes: Tensor, nms_iou: float, max_detections: int) -> Detections:
    best = scores.amax(dim=1).topk(min(CANDIDATES, len(scores))).indices
    cell, category = (scores[best] > SCORE_FLOOR).nonzero(as_tuple=True)
    found, places = scores[best][cell, category], boxes[best][cell]
    kept = batched_nms(places, found, category, nms_iou)[:max_detections]
    return Detections(places[kept], found[kept], category[kept])
