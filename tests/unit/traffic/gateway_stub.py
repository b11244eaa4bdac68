"""A server that answers as a gateway does, until a test tells it otherwise."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer_of(version: str) -> bytes:
    inference = {"product": {"version": version}, "prediction": {"entities": []}}
    return json.dumps({"document": {"inference": inference}}).encode()


@dataclass
class GatewayStub:
    """What the next answers are."""

    version: str = "1.1"
    status: int = 200
    body: bytes | None = None
    say_close: bool = False
    hang_up: str = ""
    """`after`: close without a word after an answer; `before`: close instead of answering."""
    connections: int = 0
    url: str = ""
    holding: threading.Event = field(default_factory=threading.Event)
    """While set, answers wait."""


def _handler(stub: GatewayStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            stub.connections += 1
            super().setup()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            while stub.holding.is_set():
                threading.Event().wait(0.01)
            told = replace(stub)  # at one moment: what a test says meanwhile is for the next answer
            if told.hang_up == "before":
                self.close_connection = True
                return
            body = answer_of(told.version) if told.body is None else told.body
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(body)))
            if told.say_close:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = told.say_close or told.hang_up == "after"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    return Handler


@contextmanager
def gateway_stub() -> Iterator[GatewayStub]:
    stub = GatewayStub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub))
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
