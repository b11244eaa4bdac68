"""One trained network → the files that are published: proven first, written by the caller."""

from __future__ import annotations

import onnx

from capforge_contracts.run import TensorSpec
from capforge_trainer.data.canvases import Canvases
from capforge_trainer.export import parity
from capforge_trainer.export.golden import golden_request
from capforge_trainer.export.heads import INPUT, heads_graph
from capforge_trainer.export.suppression import Limits, served_graph
from capforge_trainer.models.dense import DenseDetector
from capforge_trainer.surroundings import Artefact

MAX_BATCH_SIZE = 16
"""What servers may join; the graph itself takes any batch."""


def export(detector: DenseDetector, limits: Limits, dev: Canvases) -> Artefact:
    """Export and prove; raises ParityError."""
    return proven(detector, served_graph(heads_graph(detector), limits), limits, dev)


def proven(detector: DenseDetector, model: onnx.ModelProto, limits: Limits, dev: Canvases) -> Artefact:
    """Compare a graph with the network on dev; raises ParityError."""
    passed = parity.check(parity.compare(detector, model, limits, dev))
    return Artefact(model.SerializeToString(), golden_request(model, dev), passed)


def limits_of(detector: DenseDetector, nms_iou: float, max_detections: int) -> Limits:
    """Return the constants of the graph's post-processing."""
    cells = len(detector.points)
    return Limits(cells=cells, classes=detector.shape.classes, nms_iou=nms_iou, max_detections=max_detections)


def input_tensors(detector: DenseDetector) -> list[TensorSpec]:
    """Return what the model takes."""
    return [TensorSpec(name=INPUT, datatype="UINT8", shape=[-1, detector.shape.height, detector.shape.width, 3])]


def output_tensors(limits: Limits) -> list[TensorSpec]:
    """Return what the model gives."""
    return [
        TensorSpec(name="boxes", datatype="FP32", shape=[-1, limits.rows, 4]),
        TensorSpec(name="scores", datatype="FP32", shape=[-1, limits.rows]),
        TensorSpec(name="classes", datatype="INT64", shape=[-1, limits.rows]),
        TensorSpec(name="count", datatype="INT64", shape=[-1, 1]),
    ]
