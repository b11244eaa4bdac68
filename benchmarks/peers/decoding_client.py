"""A client that decodes by itself and asks Triton for the rest: what a user without a gateway has to write.

One thread per connection; decoding leaves the interpreter's lock. Each turn: JPEG → canvas → Triton (binary tensor
extension, kept-alive socket) → found → JSON text. `python -m benchmarks.peers.decoding_client`, flags of report.py.
"""

from __future__ import annotations

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.peers.found import Found, canvas_of, found_in
from benchmarks.peers.report import Stopwatch, arguments, written

_TIMEOUT_SECONDS = 60.0
_READ_BYTES = 64 * 1024
_DTYPES: dict[str, np.dtype[Any]] = {"FP32": np.dtype("<f4"), "INT64": np.dtype("<i8")}


class RefusedError(RuntimeError):
    """Triton did not answer with 200."""


@dataclass
class Triton:
    """One kept-alive connection."""

    connection: socket.socket
    head: bytes
    """Of the request: HTTP head and JSON; the tensor's bytes follow."""

    def infer(self, canvas: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Return the model's outputs; raises RefusedError, OSError."""
        self.connection.sendall(self.head)
        self.connection.sendall(canvas.data)
        head, body = self._answer()
        if not head.startswith(b"HTTP/1.1 200"):
            raise RefusedError(f"Triton answered {head[:100]!r}")
        return tensors_of(body, header(head, b"inference-header-content-length"))

    def _answer(self) -> tuple[bytes, bytes]:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        length = header(received[:end], b"content-length")
        while len(received) < end + 4 + length:
            received += self._more()
        return received[:end], received[end + 4 :]

    def _more(self) -> bytes:
        chunk = self.connection.recv(_READ_BYTES)
        if not chunk:
            raise RefusedError("Triton closed the connection")
        return chunk


def header(head: bytes, name: bytes) -> int:
    """Return a header's number; raises RefusedError where it is missing."""
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return int(value)
    raise RefusedError(f"Triton's answer has no {name.decode()}")


def tensors_of(body: bytes, header_length: int) -> dict[str, NDArray[Any]]:
    """Return the outputs by name, as views into the body."""
    tensors: dict[str, NDArray[Any]] = {}
    offset = header_length
    for output in orjson.loads(body[:header_length])["outputs"]:
        size, dtype = output["parameters"]["binary_data_size"], _DTYPES[output["datatype"]]
        tensors[output["name"]] = np.frombuffer(body, dtype, size // dtype.itemsize, offset).reshape(output["shape"])
        offset += size
    return tensors


def connected(host: str, port: int) -> socket.socket:
    """Return a connection on which no write waits for the acknowledgement of the one before."""
    connection = socket.create_connection((host, port), _TIMEOUT_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def main() -> None:
    """Ask on all connections for the asked time and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--address", required=True, help="host:port")
    parser.add_argument("--head", type=Path, required=True, help="file with HTTP head and JSON of the request")
    options = parser.parse_args()
    jpeg, head = options.picture.read_bytes(), options.head.read_bytes()
    host, _, port = options.address.rpartition(":")
    clients = [Triton(connected(host, int(port)), head) for _ in range(options.connections)]

    def turn(triton: Triton) -> Found:
        canvas, placement = canvas_of(jpeg, options.size)
        return found_in(triton.infer(canvas), placement, options.found)

    def turns(triton: Triton) -> tuple[list[int], Found]:
        latencies: list[int] = []
        while not latencies or watch.seconds < options.seconds:  # its thread may come late
            started = time.perf_counter_ns()
            found = turn(triton)
            orjson.dumps(found)
            latencies.append(time.perf_counter_ns() - started)
        return latencies, found

    watch = Stopwatch()
    with ThreadPoolExecutor(options.connections) as pool:
        done = list(pool.map(turns, clients))
    latencies = [one for each, _ in done for one in each]
    sys.stdout.write(written(options, latencies, watch.seconds, watch.cpu_seconds, done[0][1]) + "\n")


if __name__ == "__main__":
    main()
