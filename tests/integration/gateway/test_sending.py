"""What an answer holds while it is sent is let go, whatever its client does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from capforge_gateway.listener import Listener, listener
from capforge_gateway.sending import Sending
from tests.integration.gateway.process import ANSWER_SECONDS
from tests.support.eventually import eventually
from tests.support.ports import free_port

QUICK_SECONDS = 0.5
PIECE = b"x" * 65_536
PIECES = 500
"""More than the buffers of both sides hold."""


@dataclass
class Site:
    """A listener that waits so long for a client to take its answer."""

    answer_seconds: float = ANSWER_SECONDS
    port: int = field(default_factory=free_port)
    ended: list[str] = field(default_factory=list)
    server: Listener = field(init=False)

    def __post_init__(self) -> None:
        app = Starlette(routes=[Route("/{how}", self.answer, methods=["GET"])])
        self.server = listener(app, "127.0.0.1", self.port, ANSWER_SECONDS, self.answer_seconds)

    async def answer(self, request: Request) -> Sending:
        how = request.path_params["how"]
        return Sending(_pieces(how), lambda: self.ended.append(how), {"X-How": how})

    def asked(self, how: str) -> socket.socket:
        """Send a call and take nothing of its answer."""
        connection = socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS)
        connection.sendall(f"GET /{how} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        return connection


async def _pieces(how: str) -> AsyncIterator[bytes]:
    for _ in range(PIECES):
        yield PIECE
    if how == "broken":
        raise OSError("the store went away")


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site()) as one:
        yield one


@contextlib.contextmanager
def served(one: Site) -> Iterator[Site]:
    thread = threading.Thread(target=lambda: asyncio.run(one.server.run_until_stopped()))
    thread.start()
    eventually(lambda: _listens(one.port))
    try:
        yield one
    finally:
        one.server.stop()
        thread.join()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_whoever_takes_everything(site: Site) -> None:
    answer = httpx.get(f"http://127.0.0.1:{site.port}/whole", timeout=ANSWER_SECONDS)
    assert answer.content == PIECE * PIECES
    eventually(lambda: site.ended == ["whole"])


def test_whoever_hangs_up(site: Site) -> None:
    site.asked("left").close()
    eventually(lambda: site.ended == ["left"])


def test_whoever_takes_nothing_is_cut_off() -> None:
    with served(Site(QUICK_SECONDS)) as site, site.asked("stalled") as connection:
        eventually(lambda: site.ended == ["stalled"])
        arrived = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(2**20):
                arrived += len(piece)
        assert arrived < PIECES * len(PIECE)


def test_where_the_pieces_break_off(site: Site) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{site.port}/broken", timeout=ANSWER_SECONDS)
    eventually(lambda: site.ended == ["broken"])
