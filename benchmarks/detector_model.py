"""A small model with a detector's interface and about a detector's kinds of work: convolutions, sigmoid, top 100."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17
_IR_VERSION = 9
_CHANNELS = (3, 16, 24, 32, 48)
_STRIDE = 2 ** (len(_CHANNELS) - 1)
_FOUND = 100


def small_detector(size: int, floats: bool = False) -> bytes:
    """Return `image uint8 [N,size,size,3]` → boxes [N,100,4], scores [N,100], classes [N,100], count [N,1].

    With `floats` the input is `image float32 [N,3,size,size]`, already divided by 255; the rest is the same.
    """
    generator = np.random.default_rng(0)
    cells = (size // _STRIDE) ** 2
    weights: dict[str, np.ndarray] = {
        "scale": np.asarray(1 / 255, np.float32),
        "k": np.asarray([_FOUND], np.int64),
        "flat": np.asarray([0, -1], np.int64),
        "last": np.asarray([2], np.int64),
        "four": np.asarray([1, 1, 4], np.int64),
        "places": generator.uniform(0, size, (cells,)).astype(np.float32),
        "found": np.asarray([[_FOUND]], np.int64),
    }
    nodes = [helper.make_node("Identity", ["image"], ["x0"])] if floats else _normalised()
    for layer, (before, after) in enumerate(itertools.pairwise(_CHANNELS)):
        weights[f"w{layer}"] = (generator.normal(0, 1, (after, before, 3, 3)) / (3 * before**0.5)).astype(np.float32)
        nodes += [
            helper.make_node("Conv", [f"x{layer}", f"w{layer}"], [f"c{layer}"], strides=[2, 2], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"c{layer}"], [f"x{layer + 1}"]),
        ]
    weights["head"] = generator.normal(0, 0.3, (1, _CHANNELS[-1], 1, 1)).astype(np.float32)
    nodes += [
        helper.make_node("Conv", [f"x{len(_CHANNELS) - 1}", "head"], ["logits"]),
        helper.make_node("Reshape", ["logits", "flat"], ["rows"]),
        helper.make_node("Sigmoid", ["rows"], ["sigmoid"]),
        helper.make_node("TopK", ["sigmoid", "k"], ["scores", "indices"]),
        helper.make_node("Gather", ["places", "indices"], ["corner"]),
        helper.make_node("Unsqueeze", ["corner", "last"], ["corner3"]),
        helper.make_node("Tile", ["corner3", "four"], ["boxes"]),
        helper.make_node("Sub", ["indices", "indices"], ["classes"]),
        helper.make_node("ReduceMin", ["classes"], ["nothing"], axes=[1], keepdims=1),
        helper.make_node("Add", ["nothing", "found"], ["count"]),
    ]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", _FOUND, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", _FOUND]),
        helper.make_tensor_value_info("classes", TensorProto.INT64, ["N", _FOUND]),
        helper.make_tensor_value_info("count", TensorProto.INT64, ["N", 1]),
    ]
    image = _input(size, floats)
    initializers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "small-detector", [image], outputs, initializer=initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _normalised() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["x0"], perm=[0, 3, 1, 2]),
    ]


def _input(size: int, floats: bool) -> onnx.ValueInfoProto:
    if floats:
        return helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, size, size])
    return helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", size, size, 3])
