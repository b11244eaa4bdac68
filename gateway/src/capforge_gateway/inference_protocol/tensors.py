"""The input of a request against what the model takes: numbers to uint8 images, texts to encoded images. Pure.

A binary image tensor stays where it is, in the request's body: what comes out is a view.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capforge_gateway.errors import bad_request
from capforge_gateway.inference_protocol.request import InputTensor

ENCODED = "jpeg"
"""The other input: whole files instead of pixels. JPEG is what is mostly sent; PNG and WebP are read as well."""
_MAX_BYTE = 255
_LENGTH = struct.Struct("<I")


def images_of(tensor: InputTensor, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return uint8 [N,H,W,3] for a model's (width, height); raises 400 with what the model takes."""
    width, height = size
    pixels = (height, width, 3)
    allowed = f"allowed: UINT8 [N,{height},{width},3]"
    if tensor.datatype != "UINT8" or tensor.shape[1:] != pixels:
        raise bad_request(f"input `{tensor.name}` is {_described(tensor)}; {allowed}")
    expected = math.prod(tensor.shape)
    if isinstance(tensor.data, memoryview):
        if len(tensor.data) != expected:
            raise bad_request(f"input `{tensor.name}` has {len(tensor.data)} bytes; its shape needs {expected}")
        return np.frombuffer(tensor.data, np.uint8).reshape(tensor.shape)
    values = _numbers(tensor.name, tensor.data)
    if values.size != expected or values.shape not in {(expected,), tensor.shape}:
        raise bad_request(
            f"input `{tensor.name}` has {values.size} values as {list(values.shape)}; its shape needs {expected}"
        )
    return values.reshape(tensor.shape)


def files_of(tensor: InputTensor, most: int) -> list[bytes]:
    """Return the encoded images, 1 to `most`; raises 400. In JSON they are base64."""
    if tensor.datatype != "BYTES" or math.prod(tensor.shape) != tensor.shape[0]:
        raise bad_request(f"input `{ENCODED}` is {_described(tensor)}; allowed: BYTES [N]")
    if tensor.shape[0] > most:
        raise bad_request(f"input `{ENCODED}` holds {tensor.shape[0]} images; allowed for this model: at most {most}")
    files = _binary_files(tensor.data) if isinstance(tensor.data, memoryview) else _texts(tensor.data)
    if len(files) != tensor.shape[0]:
        raise bad_request(f"input `{ENCODED}` holds {len(files)} elements; its shape says {tensor.shape[0]}")
    return files


def _numbers(name: str, data: list[Any]) -> NDArray[np.uint8]:
    try:
        values = np.array(data)
    except ValueError as error:  # lists of different lengths
        raise bad_request(f"input `{name}`: data is no regular list of numbers") from error
    if values.dtype.kind not in "iu" or (values.size and (values.min() < 0 or values.max() > _MAX_BYTE)):
        raise bad_request(f"input `{name}`: data holds something else than whole numbers from 0 to {_MAX_BYTE}")
    return values.astype(np.uint8)


def _binary_files(data: memoryview) -> list[bytes]:
    """Each element is its length (4 bytes, little endian), then its bytes."""
    files: list[bytes] = []
    at = 0
    while at < len(data):
        if len(data) - at < _LENGTH.size:
            raise bad_request(f"input `{ENCODED}`: {len(data) - at} bytes are left over after element {len(files)}")
        (size,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if size > len(data) - at:
            raise bad_request(f"input `{ENCODED}`: element {len(files)} says {size} bytes, {len(data) - at} are there")
        files.append(bytes(data[at : at + size]))
        at += size
    return files


def _texts(data: list[Any]) -> list[bytes]:
    files = []
    for one in data[0] if len(data) == 1 and isinstance(data[0], list) else data:
        try:
            files.append(base64.b64decode(one, validate=True))
        except (TypeError, ValueError, binascii.Error) as error:
            raise bad_request(f"input `{ENCODED}`: data[{len(files)}] is not base64") from error
    return files


def _described(tensor: InputTensor) -> str:
    return f"{tensor.datatype[:20]} {list(tensor.shape)}"
