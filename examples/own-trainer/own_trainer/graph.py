"""The ONNX file: `crops uint8 [N,H,W,3]` → `scores f32 [N,C]`, everything between pixels and shares inside."""

from __future__ import annotations

import io

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from capforge_contracts import golden
from own_trainer.learner import Floats, Model
from own_trainer.regions import Pixels

OPSET = 17
INPUT, OUTPUT = "crops", "scores"
RTOL, ATOL = 1e-3, 1e-5
_IR_VERSION = 9
"""What the serving pods' ONNX Runtime is sure to read."""


def graph(model: Model, side: int) -> bytes:
    """Return the file. The batch's size is free: requests of several people are answered together."""
    cell = side // model.cells
    weights = {
        "white": np.asarray(255, np.float32),
        "row": np.asarray([0, -1], np.int64),
        "weights": model.weights,
        "bias": model.bias,
    }
    nodes = [
        helper.make_node("Cast", [INPUT], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["cells"], kernel_shape=[cell, cell], strides=[cell, cell]),
        helper.make_node("Div", ["cells", "white"], ["shares"]),
        helper.make_node("Reshape", ["shares", "row"], ["means"]),
        helper.make_node("Gemm", ["means", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [OUTPUT], axis=1),
    ]
    given = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", side, side, 3])
    told = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", len(model.bias)])
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    made = helper.make_model(
        helper.make_graph(nodes, "own-trainer", [given], [told], initializer=tensors),
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    made.ir_version = _IR_VERSION
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString())


def served(file: bytes, crops: Pixels) -> Floats:
    """Return what the file answers, as a serving pod computes it."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (answer,) = session.run([OUTPUT], {INPUT: crops})
    return np.asarray(answer, np.float32)


def golden_request(file: bytes, crops: Pixels) -> bytes:
    """Return golden.npz: no pod sends an answer to anybody before its model has given these."""
    arrays: dict[str, NDArray[np.generic]] = {
        golden.INPUT + INPUT: crops,
        golden.OUTPUT + OUTPUT: served(file, crops),
        golden.RTOL + OUTPUT: np.asarray(RTOL),
        golden.ATOL + OUTPUT: np.asarray(1e-3),
    }
    packed = io.BytesIO()
    np.savez(packed, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
    return packed.getvalue()
