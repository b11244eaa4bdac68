"""The network as ONNX up to the cells' answers, before suppression."""

from __future__ import annotations

import io
import warnings

import onnx
import torch
from torch import Tensor

from capforge_trainer.models.detector import Detector
from capforge_trainer.models.network import Network

OPSET = 17
INPUT = "image"
CELL_BOXES = "cell_boxes"
CELL_SCORES = "cell_scores"


class _Answers(Network):
    """image → boxes [N,A,4], scores [N,A,C] after the sigmoid."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        logits, boxes = self.detector(image)
        return boxes, logits.sigmoid()


def heads_graph(detector: Detector) -> onnx.ModelProto:
    """Export a network in evaluation mode on the CPU: uint8 image [N,H,W,3] → cell_boxes [N,A,4], cell_scores [N,A,C].

    Batch norms are folded into convolutions by the exporter.
    """
    shape = detector.shape
    # Two images: an exporter may bake in a batch of one. Plain memory format: the graph has no other.
    example = torch.zeros(2, shape.height, shape.width, 3, dtype=torch.uint8)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecation notes
        torch.onnx.export(
            _Answers(detector).eval(),
            (example,),
            buffer,
            dynamo=False,  # the one exporter that torch 2.6 and newer share and that needs no further package
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[CELL_BOXES, CELL_SCORES],
            dynamic_axes={name: {0: "N"} for name in (INPUT, CELL_BOXES, CELL_SCORES)},
        )
    graph: onnx.ModelProto = onnx.load_from_string(buffer.getvalue())
    return graph
