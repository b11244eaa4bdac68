"""A detector that really looks: it answers the one box around all bright pixels of the canvas."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17
_IR_VERSION = 9


def bright_box(height: int, width: int, threshold: float = 200.0) -> bytes:
    """Return `image uint8 [N,height,width,3]` → one box per image, score 1, class 0, count 1."""
    constants = {
        "threshold": np.asarray(threshold, np.float32),
        "one": np.asarray([1.0], np.float32),
        "axis": np.asarray([1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMin", ["float"], ["grey"], axes=[3], keepdims=0),
        helper.make_node("Greater", ["grey", "threshold"], ["bright"]),
        helper.make_node("Cast", ["bright"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["mask"], ["columns"], axes=[1], keepdims=0),
        helper.make_node("ReduceMax", ["mask"], ["rows"], axes=[2], keepdims=0),
        *_first_and_last("columns", "x"),
        *_first_and_last("rows", "y"),
        helper.make_node("Concat", ["x0", "y0", "x1", "y1"], ["box"], axis=1),
        helper.make_node("Unsqueeze", ["box", "axis"], ["boxes"]),
        helper.make_node("Mul", ["x0", "one"], ["x0_again"]),
        helper.make_node("Sub", ["x0_again", "x0"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["scores"]),
        helper.make_node("Cast", ["nothing"], ["classes"], to=TensorProto.INT64),
        helper.make_node("Cast", ["scores"], ["count"], to=TensorProto.INT64),
    ]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", 1, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 1]),
        helper.make_tensor_value_info("classes", TensorProto.INT64, ["N", 1]),
        helper.make_tensor_value_info("count", TensorProto.INT64, ["N", 1]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", height, width, 3])
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "bright-box", [image], outputs, initializer=weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _first_and_last(profile: str, axis: str) -> list[onnx.NodeProto]:
    """From a profile [N, size] of 0 and 1: `<axis>0` = index of the first 1, `<axis>1` = 1 + index of the last."""
    return [
        helper.make_node("ArgMax", [profile], [f"{axis}first"], axis=1, keepdims=1),
        helper.make_node("Cast", [f"{axis}first"], [f"{axis}0"], to=TensorProto.FLOAT),
        helper.make_node("ArgMax", [profile], [f"{axis}last"], axis=1, keepdims=1, select_last_index=1),
        helper.make_node("Cast", [f"{axis}last"], [f"{axis}l"], to=TensorProto.FLOAT),
        helper.make_node("Add", [f"{axis}l", "one"], [f"{axis}1"]),
    ]
