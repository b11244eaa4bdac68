"""A detector that fails on one kind of image: any batch that holds it fails as a whole, as a damaged kernel would."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17
_IR_VERSION = 9


def picky(size: int) -> bytes:
    """Return `image uint8 [N,size,size,3]` → one box: as wide as the image is bright (0-255); a black image fails.

    The failure is an index out of range: a black image's mean is 0, and only 1 to 255 can be looked up.
    """
    weights = {
        "one": np.asarray([[1.0]], np.float32),
        "minus": np.asarray(-1, np.int64),
        "table": np.arange(1, 256, dtype=np.float32)[:, None],
        "nothing": np.asarray(0.0, np.float32),
        "axis": np.asarray([1], np.int64),
        "beyond": np.asarray(1_000_000, np.int64),
        "zero": np.asarray(0, np.int64),
        "first": np.asarray([0], np.int64),
        "flat": np.asarray([-1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Cast", ["mean"], ["level"], to=TensorProto.INT64),
        helper.make_node("Equal", ["level", "zero"], ["is_black"]),
        helper.make_node("Add", ["level", "minus"], ["row"]),
        helper.make_node("Where", ["is_black", "beyond", "row"], ["index"]),
        helper.make_node("Gather", ["table", "index"], ["bright"], axis=0),
        helper.make_node("Mul", ["bright", "nothing"], ["zeros"]),
        helper.make_node("Add", ["zeros", "one"], ["scores"]),
        helper.make_node("Concat", ["zeros", "zeros", "bright", "scores"], ["box"], axis=1),
        helper.make_node("Unsqueeze", ["box", "axis"], ["boxes"]),
        helper.make_node("Cast", ["zeros"], ["classes"], to=TensorProto.INT64),
        helper.make_node("Cast", ["scores"], ["count"], to=TensorProto.INT64),
    ]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", 1, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 1]),
        helper.make_tensor_value_info("classes", TensorProto.INT64, ["N", 1]),
        helper.make_tensor_value_info("count", TensorProto.INT64, ["N", 1]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", size, size, 3])
    used = {name for node in nodes for name in node.input}
    initializers = [numpy_helper.from_array(value, name) for name, value in weights.items() if name in used]
    graph = helper.make_graph(nodes, "picky", [image], outputs, initializer=initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
