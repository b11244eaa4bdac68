"""What an ONNX file takes and gives, read without running it."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no types

from capforge_agent.failures import ModelFailedError, Reason
from capforge_agent.onnx_wire import GraphHead, read_head

DYNAMIC = -1
_TYPES = {
    onnx.TensorProto.BOOL: "TYPE_BOOL",
    onnx.TensorProto.UINT8: "TYPE_UINT8",
    onnx.TensorProto.UINT16: "TYPE_UINT16",
    onnx.TensorProto.UINT32: "TYPE_UINT32",
    onnx.TensorProto.UINT64: "TYPE_UINT64",
    onnx.TensorProto.INT8: "TYPE_INT8",
    onnx.TensorProto.INT16: "TYPE_INT16",
    onnx.TensorProto.INT32: "TYPE_INT32",
    onnx.TensorProto.INT64: "TYPE_INT64",
    onnx.TensorProto.FLOAT16: "TYPE_FP16",
    onnx.TensorProto.FLOAT: "TYPE_FP32",
    onnx.TensorProto.DOUBLE: "TYPE_FP64",
}
_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}$")


@dataclass(frozen=True)
class Tensor:
    """One input or output: Triton's data type and the full shape (-1 = any size), batch axis included."""

    name: str
    data_type: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Interface:
    """All inputs and outputs of a model."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def batched(self) -> bool:
        """Every tensor has a free first axis."""
        return all(tensor.shape[:1] == (DYNAMIC,) for tensor in (*self.inputs, *self.outputs))


def read_interface(path: Path) -> Interface:
    """Read the interface of an ONNX file; raises ModelFailedError (LoadFailed) if it is none that may be served."""
    try:
        head = _head(path)
        inputs = [onnx.ValueInfoProto.FromString(one) for one in head.inputs]
        outputs = [onnx.ValueInfoProto.FromString(one) for one in head.outputs]
    except (DecodeError, ValueError, OSError) as error:
        raise _refused(f"model.onnx cannot be read as ONNX: {error}") from error
    if head.external:
        raise _refused("model.onnx refers to other files for its weights; allowed: one file with everything in it")
    if not inputs or not outputs:
        raise _refused("model.onnx has no input or no output")
    free = tuple(_tensor(value) for value in inputs if value.name not in head.constants)
    return Interface(free, tuple(_tensor(value) for value in outputs))


def _head(path: Path) -> GraphHead:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return read_head(data)


def _tensor(value: Any) -> Tensor:
    kind = value.type.tensor_type
    if not _NAME.fullmatch(value.name):
        raise _refused(f"tensor name {value.name!r}; allowed: letters, digits and _ . : / -")
    if kind.elem_type not in _TYPES:
        raise _refused(f"tensor {value.name} has a type that is not served; allowed: {', '.join(_TYPES.values())}")
    shape = tuple(size.dim_value if size.HasField("dim_value") else DYNAMIC for size in kind.shape.dim)
    return Tensor(value.name, _TYPES[kind.elem_type], shape)


def _refused(message: str) -> ModelFailedError:
    return ModelFailedError(Reason.LOAD_FAILED, message)
