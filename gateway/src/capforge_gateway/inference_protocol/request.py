"""The body of an infer request: JSON first, then the bytes of binary tensors. Pure; copies no tensor.

https://github.com/kserve/open-inference-protocol and Triton's extensions "binary tensor data" and "classification".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from capforge_gateway.errors import bad_request
from capforge_gateway.predict.jsonsize import MAX_PARTS, has_too_many_parts

MAX_ID_CHARS = 256
_MAX_DIMENSIONS = 8
_MAX_SIZE = 2**31
_MICROSECONDS = 1_000_000

Json = dict[str, Any]


@dataclass(frozen=True)
class InputTensor:
    """The one input of a request, not yet held against the model."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: memoryview | list[Any]
    """Binary: a view into the body. JSON: what stands under `data`, nested or flat."""


@dataclass(frozen=True)
class WantedOutput:
    """One output that is asked for."""

    name: str
    binary: bool
    classes: int = 0
    """0: the tensor itself; else the so many largest values as texts `value:index`."""


@dataclass(frozen=True)
class InferRequest:
    """A request of the protocol."""

    id: str
    """Empty: none was given."""
    input: InputTensor
    outputs: tuple[WantedOutput, ...]
    """Empty: all of them."""
    all_binary: bool
    """Whether outputs that are not listed come as bytes."""
    timeout_seconds: float | None


def infer_request(body: bytes, header_length: bytes) -> InferRequest:
    """Parse a body; `header_length` is the header of that name, empty for none. Raises 400 naming the field."""
    size = _json_size(body, header_length)
    if has_too_many_parts(body, size):
        raise bad_request(f"the JSON has more than {MAX_PARTS} values; send the tensor as bytes (binary_data_size)")
    try:
        document = orjson.loads(memoryview(body)[:size])
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the request is no JSON: {error}") from error
    request = _object(document, "the request")
    parameters = _object(request.get("parameters", {}), "parameters")
    return InferRequest(
        id=_id(request.get("id", "")),
        input=_single_input(request.get("inputs"), memoryview(body)[size:]),
        outputs=_outputs(request.get("outputs", []), default=_flag(parameters, "binary_data_output")),
        all_binary=_flag(parameters, "binary_data_output"),
        timeout_seconds=_timeout(parameters.get("timeout")),
    )


def _json_size(body: bytes, header_length: bytes) -> int:
    if not header_length:
        return len(body)
    text = header_length.decode("latin-1")
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= len(body)):  # noqa: PLR2004 - below 2 GB
        raise bad_request(
            f"Inference-Header-Content-Length {text[:20]!a} is not the size of the JSON at the start of the body;"
            f" allowed: 1 to {len(body)}"
        )
    return int(text)


def _single_input(inputs: Any, binary: memoryview) -> InputTensor:
    if not isinstance(inputs, list) or len(inputs) != 1:
        count = len(inputs) if isinstance(inputs, list) else "no list of"
        raise bad_request(f"the request has {count} inputs; allowed: exactly one")
    given = _object(inputs[0], "inputs[0]")
    name, datatype = _text(given.get("name"), "inputs[0].name"), _text(given.get("datatype"), "inputs[0].datatype")
    parameters = _object(given.get("parameters", {}), "inputs[0].parameters")
    if "shared_memory_region" in parameters:
        raise bad_request("inputs[0]: shared memory is not offered; send the tensor in the request")
    size = parameters.get("binary_data_size")
    if size is None and binary:
        raise bad_request(f"{len(binary)} bytes follow the JSON, and inputs[0] has no binary_data_size")
    if size is not None:
        if _whole(size, "inputs[0].parameters.binary_data_size", 0) != len(binary):
            raise bad_request(f"binary_data_size is {size}, but {len(binary)} bytes follow the JSON")
        if "data" in given:
            raise bad_request("inputs[0] has both data and binary_data_size; allowed: one of them")
        return InputTensor(name, datatype, _shape(given.get("shape")), binary)
    data = given.get("data")
    if not isinstance(data, list):
        raise bad_request("inputs[0].data is no list; allowed: a list of values, or binary_data_size and bytes")
    return InputTensor(name, datatype, _shape(given.get("shape")), data)


def _outputs(outputs: Any, *, default: bool) -> tuple[WantedOutput, ...]:
    if not isinstance(outputs, list):
        raise bad_request("outputs is no list; allowed: a list of objects with a name")
    wanted = [_output(_object(one, f"outputs[{at}]"), at, default=default) for at, one in enumerate(outputs)]
    if len({one.name for one in wanted}) != len(wanted):
        raise bad_request("outputs names a tensor twice; allowed: each once")
    return tuple(wanted)


def _output(given: Mapping[str, Any], at: int, *, default: bool) -> WantedOutput:
    parameters = _object(given.get("parameters", {}), f"outputs[{at}].parameters")
    if "shared_memory_region" in parameters:
        raise bad_request(f"outputs[{at}]: shared memory is not offered; take the tensor from the answer")
    binary = _flag(parameters, "binary_data") if "binary_data" in parameters else default
    classes = _whole(parameters.get("classification", 0), f"outputs[{at}].parameters.classification", 0)
    return WantedOutput(_text(given.get("name"), f"outputs[{at}].name"), binary, classes)


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= _MAX_DIMENSIONS:
        raise bad_request(f"inputs[0].shape is not a list of 1 to {_MAX_DIMENSIONS} whole numbers")
    return tuple(_whole(one, "inputs[0].shape", 1) for one in value)


def _whole(value: Any, field: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < _MAX_SIZE:
        raise bad_request(f"{field} is not a whole number from {least}")
    return value


def _timeout(value: Any) -> float | None:
    """Triton's parameter counts microseconds; 0 is none."""
    return (_whole(value, "parameters.timeout", 0) / _MICROSECONDS or None) if value is not None else None


def _flag(parameters: Mapping[str, Any], name: str) -> bool:
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise bad_request(f"{name} is neither true nor false")
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_ID_CHARS:
        raise bad_request(f"id is not a text of at most {MAX_ID_CHARS} characters")
    return value


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise bad_request(f"{field} is no text")
    return value


def _object(value: Any, field: str) -> Json:
    if not isinstance(value, dict):
        raise bad_request(f"{field} is no JSON object")
    return value
