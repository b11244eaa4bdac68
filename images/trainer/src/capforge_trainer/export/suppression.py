"""Batched post-processing as ONNX nodes behind the heads: best cells → suppression per class → scatter → best K.

torchvision's own detection export is for one fixed batch; here every image of a batch is treated alone, so that a batch
of three answers as three batches of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from capforge_trainer.export.graph import OPSET
from capforge_trainer.export.heads import CELL_BOXES, CELL_SCORES, INPUT
from capforge_trainer.models.postprocess import CANDIDATES, SCORE_FLOOR

OUTPUTS = ("boxes", "scores", "classes", "count")
_IR_VERSION = 8
"""Read by every onnxruntime since 1.12, those in older servers included."""


@dataclass(frozen=True)
class Limits:
    """Numbers that become constants of the graph."""

    cells: int
    classes: int
    nms_iou: float
    max_detections: int

    @property
    def candidates(self) -> int:
        """Cells of an image that enter the suppression."""
        return min(CANDIDATES, self.cells)

    @property
    def rows(self) -> int:
        """K: rows of the outputs."""
        return min(self.max_detections, self.candidates * self.classes)


def served_graph(heads: onnx.ModelProto, limits: Limits) -> onnx.ModelProto:
    """Return the whole model: uint8 image [N,H,W,3] → boxes, scores, classes, count as in the model contract."""
    graph = onnx.GraphProto()
    graph.CopyFrom(heads.graph)
    graph.name = "detector"
    graph.initializer.extend(_constants(limits))
    graph.node.extend(_nodes())
    del graph.output[:]
    graph.output.extend(_outputs(limits))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="capforge")
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def _outputs(limits: Limits) -> list[onnx.ValueInfoProto]:
    rows = limits.rows
    return [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", rows, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", rows]),
        helper.make_tensor_value_info("classes", TensorProto.INT64, ["N", rows]),
        helper.make_tensor_value_info("count", TensorProto.INT64, ["N", 1]),
    ]


def _constants(limits: Limits) -> list[TensorProto]:
    values: dict[str, np.ndarray] = {
        "k.candidates": np.array([limits.candidates], np.int64),
        "k.candidates_scalar": np.array(limits.candidates, np.int64),
        "k.rows": np.array([limits.rows], np.int64),
        "k.slots": np.array([limits.candidates * limits.classes], np.int64),
        "k.iou": np.array(limits.nms_iou, np.float32),
        "k.floor": np.array(SCORE_FLOOR, np.float32),
        "k.zero": np.array(0.0, np.float32),
        "k.first": np.array([0], np.int64),
        "k.second": np.array([1], np.int64),
        "k.last": np.array([-1], np.int64),
    }
    return [numpy_helper.from_array(value, name) for name, value in values.items()]


def _nodes() -> list[NodeProto]:
    """Names: t.* are intermediate tensors, k.* constants. N images, A cells, P candidates, C classes, K rows."""
    return [*_candidates(), *_suppressed(), *_scattered(), *_best_rows()]


def _candidates() -> list[NodeProto]:
    """Take the P best cells of each image: t.boxes [N,P,4], t.scores [N,C,P]."""
    return [
        _node("ReduceMax", [CELL_SCORES], "t.cell_best", axes=[2], keepdims=0),
        helper.make_node("TopK", ["t.cell_best", "k.candidates"], ["t.candidate_best", "t.candidate"], axis=1),
        _node("Unsqueeze", ["t.candidate", "k.last"], "t.candidate_index"),
        _node("GatherND", [CELL_BOXES, "t.candidate_index"], "t.boxes", batch_dims=1),
        _node("GatherND", [CELL_SCORES, "t.candidate_index"], "t.scores_by_cell", batch_dims=1),
        _node("Transpose", ["t.scores_by_cell"], "t.scores", perm=[0, 2, 1]),
    ]


def _suppressed() -> list[NodeProto]:
    """Suppress per image and class: t.kept [M,3] = (image, class, candidate), t.kept_scores [M]."""
    inputs = ["t.boxes", "t.scores", "k.candidates", "k.iou", "k.floor"]
    return [
        _node("NonMaxSuppression", inputs, "t.kept"),
        _node("GatherND", ["t.scores", "t.kept"], "t.kept_scores"),
    ]


def _scattered() -> list[NodeProto]:
    """Write kept scores into a table with a slot for each (class, candidate): t.table [N,C*P], zero elsewhere."""
    return [
        _node("Shape", ["t.scores"], "t.scores_shape"),
        _node("ConstantOfShape", ["t.scores_shape"], "t.empty"),
        _node("ScatterND", ["t.empty", "t.kept", "t.kept_scores"], "t.table_by_class"),
        _node("Gather", ["t.scores_shape", "k.first"], "t.images"),
        _node("Concat", ["t.images", "k.slots"], "t.table_shape", axis=0),
        _node("Reshape", ["t.table_by_class", "t.table_shape"], "t.table"),
    ]


def _best_rows() -> list[NodeProto]:
    """Take the K best slots; rows beyond the count are zero everywhere."""
    return [
        helper.make_node("TopK", ["t.table", "k.rows"], ["scores", "t.slot"], axis=1),
        _node("Greater", ["scores", "k.zero"], "t.found"),
        _node("Cast", ["t.found"], "t.found_int", to=TensorProto.INT64),
        _node("ReduceSum", ["t.found_int", "k.second"], "count", keepdims=1),
        _node("Div", ["t.slot", "k.candidates_scalar"], "t.slot_class"),
        _node("Mul", ["t.slot_class", "t.found_int"], "classes"),
        _node("Mod", ["t.slot", "k.candidates_scalar"], "t.slot_candidate"),
        _node("Unsqueeze", ["t.slot_candidate", "k.last"], "t.slot_index"),
        _node("GatherND", ["t.boxes", "t.slot_index"], "t.row_boxes", batch_dims=1),
        _node("Cast", ["t.found"], "t.found_float", to=TensorProto.FLOAT),
        _node("Unsqueeze", ["t.found_float", "k.last"], "t.found_column"),
        _node("Mul", ["t.row_boxes", "t.found_column"], "boxes"),
    ]


def _node(operator: str, inputs: list[str], output: str, **attributes: object) -> NodeProto:
    return helper.make_node(operator, inputs, [output], name=output, **attributes)


def with_heads(model: onnx.ModelProto, limits: Limits) -> onnx.ModelProto:
    """Return the same model that also answers the cells' boxes and scores, to compare them with the network's."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    cells, classes = limits.cells, limits.classes
    copy.graph.output.extend(
        [
            helper.make_tensor_value_info(CELL_BOXES, TensorProto.FLOAT, ["N", cells, 4]),
            helper.make_tensor_value_info(CELL_SCORES, TensorProto.FLOAT, ["N", cells, classes]),
        ]
    )
    return copy


__all__ = ["INPUT", "OUTPUTS", "Limits", "served_graph", "with_heads"]
