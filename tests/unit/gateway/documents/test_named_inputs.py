"""Several arrays of several types in one request to a model server."""

from __future__ import annotations

import json

import numpy as np
import pytest

from capforge_gateway.predict.sent import Images, NamedArrays
from capforge_gateway.predict.wire import WireError


def described(head: bytes) -> tuple[dict[str, str], dict[str, object]]:
    first, body = head.split(b"\r\n\r\n", 1)
    lines = dict(line.decode().split(": ", 1) for line in first.split(b"\r\n")[1:])
    return lines, json.loads(body)


def test_each_array_is_described_by_its_name_shape_and_type_in_the_order_of_its_bytes() -> None:
    arrays = {
        "grams": np.zeros((2, 128, 3), np.int32),
        "mask": np.zeros((2, 128), np.float32),
        "picture": np.zeros((2, 4, 4), np.uint8),
    }
    sent = NamedArrays(arrays, ("scores", "classes"))
    lines, body = described(sent.head("model", "request-1", "10.0.0.7:8000"))
    assert [(one["name"], one["shape"], one["datatype"]) for one in body["inputs"]] == [  # type: ignore[union-attr]
        ("grams", [2, 128, 3], "INT32"),
        ("mask", [2, 128], "FP32"),
        ("picture", [2, 4, 4], "UINT8"),
    ]
    assert [one["name"] for one in body["outputs"]] == ["scores", "classes"]  # type: ignore[union-attr]
    size = sum(array.nbytes for array in arrays.values())
    assert int(lines["Content-Length"]) == int(lines["Inference-Header-Content-Length"]) + size
    assert [buffer.nbytes for buffer in sent.buffers] == [array.nbytes for array in arrays.values()]
    assert (sent.rows, sent.outputs) == (2, ("scores", "classes"))


def test_a_type_that_the_model_server_does_not_know_is_refused() -> None:
    with pytest.raises(WireError, match="complex64"):
        NamedArrays({"x": np.zeros(1, np.complex64)}, ()).head("m", "r", "a")


def test_images_are_one_array_in_parts() -> None:
    sent = Images((np.zeros((1, 4, 4, 3), np.uint8), np.zeros((2, 4, 4, 3), np.uint8)), ("image", ("boxes",)))
    _, body = described(sent.head("m", "r", "a"))
    assert body["inputs"][0]["shape"] == [3, 4, 4, 3]  # type: ignore[index]
    assert sent.rows == 3
