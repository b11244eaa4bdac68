"""The network as ONNX up to the cells' answers, before suppression."""

from __future__ import annotations

import onnx
from torch import Tensor

from capforge_trainer.export.graph import graph_of
from capforge_trainer.models.dense import DenseDetector
from capforge_trainer.models.network import Network

INPUT = "image"
CELL_BOXES = "cell_boxes"
CELL_SCORES = "cell_scores"


class _Answers(Network):
    """image → boxes [N,A,4], scores [N,A,C] after the sigmoid."""

    def __init__(self, detector: DenseDetector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        logits, boxes = self.detector(image)
        return boxes, logits.sigmoid()


def heads_graph(detector: DenseDetector) -> onnx.ModelProto:
    """Export a network on the CPU: uint8 image [N,H,W,3] → cell_boxes [N,A,4], cell_scores [N,A,C]."""
    shape = detector.shape
    return graph_of(_Answers(detector), shape.height, shape.width, INPUT, [CELL_BOXES, CELL_SCORES])
