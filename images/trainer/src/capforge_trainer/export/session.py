"""The exported model as onnxruntime runs it: what serving will answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from capforge_trainer.data.canvases import Canvas, Canvases, stacked
from capforge_trainer.evaluate.coco import Found
from capforge_trainer.machine import usable_cores
from capforge_transforms import transforms

BATCH = 8


@dataclass(frozen=True)
class Answer:
    """Of one image: detections in model-input pixels, best first, without the empty rows."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


class Session:
    """An ONNX model in memory."""

    def __init__(self, model: bytes, threads: int | None = None) -> None:
        """Load the model on the CPU, with as many threads as the process may use by default."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the machine may be shared
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        (self.input,) = [one.name for one in self._session.get_inputs()]
        self.outputs = [output.name for output in self._session.get_outputs()]

    def run(self, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Return all outputs of a batch uint8 [N,H,W,3] by name."""
        return dict(zip(self.outputs, self._session.run(None, {self.input: images}), strict=True))

    def answers(self, images: NDArray[np.uint8]) -> list[Answer]:
        """Return the detections of each image of a batch."""
        return answers(self.run(images))

    def found(self, canvases: Canvases) -> Iterator[Found]:
        """Yield the detections of each image in its own pixels, as the gateway would answer them."""
        for batch in canvases.batches(BATCH):
            for canvas, answer in zip(batch, self.answers(stacked(batch)), strict=True):
                yield in_image_pixels(answer, canvas)


def answers(outputs: dict[str, NDArray[Any]]) -> list[Answer]:
    """Cut the model's outputs to the rows that hold a detection."""
    counts = outputs["count"][:, 0]
    rows = zip(outputs["boxes"], outputs["scores"], outputs["classes"], counts, strict=True)
    return [Answer(boxes[:n], scores[:n], classes[:n]) for boxes, scores, classes, n in rows]


def in_image_pixels(answer: Answer, canvas: Canvas) -> Found:
    """Move detections from the canvas to the upright image."""
    return Found(transforms().boxes_to_image(answer.boxes, canvas.placement), answer.scores, answer.classes)
