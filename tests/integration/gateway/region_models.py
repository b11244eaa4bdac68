"""Models of regions whose answers a test can compute by hand: a classifier by mean colour, an embedder of thumbnails."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17
_IR_VERSION = 9
GRID = 2
"""The embedder's picture of a region is GRID x GRID means of each channel."""
EMBEDDING_SIZE = GRID * GRID * 3


def mean_colour(size: int, channels: tuple[int, ...] = (0, 1, 2)) -> bytes:
    """Return `crops uint8 [N,size,size,3]` → `scores f32 [N,C]`: each channel's share of the mean colour.

    `channels` are the outputs' order; black is a third of everything.
    """
    weights = {
        "little": np.asarray(1e-3, np.float32),
        "order": np.asarray(channels, np.int64),
        "last": np.asarray([1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["crops"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("Add", ["means", "little"], ["some"]),
        helper.make_node("Gather", ["some", "order"], ["ordered"], axis=1),
        helper.make_node("ReduceSum", ["ordered", "last"], ["sum"], keepdims=1),
        helper.make_node("Div", ["ordered", "sum"], ["scores"]),
    ]
    return _model("mean-colour", size, nodes, weights, "scores", len(channels))


def thumbnail(size: int) -> bytes:
    """Return `crops uint8 [N,size,size,3]` → `embeddings f32 [N,EMBEDDING_SIZE]`: a tiny picture of unit length."""
    cell = size // GRID
    weights = {
        "half": np.asarray(128.0, np.float32),
        "flat": np.asarray([-1, EMBEDDING_SIZE], np.int64),
        "little": np.asarray(1e-6, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["crops"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["float", "half"], ["centred"]),
        helper.make_node("Transpose", ["centred"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["first"], ["pooled"], kernel_shape=[cell, cell], strides=[cell, cell]),
        helper.make_node("Reshape", ["pooled", "flat"], ["row"]),
        helper.make_node("ReduceL2", ["row"], ["norm"], axes=[1], keepdims=1),
        helper.make_node("Add", ["norm", "little"], ["length"]),
        helper.make_node("Div", ["row", "length"], ["embeddings"]),
    ]
    return _model("thumbnail", size, nodes, weights, "embeddings", EMBEDDING_SIZE)


def embedded(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what `thumbnail` answers, worked out here."""
    count, size = crops.shape[:2]
    cell = size // GRID
    cells = crops.astype(np.float32).reshape(count, GRID, cell, GRID, cell, 3).mean(axis=(2, 4)) - 128
    rows = cells.transpose(0, 3, 1, 2).reshape(count, -1)
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6), np.float32)


def _model(
    name: str, size: int, nodes: list[onnx.NodeProto], weights: dict[str, NDArray[np.generic]], output: str, width: int
) -> bytes:
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["N", size, size, 3])
    answer = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", width])
    initializers = [numpy_helper.from_array(value, key) for key, value in weights.items()]
    graph = helper.make_graph(nodes, name, [crops], [answer], initializer=initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
