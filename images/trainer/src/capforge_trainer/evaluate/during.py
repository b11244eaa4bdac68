"""A look at dev while training: the network itself, with the post-processing of the exported graph."""

from __future__ import annotations

from collections.abc import Callable

import torch

from capforge_trainer.data.canvases import Canvases, stacked
from capforge_trainer.evaluate.coco import Evaluation, evaluate
from capforge_trainer.export.session import Answer, in_image_pixels
from capforge_trainer.fit.look import Look
from capforge_trainer.models.dense import DenseDetector
from capforge_trainer.models.postprocess import Detections, detect

_BATCH = 16


def look(
    dev: Canvases, names: list[str], nms_iou: float, max_detections: int, device: torch.device
) -> Callable[[DenseDetector, bool], Look]:
    """Return a function that evaluates a network on dev (in bfloat16 or not)."""

    def looked(network: DenseDetector, bfloat16: bool) -> Look:
        found = []
        for batch in dev.batches(_BATCH):
            images = torch.from_numpy(stacked(batch)).to(device)
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                logits, boxes = network(images)
            detections = detect(logits, boxes, nms_iou, max_detections)
            found += [in_image_pixels(_answer(one), canvas) for one, canvas in zip(detections, batch, strict=True)]
        return _told(evaluate(dev.items, found, names))

    return looked


def _told(evaluation: Evaluation) -> Look:
    if evaluation.map50 is None or evaluation.map50_95 is None:
        return Look(None)
    return Look(evaluation.map50_95, {"map50": evaluation.map50, "map50_95": evaluation.map50_95})


def _answer(one: Detections) -> Answer:
    return Answer(one.boxes.cpu().numpy(), one.scores.cpu().numpy(), one.classes.cpu().numpy())
