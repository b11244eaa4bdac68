"""A field extractor small enough to be understood: a linear rule on the features of each token."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import PICTURE_LONG_SIDE
from capforge_transforms.documents.encode import (
    CELLS_INPUT,
    CLASSES_OUTPUT,
    FEATURES,
    FEATURES_INPUT,
    GRAMS_INPUT,
    MASK_INPUT,
    NEIGHBOURS_INPUT,
    PICTURE_INPUT,
    SCORES_OUTPUT,
    SLOTS,
)
from capforge_transforms.documents.grams import GRAMS
from capforge_transforms.documents.places import LAYOUT_FEATURES
from capforge_transforms.documents.relations import KINDS
from capforge_transforms.documents.shapes import PAGE_FEATURES, TEXT_FEATURES

_OPSET = 17
_IR_VERSION = 9
_FIRST_IN_LINE, _LAST_IN_LINE, _DEPTH, _FIRST_LINE = 9, 10, 15, 18
"""Positions in layout_features."""
_KINDS = LAYOUT_FEATURES + TEXT_FEATURES + PAGE_FEATURES + 1
_ROWS = 4
"""Of the scores of a field: a value or a first word, a last word, a word within, keeping it."""


def linear_extractor(fields: list[DataField], class_index: int = 0) -> bytes:
    """Return a model that takes a page's lowest value of each field's kind, for Word its first line, and always the
    same class of a classification."""
    weights, bias = _rule(fields)
    classes = np.full(sum(len(field.classes) for field in fields) or 1, -4.0, np.float32)
    classes[class_index] = 4.0
    constants = {
        "weights": weights,
        "bias": bias,
        "by_field": np.asarray([0, -1, len(fields), _ROWS], np.int64),
        "class_scores": classes[None],
        "nothing": np.asarray(0.0, np.float32),
    }
    kinds = {
        GRAMS_INPUT: (TensorProto.INT32, ["N", "T", GRAMS]),
        FEATURES_INPUT: (TensorProto.FLOAT, ["N", "T", FEATURES]),
        NEIGHBOURS_INPUT: (TensorProto.INT32, ["N", "T", SLOTS]),
        CELLS_INPUT: (TensorProto.INT32, ["N", "T"]),
        MASK_INPUT: (TensorProto.FLOAT, ["N", "T"]),
        PICTURE_INPUT: (TensorProto.UINT8, ["N", PICTURE_LONG_SIDE, PICTURE_LONG_SIDE]),
    }
    nodes = [
        helper.make_node("MatMul", [FEATURES_INPUT, "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["flat"]),
        helper.make_node("Reshape", ["flat", "by_field"], ["by_token"]),
        helper.make_node("Transpose", ["by_token"], [SCORES_OUTPUT], perm=[0, 2, 3, 1]),
        *_all_looked_at(kinds),
        helper.make_node("Add", ["looked_at", "class_scores"], [CLASSES_OUTPUT]),
    ]
    outputs = [
        helper.make_tensor_value_info(SCORES_OUTPUT, TensorProto.FLOAT, ["N", len(fields), _ROWS, "T"]),
        helper.make_tensor_value_info(CLASSES_OUTPUT, TensorProto.FLOAT, ["N", classes.size]),
    ]
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in kinds.items()]
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "linear-extractor", inputs, outputs, initializer=initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _all_looked_at(kinds: dict[str, tuple[int, list[object]]]) -> list[onnx.NodeProto]:
    """Zero [N,1] made of every input, so that none of them can be left out."""
    nodes, sums = [], []
    for name, (_, shape) in kinds.items():
        axes = list(range(1, len(shape)))
        nodes += [
            helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMax", [f"{name}_float"], [f"{name}_sum"], axes=axes, keepdims=0),
        ]
        sums.append(f"{name}_sum")
    nodes += [
        helper.make_node("Sum", sums, ["all"]),
        helper.make_node("Mul", ["all", "nothing"], ["zero"]),
        helper.make_node("Constant", [], ["last"], value=numpy_helper.from_array(np.asarray([1], np.int64))),
        helper.make_node("Unsqueeze", ["zero", "last"], ["looked_at"]),
    ]
    return nodes


def _rule(fields: list[DataField]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    weights = np.zeros((FEATURES, len(fields), _ROWS), np.float32)
    bias = np.full((len(fields), _ROWS), -6.0, np.float32)
    for position, field in enumerate(fields):
        if field.type is FieldType.WORD:
            weights[[_FIRST_LINE, _FIRST_IN_LINE], position, 0] = 4.0
            weights[[_FIRST_LINE, _LAST_IN_LINE], position, 1] = 4.0
            bias[position, 2:] = (0.0, 1.0)
        elif field.type is not FieldType.CLASSIFICATION:
            kind = next(number for number, kind in enumerate(KINDS) if kind.value == field.type.value)
            weights[_KINDS + kind, position, 0] = 8.0
            weights[_DEPTH, position, 0] = 4.0
    return weights.reshape(FEATURES, -1), bias.reshape(-1)
