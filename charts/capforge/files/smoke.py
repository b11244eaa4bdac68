"""What `helm test` runs, with the standard library only: it answers, it is closed where it must be, it predicts.

Triton's control API is tried at the address of every serving pod, over both protocols, as any pod could.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib

from grpc_call import call

TIMEOUT_SECONDS = 30
PATIENCE_SECONDS = 60
REFUSED = 403
"""Nothing else will do: 400 is what an open API answers to a load of a model that is not there."""
CONTROL_HTTP = (
    ("POST", "/v2/repository/index"),
    ("POST", "/v2/repository/models/x/load"),
    ("POST", "/v2/repository/models/x/unload"),
    ("GET", "/v2/systemsharedmemory/status"),
    ("POST", "/v2/systemsharedmemory/region/x/register"),
    ("POST", "/v2/systemsharedmemory/region/x/unregister"),
    ("POST", "/v2/systemsharedmemory/unregister"),
    ("GET", "/v2/cudasharedmemory/status"),
    ("POST", "/v2/cudasharedmemory/region/x/register"),
    ("POST", "/v2/cudasharedmemory/unregister"),
    ("GET", "/v2/trace/setting"),
    ("POST", "/v2/trace/setting"),
    ("POST", "/v2/models/x/trace/setting"),
    ("GET", "/v2/logging"),
    ("POST", "/v2/logging"),
)
CONTROL_GRPC = (
    "RepositoryIndex",
    "RepositoryModelLoad",
    "RepositoryModelUnload",
    "SystemSharedMemoryStatus",
    "SystemSharedMemoryRegister",
    "SystemSharedMemoryUnregister",
    "CudaSharedMemoryStatus",
    "CudaSharedMemoryRegister",
    "CudaSharedMemoryUnregister",
    "TraceSetting",
    "LogSettings",
)
SERVICE = "/inference.GRPCInferenceService"


def answer(url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    """Return status and the answer's beginning."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=names)  # noqa: S310 - addresses of our own release
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310
            return reply.status, reply.read(300).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(300).decode(errors="replace")


def picture() -> bytes:
    """Return a grey PNG of 64 x 64 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + b"\x80" * 64) * 64
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def expect(what: str, allowed: set[int], url: str, body: bytes | None = None, **headers: str) -> None:
    """Ask until the status is an allowed one; exit with what came instead."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            status, text = answer(url, body, **headers)
        except OSError as error:
            status, text = 0, str(error)
        if status in allowed:
            print(f"ok: {what} ({status})")
            return
        if time.monotonic() > deadline:
            sys.exit(f"failed: {what}: expected {sorted(allowed)}, got {status} {text}")
        time.sleep(1)


def addresses(host: str, port: int) -> list[str]:
    """Return the address of every pod behind a headless Service."""
    found = {entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    return sorted(f"[{one}]" if ":" in str(one) else str(one) for one in found)


def control_is_closed(address: str, http_port: int, grpc_port: int) -> None:
    """Try every call of Triton's control API at one pod."""
    triton = f"http://{address}:{http_port}"
    expect(f"Triton of {address} is live", {200}, f"{triton}/v2/health/live")
    for method, path in CONTROL_HTTP:
        expect(f"{method} {path} is refused", {REFUSED}, triton + path, b"{}" if method == "POST" else None)
    host = address.strip("[]")
    if "restricted" in call(host, grpc_port, f"{SERVICE}/ServerLive"):
        sys.exit("failed: gRPC refuses everything: what it refuses proves nothing")
    for name in CONTROL_GRPC:
        answered = call(host, grpc_port, f"{SERVICE}/{name}")
        if "restricted" not in answered:
            sys.exit(f"failed: gRPC {name} is not refused: {answered[:300]!r}")
        print(f"ok: gRPC {name} is refused")


def main() -> None:
    """Ask everything in turn."""
    gateway, triton = os.environ["GATEWAY"], os.environ["TRITON"]
    http_port, grpc_port = int(os.environ.get("TRITON_HTTP", "8000")), int(os.environ.get("TRITON_GRPC", "8001"))
    image = {"Content_Type": "image/png"}
    expect("the gateway is ready", {200}, f"{gateway}/readyz")
    for address in addresses(triton, http_port):
        control_is_closed(address, http_port, grpc_port)
    if candidates := os.environ.get("CANDIDATES"):
        expect("the reader of documents is ready", {200}, f"{candidates}/readyz")
        expect("reading without the token is refused", {401}, f"{candidates}/readings", picture(), **image)
    nobody = f"{gateway}/v1/products/nobody/nothing/v1/predict"
    expect("a prediction without a key is refused", {401}, nobody, picture(), **image)
    if product := os.environ.get("PRODUCT"):
        url = f"{gateway}/v1/products/{product}/v1/predict"
        expect(f"{product} predicts", {200, 201}, url, picture(), Authorization=f"Token {os.environ['KEY']}", **image)


if __name__ == "__main__":
    main()
