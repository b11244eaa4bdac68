"""Output tensors to the body of an answer: JSON first, then the bytes of binary tensors. Pure.

The classification extension is worked out here, in Triton's own form: `value:index`, the largest first, per image.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from capforge_gateway.errors import bad_request
from capforge_gateway.inference_protocol.request import InferRequest, WantedOutput
from capforge_gateway.predict.wire import Tensors

_DATATYPES: Mapping[str, str] = {"float32": "FP32", "int64": "INT64", "int32": "INT32", "uint8": "UINT8"}


def wanted_outputs(request: InferRequest, names: Sequence[str]) -> tuple[WantedOutput, ...]:
    """Return what is asked for, all outputs if nothing was listed; raises 400 for an unknown name."""
    for one in request.outputs:
        if one.name not in names:
            raise bad_request(f"there is no output `{one.name[:60]}`; allowed: {', '.join(names)}")
    return request.outputs or tuple(WantedOutput(name, request.all_binary) for name in names)


def answer_of(
    model: str, version: str, request_id: str, wanted: Sequence[WantedOutput], tensors: Tensors
) -> tuple[bytes, int | None]:
    """Return the body, and the size of the JSON in it where bytes follow; raises KeyError for a missing tensor."""
    described: list[dict[str, Any]] = []
    following: list[bytes] = []
    for one in wanted:
        output, data = _output(one, tensors[one.name])
        described.append(output)
        following += [] if data is None else [data]
    document: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": described}
    if request_id:
        document = {"id": request_id, **document}
    head = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return (b"".join([head, *following]), len(head)) if following else (head, None)


def _output(one: WantedOutput, tensor: NDArray[Any]) -> tuple[dict[str, Any], bytes | None]:
    """Describe one output; with its bytes where they follow the JSON."""
    if one.classes:
        return _texts(one, _classes(tensor, one.classes))
    described = {"name": one.name, "datatype": _DATATYPES[tensor.dtype.name], "shape": tensor.shape}
    if one.binary:
        data = tensor.tobytes()
        return {**described, "parameters": {"binary_data_size": len(data)}}, data
    return {**described, "data": np.ascontiguousarray(tensor).reshape(-1)}, None


def _texts(one: WantedOutput, rows: list[list[str]]) -> tuple[dict[str, Any], bytes | None]:
    described = {"name": one.name, "datatype": "BYTES", "shape": [len(rows), len(rows[0])]}
    texts = [text for row in rows for text in row]
    if not one.binary:
        return {**described, "data": texts}, None
    data = b"".join(struct.pack("<I", len(text)) + text.encode() for text in texts)
    return {**described, "parameters": {"binary_data_size": len(data)}}, data


def _classes(tensor: NDArray[Any], count: int) -> list[list[str]]:
    rows = tensor.reshape(len(tensor), -1)
    whole = rows.dtype.kind in "iu"
    return [
        [f"{row[at]:d}:{at}" if whole else f"{row[at]:f}:{at}" for at in np.argsort(-row, kind="stable")[:count]]
        for row in rows
    ]
