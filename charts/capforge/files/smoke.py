"""What `helm test` runs, with the standard library only."""

from __future__ import annotations

import os
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib

TIMEOUT_SECONDS = 30
PATIENCE_SECONDS = 60


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


def main() -> None:
    """Ask everything in turn."""
    gateway, triton = os.environ["GATEWAY"], os.environ["TRITON"]
    image = {"Content_Type": "image/png"}
    expect("the gateway is ready", {200}, f"{gateway}/readyz")
    expect("Triton is live", {200}, f"{triton}/v2/health/live")
    closed = {400, 401, 403}
    expect("model control is refused", closed, f"{triton}/v2/repository/index", b"{}")
    expect("loading a model is refused", closed, f"{triton}/v2/repository/models/x/load", b"{}")
    expect("shared memory is refused", closed, f"{triton}/v2/systemsharedmemory/status")
    nobody = f"{gateway}/v1/products/nobody/nothing/v1/predict"
    expect("a prediction without a key is refused", {401}, nobody, picture(), **image)
    if product := os.environ.get("PRODUCT"):
        url = f"{gateway}/v1/products/{product}/v1/predict"
        expect(f"{product} predicts", {200, 201}, url, picture(), Authorization=f"Token {os.environ['KEY']}", **image)


if __name__ == "__main__":
    main()
