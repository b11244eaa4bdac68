"""Walks an ONNX file on the disk without taking its weights into memory.

A model file is one protobuf message, mostly weights: parsing it whole takes several times its size in memory. Numbers
are those of onnx.proto's fields; the wire format is https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field

_GRAPH_OF_MODEL = 7
_NODE, _INITIALIZER, _INPUT, _OUTPUT = 1, 5, 11, 12
_ATTRIBUTE = 5
_TENSOR_OF_ATTRIBUTE, _GRAPH_OF_ATTRIBUTE, _TENSORS_OF_ATTRIBUTE, _GRAPHS_OF_ATTRIBUTE = 5, 6, 10, 11
_NAME_OF_TENSOR, _EXTERNAL_DATA, _DATA_LOCATION = 8, 13, 14
_VARINT, _FIXED_64, _DELIMITED, _FIXED_32 = 0, 1, 2, 5
_LONGEST_VARINT_BYTES = 10
_MORE = 0x80
"""Set in a byte of a number that another follows."""
_DEEPEST = 64
"""Graphs within graphs."""


class WireError(ValueError):
    """The file is no protobuf message of this kind."""


@dataclass
class GraphHead:
    """What the interface of a graph is made from."""

    inputs: list[bytes] = field(default_factory=list)
    """ValueInfoProto, serialised."""
    outputs: list[bytes] = field(default_factory=list)
    constants: set[str] = field(default_factory=set)
    """Names of the weights, some of which may be listed as inputs too."""
    external: bool = False
    """Some weights lie in other files."""


def read_head(data: mmap.mmap) -> GraphHead:
    """Read the main graph; raises WireError."""
    head = GraphHead()
    for number, value in _fields(data, 0, len(data)):
        if number == _GRAPH_OF_MODEL and isinstance(value, slice):
            _walk_graph(data, value, head, depth=0)
    return head


def _walk_graph(data: mmap.mmap, place: slice, head: GraphHead, depth: int) -> None:
    if depth > _DEEPEST:
        raise WireError("graphs are nested too deep")
    for number, value in _fields(data, place.start, place.stop):
        if not isinstance(value, slice):
            continue
        if number == _NODE:
            _walk_node(data, value, head, depth)
        elif number == _INITIALIZER:
            _see_tensor(data, value, head, is_main=depth == 0)
        elif number in {_INPUT, _OUTPUT} and depth == 0:
            (head.inputs if number == _INPUT else head.outputs).append(data[value])


def _walk_node(data: mmap.mmap, place: slice, head: GraphHead, depth: int) -> None:
    for number, attribute in _fields(data, place.start, place.stop):
        if number != _ATTRIBUTE or not isinstance(attribute, slice):
            continue
        for kind, value in _fields(data, attribute.start, attribute.stop):
            if not isinstance(value, slice):
                continue
            if kind in {_TENSOR_OF_ATTRIBUTE, _TENSORS_OF_ATTRIBUTE}:
                _see_tensor(data, value, head, is_main=False)
            elif kind in {_GRAPH_OF_ATTRIBUTE, _GRAPHS_OF_ATTRIBUTE}:
                _walk_graph(data, value, head, depth + 1)


def _see_tensor(data: mmap.mmap, place: slice, head: GraphHead, *, is_main: bool) -> None:
    for number, value in _fields(data, place.start, place.stop):
        if number == _NAME_OF_TENSOR and is_main and isinstance(value, slice):
            head.constants.add(data[value].decode("utf-8", "replace"))
        elif number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value == 1):
            head.external = True


def _fields(data: mmap.mmap, start: int, stop: int) -> Iterator[tuple[int, int | slice]]:
    """Yield each field's number, and its value or where its bytes lie."""
    at = start
    while at < stop:
        tag, at = _varint(data, at, stop)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(data, at, stop)
            yield number, value
            continue
        if kind == _DELIMITED:
            size, at = _varint(data, at, stop)
        elif kind in {_FIXED_64, _FIXED_32}:
            size = 8 if kind == _FIXED_64 else 4
        else:
            raise WireError(f"field {number} has wire type {kind}")
        if not number or at + size > stop:
            raise WireError(f"field {number} at byte {at} does not fit into what holds it")
        yield number, slice(at, at + size)
        at += size


def _varint(data: mmap.mmap, at: int, stop: int) -> tuple[int, int]:
    value = 0
    for position in range(_LONGEST_VARINT_BYTES):
        if at + position >= stop:
            break
        byte = data[at + position]
        value |= (byte & 0x7F) << (7 * position)
        if byte < _MORE:
            return value, at + position + 1
    raise WireError(f"no number at byte {at}")
