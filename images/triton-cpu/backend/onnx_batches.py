# ruff: noqa: INP001 - Triton imports this folder's files by their bare names
"""What the back end does with ONNX Runtime, free of Triton: session options, a model's interface, batched runs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import onnxruntime

Tensors = dict[str, np.ndarray]

TRITON_TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
}
_NUMPY_NAMES = {"tensor(float)": "float32", "tensor(double)": "float64"}
TRITON_DTYPES = {name: np.dtype(_NUMPY_NAMES.get(name, name[len("tensor(") : -1])) for name in TRITON_TYPES}
_PROVIDERS = ["CPUExecutionProvider"]
_QUICK_CPU_SECONDS = 0.003
_PROBES = 3
_GRAPH_LEVELS = {
    -1: onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    0: onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    1: onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
DYNAMIC = -1
DEFAULT_MAX_BATCH_SIZE = 4
"""What NVIDIA's back end takes for a batched model whose configuration names no size."""


@dataclass(frozen=True)
class TensorInfo:
    """One input or output: Triton's data type and the full shape (-1 = any size), batch axis included."""

    name: str
    data_type: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Interface:
    """What a model takes and gives."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]

    @property
    def batched(self) -> bool:
        """Every tensor has a free first axis."""
        tensors = (*self.inputs, *self.outputs)
        return all(tensor.shape[:1] == (DYNAMIC,) for tensor in tensors)


def session_options(config: Mapping[str, Any], env: Mapping[str, str] = os.environ) -> onnxruntime.SessionOptions:
    """Read the parameters that NVIDIA's back end reads; the environment gives the defaults.

    Parameters: intra_op_thread_count, inter_op_thread_count (0 = all cores), execution_mode (1 = parallel);
    optimization.graph.level (-1, 0, 1). Environment: CAPFORGE_INTRA_OP_THREADS, CAPFORGE_INTER_OP_THREADS.
    Raises ValueError naming the parameter that is not a number.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _number(config, "intra_op_thread_count", env.get("CAPFORGE_INTRA_OP_THREADS", "0"))
    options.inter_op_num_threads = _number(config, "inter_op_thread_count", env.get("CAPFORGE_INTER_OP_THREADS", "0"))
    if _number(config, "execution_mode", "0") == 1:
        options.execution_mode = onnxruntime.ExecutionMode.ORT_PARALLEL
    level = int(config.get("optimization", {}).get("graph", {}).get("level", 1))
    options.graph_optimization_level = _GRAPH_LEVELS.get(level, _GRAPH_LEVELS[1])
    # Threads that spin between requests take the cores from the other instances and from the gateway.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _number(config: Mapping[str, Any], name: str, default: str) -> int:
    text = config.get("parameters", {}).get(name, {}).get("string_value", default)
    try:
        return int(text)
    except ValueError as error:
        message = f"parameter {name} is {text!r}; allowed: a whole number"
        raise ValueError(message) from error


def opened(path: str, config: Mapping[str, Any]) -> onnxruntime.InferenceSession:
    """Open a model with as many threads as are allowed and pay.

    A model that needs a few milliseconds spends as much on waking a second thread as that thread saves: it is not
    faster and takes half as much CPU time again, which other requests and the gateway then lack. Such a model gets one
    thread. Raises what ONNX Runtime raises for a file that it cannot open.
    """
    options = session_options(config)
    session = onnxruntime.InferenceSession(path, options, providers=_PROVIDERS)
    if options.intra_op_num_threads == 1 or not _is_quick(session):
        return session
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=_PROVIDERS)


def _is_quick(session: onnxruntime.InferenceSession) -> bool:
    """Tell whether a run with one empty row takes a few milliseconds of CPU time, which a busy node changes little."""
    try:
        row = {node.name: np.zeros([1, *node.shape[1:]], TRITON_DTYPES[node.type]) for node in session.get_inputs()}
        return min(_cpu_seconds(session, row) for _ in range(_PROBES)) < _QUICK_CPU_SECONDS
    except Exception:  # noqa: BLE001 - sizes that are not fixed, or a model that does not take zeros: as it was asked for
        return False


def _cpu_seconds(session: onnxruntime.InferenceSession, row: Tensors) -> float:
    started = time.process_time()
    session.run(None, row)
    return time.process_time() - started


def interface(session: onnxruntime.InferenceSession) -> Interface:
    """Read a model's interface; raises ValueError naming a tensor whose type is not served."""
    return Interface(
        tuple(_tensor(node) for node in session.get_inputs()), tuple(_tensor(node) for node in session.get_outputs())
    )


def _tensor(node: onnxruntime.NodeArg) -> TensorInfo:
    if node.type not in TRITON_TYPES:
        message = f"tensor {node.name} is {node.type}; allowed: {', '.join(sorted(TRITON_TYPES))}"
        raise ValueError(message)
    shape = tuple(size if isinstance(size, int) else DYNAMIC for size in node.shape)
    return TensorInfo(node.name, TRITON_TYPES[node.type], shape)


def completion(model: Interface, max_batch_size: int) -> dict[str, Any]:
    """Return what a minimal configuration lacks: max_batch_size, input and output as Triton spells them."""
    size = max_batch_size or (DEFAULT_MAX_BATCH_SIZE if model.batched else 0)
    return {
        "max_batch_size": size,
        "input": [_declared(tensor, size) for tensor in model.inputs],
        "output": [_declared(tensor, size) for tensor in model.outputs],
    }


def _declared(tensor: TensorInfo, max_batch_size: int) -> dict[str, Any]:
    dims = tensor.shape[1:] if max_batch_size else tensor.shape
    return {"name": tensor.name, "data_type": tensor.data_type, "dims": list(dims)}


def mismatches(model: Interface, config: Mapping[str, Any]) -> list[str]:
    """Tell what in a full configuration the model does not bear out (names, types, a batch axis that is not free)."""
    found = []
    if config["max_batch_size"] > 0 and not model.batched:
        found.append("max_batch_size is not 0, but the model has no free first axis on every tensor")
    for role, tensors in (("input", model.inputs), ("output", model.outputs)):
        known = {tensor.name: tensor for tensor in tensors}
        for declared in config[role]:
            tensor = known.get(declared["name"])
            if tensor is None:
                found.append(f"unexpected {role} '{declared['name']}', allowed: {', '.join(known)}")
            elif tensor.data_type != declared["data_type"]:
                found.append(f"{role} '{tensor.name}' is {declared['data_type']}, expected {tensor.data_type}")
    missing = {tensor.name for tensor in model.inputs} - {declared["name"] for declared in config["input"]}
    found.extend(f"input '{name}' is not configured" for name in sorted(missing))
    return found


def run(
    session: onnxruntime.InferenceSession, outputs: Sequence[str], requests: Sequence[Tensors], batched: bool
) -> list[Tensors | Exception]:
    """Answer the requests in order, in one run where the model is batched; a request that fails fails alone."""
    if batched and len(requests) > 1:
        try:
            return list(_run_together(session, outputs, requests))
        except Exception:  # noqa: BLE001 - ONNX Runtime raises its own undocumented types; retried one by one below
            return [_run_one(session, outputs, request) for request in requests]
    return [_run_one(session, outputs, request) for request in requests]


def _run_together(
    session: onnxruntime.InferenceSession, outputs: Sequence[str], requests: Sequence[Tensors]
) -> list[Tensors]:
    joined = {name: np.concatenate([request[name] for request in requests]) for name in requests[0]}
    ends = list(accumulate(len(next(iter(request.values()))) for request in requests))
    arrays = session.run(outputs, joined)
    rows = list(zip([0, *ends], ends, strict=False))
    return [{name: array[first:end] for name, array in zip(outputs, arrays, strict=True)} for first, end in rows]


def _run_one(session: onnxruntime.InferenceSession, outputs: Sequence[str], request: Tensors) -> Tensors | Exception:
    try:
        return dict(zip(outputs, session.run(outputs, request), strict=True))
    except Exception as error:  # noqa: BLE001 - any failure becomes this request's answer
        return error
