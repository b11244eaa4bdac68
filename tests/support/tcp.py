"""A TCP address that passes on to another, or takes everything and never answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_CHUNK_BYTES = 64 * 1024


@contextmanager
def silent() -> Iterator[str]:
    """Yield the address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def passing_on(port: int, upstream: str) -> Iterator[None]:
    """Pass connections to `port` on to the server at `upstream` for the block; afterwards they are refused."""
    target = urlsplit(upstream)
    open_ones: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", port)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    answerer = socket.create_connection((target.hostname, target.port))
                    open_ones.extend((caller, answerer))
                    for source, sink in ((caller, answerer), (answerer, caller)):
                        threading.Thread(target=_pump, args=(source, sink), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in open_ones:
                one.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK_BYTES):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
