"""Does the exported graph answer as the trained network does? A run whose graph does not is never published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou

from capforge_contracts.run import Parity
from capforge_trainer.data.canvases import Canvases, stacked
from capforge_trainer.errors import ParityError
from capforge_trainer.export.heads import CELL_BOXES, CELL_SCORES
from capforge_trainer.export.session import BATCH, Answer, Session, answers
from capforge_trainer.export.suppression import Limits, with_heads
from capforge_trainer.models.dense import DenseDetector
from capforge_trainer.models.postprocess import Detections, detect

IMAGES = 50
HEADS_RTOL, HEADS_ATOL = 1e-3, 1e-5
"""Of scores, and of boxes as shares of the input's long side."""
MIN_IOU = 0.99
MAX_SCORE_DIFFERENCE = 0.01
_MIN_MATCHED_PERCENT = 99.5
"""Of detections that are clear of the score floor; where two boxes tie, rounding decides which one is kept."""
_CLEAR_SCORE = 0.05


@dataclass(frozen=True)
class _Match:
    iou: float
    score_difference: float

    @property
    def close(self) -> bool:
        return self.iou >= MIN_IOU and self.score_difference <= MAX_SCORE_DIFFERENCE


def compare(detector: DenseDetector, model: onnx.ModelProto, limits: Limits, canvases: Canvases) -> Parity:
    """Run both on up to IMAGES images and compare heads and detections."""
    session = Session(with_heads(model, limits).SerializeToString())
    errors: list[float] = []
    heads_close, matches, images = True, [], 0
    for batch in canvases.batches(BATCH):
        pixels = stacked(batch)
        with torch.no_grad():
            logits, boxes = detector(torch.from_numpy(pixels))
        outputs = session.run(pixels)
        # A side of a box is the difference of two numbers as large as the input: rounding shows where it is near 0.
        side = max(detector.shape.width, detector.shape.height)
        for mine, theirs in ((boxes / side, outputs[CELL_BOXES] / side), (logits.sigmoid(), outputs[CELL_SCORES])):
            close, error = _heads(mine.numpy(), theirs)
            heads_close, errors = heads_close and close, [*errors, error]
        expected = detect(logits, boxes, limits.nms_iou, limits.rows)
        matches += [match for pair in zip(expected, answers(outputs), strict=True) for match in _matches(*pair)]
        images += len(batch)
        if images >= IMAGES:
            break
    return _verdict(images, max(errors), matches, heads_close=heads_close)


def check(parity: Parity) -> Parity:
    """Return a parity that passed; raises ParityError with the numbers otherwise."""
    if not parity.passed:
        message = (
            f"the exported graph does not answer as the network: largest error of the heads "
            f"{parity.heads_max_abs_error:.2g} (allowed: rtol {HEADS_RTOL}, atol {HEADS_ATOL}), "
            f"{parity.detections_matched_percent:.1f} % of detections matched (IoU >= {MIN_IOU}, score within "
            f"{MAX_SCORE_DIFFERENCE}; allowed: {_MIN_MATCHED_PERCENT} %) on {parity.images} images"
        )
        raise ParityError(message)
    return parity


def _heads(mine: NDArray[np.float32], theirs: NDArray[Any]) -> tuple[bool, float]:
    close = np.allclose(theirs, mine, rtol=HEADS_RTOL, atol=HEADS_ATOL)
    return close, float(np.abs(theirs - mine).max())


def _matches(expected: Detections, answer: Answer) -> list[_Match]:
    """Match each clear detection of either side with the best of the other side of its class."""
    served = Detections(*(torch.from_numpy(part) for part in (answer.boxes, answer.scores, answer.classes)))
    return _one_way(expected, served) + _one_way(served, expected)


def _one_way(left: Detections, right: Detections) -> list[_Match]:
    clear = left.scores >= _CLEAR_SCORE
    overlap = box_iou(left.boxes[clear], right.boxes)
    overlap = overlap * (left.classes[clear][:, None] == right.classes[None])
    if overlap.shape[1] == 0:
        return [_Match(0.0, float(score)) for score in left.scores[clear]]
    best, index = overlap.max(dim=1)
    difference = (left.scores[clear] - right.scores[index]).abs()
    return [_Match(*pair) for pair in zip(best.tolist(), difference.tolist(), strict=True)]


def _verdict(images: int, error: float, matches: list[_Match], *, heads_close: bool) -> Parity:
    close = [match for match in matches if match.close]
    percent = 100.0 * len(close) / len(matches) if matches else 100.0
    return Parity(
        images=images,
        heads_max_abs_error=error,
        detections_matched_percent=round(percent, 2),
        min_matched_iou=min((match.iou for match in close), default=None),
        max_score_difference=max((match.score_difference for match in close), default=None),
        passed=heads_close and percent >= _MIN_MATCHED_PERCENT,
    )
