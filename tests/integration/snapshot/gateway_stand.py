"""A real HTTP server that streams annotations as the gateway does, and fails in the ways that a network has."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from capforge_contracts.submissions import Submission
from capforge_contracts.vision import VisionSubmission

TOKEN = "projected-token"


@dataclass
class Asked:
    """One request as it came."""

    path: str
    token: str
    body: bytes = b""


@dataclass
class GatewayStand:
    """What it streams; `plays` are answered first, one a request, before it behaves."""

    lines: list[bytes] = field(default_factory=list)
    plays: list[Callable[[BaseHTTPRequestHandler, GatewayStand], None]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    held: threading.Event = field(default_factory=threading.Event)
    """Set: streams go on to their end."""

    def submits(self, *submissions: Submission | VisionSubmission) -> None:
        self.lines += [one.to_json() + b"\n" for one in submissions]

    def token_file(self, folder: Path) -> Path:
        path = folder / "token"
        path.write_text(TOKEN + "\n")
        return path


def whole(handler: BaseHTTPRequestHandler, stand: GatewayStand) -> None:
    started(handler)
    for line in stand.lines:
        chunk(handler, line)
    chunk(handler, end(len(stand.lines)))
    chunk(handler, b"")


def broken_off(handler: BaseHTTPRequestHandler, stand: GatewayStand) -> None:
    """Half of the lines, half of another, and the connection is gone."""
    started(handler)
    half = len(stand.lines) // 2
    for line in stand.lines[:half]:
        chunk(handler, line)
    chunk(handler, stand.lines[half][:20])
    handler.close_connection = True


def without_an_end(handler: BaseHTTPRequestHandler, stand: GatewayStand) -> None:
    """A proxy ended the stream properly, but too early."""
    started(handler)
    for line in stand.lines[:1]:
        chunk(handler, line)
    chunk(handler, b"")


def miscounted(handler: BaseHTTPRequestHandler, stand: GatewayStand) -> None:
    started(handler)
    for line in stand.lines[1:]:
        chunk(handler, line)
    chunk(handler, end(len(stand.lines)))
    chunk(handler, b"")


def reset(handler: BaseHTTPRequestHandler, _: GatewayStand) -> None:
    handler.close_connection = True


def held_half_way(handler: BaseHTTPRequestHandler, stand: GatewayStand) -> None:
    started(handler)
    half = len(stand.lines) // 2
    for place, line in enumerate(stand.lines):
        if place == half:
            stand.held.wait(60)
        chunk(handler, line)
    chunk(handler, end(len(stand.lines)))
    chunk(handler, b"")


def refusing(status: int, said: str = "") -> Callable[[BaseHTTPRequestHandler, GatewayStand], None]:
    def refuse(handler: BaseHTTPRequestHandler, _: GatewayStand) -> None:
        body = json.dumps({"error": {"message": said}}).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return refuse


def end(count: int) -> bytes:
    return json.dumps({"end": True, "count": count}).encode() + b"\n"


def started(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/x-ndjson")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()


def chunk(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


@contextmanager
def gateway_stand() -> Iterator[GatewayStand]:
    stand = GatewayStand()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stand.asked.append(Asked(self.path, token, body))
            play = stand.plays.pop(0) if stand.plays else whole
            try:
                play(self, stand)
            except (BrokenPipeError, ConnectionResetError):  # the snapshot was killed
                self.close_connection = True

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stand
    finally:
        stand.held.set()
        server.shutdown()
        server.server_close()
