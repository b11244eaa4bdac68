"""The bytes that are sent to each kind of server: a whole HTTP/1.1 request. Pure."""

from __future__ import annotations

import base64
import json

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.found import INPUT, OUTPUTS


def post(path: str, address: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a POST; the body's length is added."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {address}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("ascii") + body


def picture_to_gateway(address: str, path: str, key: str, jpeg: bytes, found: int) -> bytes:
    """Our predict route: the picture is the body."""
    headers = {"Authorization": f"Token {key}", "Content-Type": "image/jpeg"}
    return post(f"{path}?max_entities={found}", address, jpeg, headers)


def tensor_to_triton(
    address: str, model: str, canvas: NDArray[np.uint8], headers: dict[str, str] | None = None
) -> bytes:
    """Open Inference Protocol with the ready tensor by the binary extension; every output binary, too."""
    described = {
        "inputs": [_binary_input(list(canvas.shape), "UINT8", canvas.nbytes)],
        "outputs": [{"name": name, "parameters": {"binary_data": True}} for name in OUTPUTS],
    }
    return _infer(address, model, described, canvas.tobytes(), headers or {})


def picture_to_kserve(address: str, model: str, jpeg: bytes) -> bytes:
    """KServe's v1 protocol with the picture in base64.

    Its v2 form costs this server more: it refuses bytes that are not UTF-8, and makes a list of a binary tensor.
    """
    body = json.dumps({"instances": [{"image": {"b64": _base64(jpeg)}}]}).encode()
    return post(f"/v1/models/{model}:predict", address, body, {"Content-Type": "application/json"})


def picture_to_mlserver(address: str, model: str, jpeg: bytes) -> bytes:
    """Open Inference Protocol in JSON with the picture in base64."""
    given = {
        "name": INPUT,
        "shape": [1, 1],
        "datatype": "BYTES",
        "parameters": {"content_type": "base64"},
        "data": [_base64(jpeg)],
    }
    body = json.dumps({"inputs": [given]}).encode()
    return post(f"/v2/models/{model}/infer", address, body, {"Content-Type": "application/json"})


def _base64(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode("ascii")


def _binary_input(shape: list[int], datatype: str, size: int) -> dict[str, object]:
    return {"name": INPUT, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}


def _infer(address: str, model: str, described: object, tensor: bytes, headers: dict[str, str]) -> bytes:
    text = json.dumps(described, separators=(",", ":")).encode()
    given = {
        **headers,
        "Content-Type": "application/octet-stream",
        "Accept-Encoding": "identity",
        "Inference-Header-Content-Length": str(len(text)),
    }
    return post(f"/v2/models/{model}/infer", address, text + tensor, given)
