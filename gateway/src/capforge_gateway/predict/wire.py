"""Triton's HTTP binary tensor extension: JSON first, then the tensors' bytes one after the other. Pure.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

HEADER_LENGTH = b"inference-header-content-length"
_DTYPES: Mapping[str, np.dtype[Any]] = {
    "FP32": np.dtype("<f4"),
    "INT64": np.dtype("<i8"),
    "INT32": np.dtype("<i4"),
    "UINT8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_NAMES: Mapping[np.dtype[Any], str] = {dtype: name for name, dtype in _DTYPES.items()}

Tensors = dict[str, NDArray[Any]]


class WireError(ValueError):
    """The answer is not what the protocol says."""


def infer_head(
    model: str, request_id: str, input_name: str, shape: tuple[int, ...], outputs: tuple[str, ...], authority: str
) -> bytes:
    """Return everything of an infer request before the tensor's own bytes: HTTP head and JSON.

    `shape` is that of one uint8 tensor, batch axis included.
    """
    size = math.prod(shape)
    return _head(model, request_id, [_input(input_name, shape, "UINT8", size)], outputs, authority, size)


def named_infer_head(
    model: str, request_id: str, inputs: Mapping[str, NDArray[Any]], outputs: tuple[str, ...], authority: str
) -> bytes:
    """Do the same for several inputs of several types, whose bytes follow in this order; raises WireError."""
    described = [_input(name, array.shape, _datatype(array), array.nbytes) for name, array in inputs.items()]
    size = sum(array.nbytes for array in inputs.values())
    return _head(model, request_id, described, outputs, authority, size)


def _input(name: str, shape: tuple[int, ...], datatype: str, size: int) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}


def _datatype(array: NDArray[Any]) -> str:
    try:
        return _NAMES[array.dtype]
    except KeyError as error:
        raise WireError(f"an input of {array.dtype} cannot be sent; known: {', '.join(_DTYPES)}") from error


def _head(
    model: str, request_id: str, inputs: list[dict[str, Any]], outputs: tuple[str, ...], authority: str, size: int
) -> bytes:
    described = orjson.dumps(
        {
            "id": request_id,
            "inputs": inputs,
            "outputs": [{"name": name, "parameters": {"binary_data": True}} for name in outputs],
        }
    )
    return (
        f"POST /v2/models/{model}/infer HTTP/1.1\r\n"
        f"Host: {authority}\r\n"
        "Content-Type: application/octet-stream\r\n"
        "Accept-Encoding: identity\r\n"
        f"Inference-Header-Content-Length: {len(described)}\r\n"
        f"Content-Length: {len(described) + size}\r\n"
        "\r\n"
    ).encode("ascii") + described


def tensors_of(body: bytes, header_length: int | None) -> Tensors:
    """Return the named output tensors, as views into the body; raises WireError."""
    try:
        described = orjson.loads(memoryview(body)[: len(body) if header_length is None else header_length])
        return _binary_tensors(body, len(body) if header_length is None else header_length, described["outputs"])
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"the answer cannot be read: {error!r}") from error


def _binary_tensors(body: bytes, offset: int, outputs: list[dict[str, Any]]) -> Tensors:
    tensors: Tensors = {}
    for output in outputs:
        dtype, shape = _DTYPES[output["datatype"]], output["shape"]
        size = output["parameters"]["binary_data_size"]
        count = math.prod(shape)
        if size < 0 or size != count * dtype.itemsize or offset + size > len(body):
            raise WireError(f"output `{output['name']}` has {size} bytes for shape {shape} of {output['datatype']}")
        tensors[output["name"]] = np.frombuffer(body, dtype, count, offset).reshape(shape)
        offset += size
    return tensors


def error_of(body: bytes) -> str:
    """Return Triton's own words for an error."""
    try:
        return str(orjson.loads(body)["error"])[:1000]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace")
