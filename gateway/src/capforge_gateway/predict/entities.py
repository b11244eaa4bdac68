"""A detector's tensors to entities in the pixels of the upright image. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capforge_gateway.predict.target import Options
from capforge_gateway.predict.wire import Tensors, WireError
from capforge_gateway.routing.routes import Version
from capforge_transforms import Placement, Transforms

OUTPUTS = ("boxes", "scores", "classes", "count")
"""The model contract's output tensors of a detector."""
INPUT = "image"
_PIXEL_DECIMALS = 2
_CONFIDENCE_DECIMALS = 4

NewId = Callable[[], str]


@dataclass(frozen=True)
class Detections:
    """What the model found on one canvas, most confident first."""

    boxes: NDArray[np.float32]
    """[n, 4] xyxy, canvas pixels."""
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


def detections_of(tensors: Tensors) -> Detections:
    """Return the first image's detections without the padding rows; raises WireError where the shapes do not fit."""
    try:
        boxes, scores, classes, count = (tensors[name] for name in OUTPUTS)
        found = int(count.reshape(-1)[0])
        rows = boxes.shape[1]
        fits = (
            boxes.shape == (1, rows, 4)
            and scores.shape == (1, rows) == classes.shape
            and count.shape == (1, 1)
            and 0 <= found <= rows
        )
    except (KeyError, IndexError) as error:
        raise WireError(f"the model's outputs are not those of a detector: {sorted(tensors)}") from error
    if not fits:
        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        raise WireError(f"the model's outputs have shapes {shapes}; expected boxes [1,K,4], scores and classes [1,K]")
    order = np.argsort(-scores[0, :found], kind="stable")
    return Detections(boxes[0, order], scores[0, order], classes[0, order].astype(np.int64, copy=False))


def kept(found: Detections, version: Version, options: Options) -> Detections:
    """Return those at or over their output's threshold, at most `max_entities`."""
    outputs = len(version.names)
    if not outputs:
        return Detections(found.boxes[:0], found.scores[:0], found.classes[:0])
    if options.threshold is None:
        reached = found.scores >= version.thresholds.take(found.classes, mode="clip")
    else:
        reached = found.scores >= np.float32(options.threshold)
    reached &= found.classes.view(np.uint64) < outputs  # a negative number is a very large one
    rows = reached.nonzero()[0]
    if not np.isfinite(found.boxes).all():
        rows = rows[np.isfinite(found.boxes[rows]).all(axis=1)]
    rows = rows[: options.max_entities]
    return Detections(found.boxes[rows], found.scores[rows], found.classes[rows])


def entities_of(
    found: Detections, version: Version, placement: Placement, transforms: Transforms, element: str, new_id: NewId
) -> list[dict[str, Any]]:
    """Return the entities as they go on the wire; boxes are absolute pixels of the upright image."""
    boxes = transforms.boxes_to_image(found.boxes, placement).astype(np.float64).round(_PIXEL_DECIMALS).tolist()
    scores = found.scores.astype(np.float64).round(_CONFIDENCE_DECIMALS).tolist()
    provenance = {"element": element, "model_version": version.version, "training_run": version.run}
    return [
        {
            "id": new_id(),
            "location": {"box": box},
            "observations": [
                {
                    "attribute": "class",
                    "value": version.names[position],
                    "position": position,
                    "confidence": score,
                    "provenance": provenance,
                }
            ],
        }
        for box, score, position in zip(boxes, scores, found.classes.tolist(), strict=True)
    ]
