"""Tiny ONNX models with the interface of the model contract, whose outputs a test can compute by hand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from capforge_contracts import golden

_OPSET = 17
_IR_VERSION = 9


@dataclass(frozen=True)
class FixedDetector:
    """A detector that finds the same boxes in every image; each score is scaled by the image's mean brightness (0-1).

    `image uint8 [N,height,width,3]` → `boxes f32 [N,K,4]`, `scores f32 [N,K]`, `classes i64 [N,K]`, `count i64 [N,1]`.
    """

    boxes: Sequence[tuple[float, float, float, float]] = ((1.0, 2.0, 11.0, 12.0), (5.0, 5.0, 30.0, 20.0))
    scores: Sequence[float] = (0.9, 0.5)
    classes: Sequence[int] = (0, 1)
    height: int = 32
    width: int = 32

    def onnx(self) -> bytes:
        """Return the model file."""
        found = len(self.boxes)
        constants = {
            "found_boxes": np.asarray([self.boxes], np.float32),
            "found_scores": np.asarray([self.scores], np.float32),
            "found_classes": np.asarray([self.classes], np.int64),
            "found_count": np.asarray([[found]], np.int64),
            "white": np.asarray(255.0, np.float32),
            "zero": np.asarray(0.0, np.float32),
            "last": np.asarray([2], np.int64),
            "one_column": np.asarray([-1, 1], np.int64),
        }
        nodes = [
            helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["float"], ["mean4"], axes=[1, 2, 3]),
            helper.make_node("Reshape", ["mean4", "one_column"], ["mean"]),
            helper.make_node("Div", ["mean", "white"], ["brightness"]),
            helper.make_node("Mul", ["brightness", "found_scores"], ["scores"]),
            helper.make_node("Mul", ["brightness", "zero"], ["nothing"]),
            helper.make_node("Cast", ["nothing"], ["none"], to=TensorProto.INT64),
            helper.make_node("Unsqueeze", ["nothing", "last"], ["nothing3"]),
            helper.make_node("Add", ["found_boxes", "nothing3"], ["boxes"]),
            helper.make_node("Add", ["found_classes", "none"], ["classes"]),
            helper.make_node("Add", ["found_count", "none"], ["count"]),
        ]
        outputs = [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", found, 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", found]),
            helper.make_tensor_value_info("classes", TensorProto.INT64, ["N", found]),
            helper.make_tensor_value_info("count", TensorProto.INT64, ["N", 1]),
        ]
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", self.height, self.width, 3])
        weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
        graph = helper.make_graph(nodes, "fixed-detector", [image], outputs, initializer=weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())

    def images(self, count: int, seed: int = 0) -> NDArray[np.uint8]:
        """Return random images `[count,height,width,3]`."""
        shape = (count, self.height, self.width, 3)
        return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def golden_file(model: bytes, inputs: dict[str, NDArray[np.generic]], rtol: float = 1e-3, atol: float = 1e-5) -> bytes:
    """Return the `golden.npz` of a model: these inputs and what ONNX Runtime answers here."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_outputs()]
    arrays: dict[str, NDArray[np.generic]] = {golden.INPUT + name: value for name, value in inputs.items()}
    for name, value in zip(names, session.run(names, inputs), strict=True):
        arrays[golden.OUTPUT + name] = value
        arrays[golden.RTOL + name] = np.asarray(rtol)
        arrays[golden.ATOL + name] = np.asarray(atol)
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
    return file.getvalue()
