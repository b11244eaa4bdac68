"""A TCP address that passes on to another, or takes everything and never answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CHUNK_BYTES = 64 * 1024


@contextmanager
def silent() -> Iterator[str]:
    """Yield the address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@dataclass
class Way:
    """The way to another server: connections are taken and passed on, piece by piece."""

    upstream: tuple[str, int]
    _open: threading.Event = field(default_factory=threading.Event)
    _sockets: list[socket.socket] = field(default_factory=list)

    @contextmanager
    def silenced(self) -> Iterator[None]:
        """Pass nothing on for the block, as when a node is lost: connections are taken and stay open, nobody answers."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @contextmanager
    def running(self, port: int) -> Iterator[Way]:
        """Take connections to a port of loopback for the block; afterwards they are refused."""
        self._open.set()
        with socket.create_server(("127.0.0.1", port)) as server:
            thread = threading.Thread(target=self._accept, args=(server,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown(socket.SHUT_RDWR)
                thread.join()
                for one in self._sockets:
                    one.close()

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = server.accept()
                self._connect(caller)

    def _connect(self, caller: socket.socket) -> None:
        """Begin to pass on; where the server refuses, so does the way to it."""
        try:
            answerer = socket.create_connection(self.upstream)
        except OSError:
            caller.close()
            return
        self._sockets.extend((caller, answerer))
        for source, sink in ((caller, answerer), (answerer, caller)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                self._open.wait()
                sink.sendall(data)
            self._open.wait()
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def passing_on(port: int, upstream: str) -> Iterator[Way]:
    """Pass connections to `port` on to the server at the URL `upstream` for the block; afterwards they are refused."""
    target = urlsplit(upstream)
    assert target.hostname is not None
    assert target.port is not None
    with Way((target.hostname, target.port)).running(port) as way:
        yield way
