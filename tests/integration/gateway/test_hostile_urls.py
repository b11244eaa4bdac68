"""Sites and names that try to use the gateway as their door into the network, or to keep it busy."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from capforge_gateway.errors import ApiError
from capforge_gateway.predict.fetch import Fetcher, Policy
from capforge_gateway.settings import UrlInput
from tests.integration.gateway.conftest import FIXED
from tests.integration.gateway.images import white
from tests.integration.gateway.process import GatewayProcess, capability, gateway_process, opened, version
from tests.integration.gateway.test_hostile_http import peak
from tests.support.eventually import PATIENCE, eventually
from tests.support.triton import Triton

IMAGE = white()
Answer = Callable[[socket.socket], None]


@dataclass
class RawSite:
    """Speaks whatever bytes a test wants, on one loopback address."""

    address: str
    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)

    def url(self, path: str, host: str | None = None) -> str:
        return f"http://{host or self.address}:{self.port}{path}"

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            path = connection.recv(65536).split(b" ")[1].decode()
            self.visits.append(path)
            self.answers.get(path, reply(b"200 OK", IMAGE) if path == "/" else reply(b"404 Not Found", b""))(connection)


def reply(status: bytes, body: bytes, *headers: bytes) -> Answer:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return lambda connection: connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)


@contextlib.contextmanager
def raw_site(address: str, port: int = 0) -> Iterator[RawSite]:
    listening = socket.create_server((address, port))
    site = RawSite(address, listening.getsockname()[1])
    thread = threading.Thread(target=site.serve, args=(listening,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


@contextlib.contextmanager
def allowed_and_private() -> Iterator[tuple[RawSite, RawSite]]:
    """A site on 127.0.0.2 and one on 127.0.0.1, on one port: what is free on the first may be taken on the second."""
    for _ in range(20):
        with contextlib.ExitStack() as stack:
            allowed = stack.enter_context(raw_site("127.0.0.2"))
            try:
                private = stack.enter_context(raw_site("127.0.0.1", allowed.port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            yield allowed, private
            return
    raise AssertionError("no port is free on two addresses")


@pytest.fixture(scope="module")
def site() -> Iterator[RawSite]:
    with raw_site("127.0.0.1") as served:
        yield served


@pytest.fixture(scope="module")
def fetching(site: RawSite, models: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway that may fetch from the site on loopback, and from nowhere else."""
    environment = {
        "URL_ALLOW_HTTP": "true",
        "URL_ALLOWED_NETWORKS": "127.0.0.1/32",
        "URL_ALLOWED_HOSTS": f"127.0.0.1:{site.port} localhost:{site.port}",
        "URL_TIMEOUT_SECONDS": "1",
        "MAX_IMAGE_BYTES": "100000",
    }
    with gateway_process(tmp_path_factory.mktemp("fetching"), environment) as process:
        yield opened(process, capability([version("1.1", FIXED, [models.address])], "1.1"))


def ask(gateway: GatewayProcess, address: str) -> httpx.Response:
    return gateway.http.post(gateway.predict_url(), json={"image": address}, headers=gateway.authorization())


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(bytes(65536))


def trickling(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def endless_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Filler: " + b"y" * 60_000 + b"\r\n")


def endless_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1\r\nx\r\n")


SITES: dict[str, Answer] = {
    "endless body": endless,
    "a byte now and then": trickling,
    "endless head": endless_head,
    "endless chunks": endless_chunks,
    "silence": lambda _: time.sleep(3),
    "half an image": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf"),
    "a length that lies": reply(b"200 OK", b"", b"Content-Length: 99999999999999"),
    "a negative length": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx"),
    "no HTTP": lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "HTTP/0.9": lambda connection: connection.sendall(IMAGE),
    "a compressed image": reply(b"200 OK", b"\x1f\x8b" + bytes(100), b"Content-Encoding: gzip"),
    "a page": reply(b"200 OK", b"<script>alert(1)</script>", b"Content-Type: text/html"),
    "an upgrade": reply(b"101 Switching Protocols", b"", b"Upgrade: websocket", b"Connection: Upgrade"),
    "no content": lambda connection: connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "a part": reply(b"206 Partial Content", IMAGE[:20]),
    "a refusal": reply(b"401 Unauthorized", b"secret-words", b'WWW-Authenticate: Basic realm="x"'),
}
LOCATIONS: dict[str, bytes] = {
    "metadata": b"http://169.254.169.254/latest/meta-data/",
    "metadata in IPv6": b"http://[::ffff:a9fe:a9fe]/",
    "metadata in decimal": b"http://2852039166/",
    "metadata in octal": b"http://0251.0376.0251.0376/",
    "metadata in hex": b"http://0xa9fea9fe/",
    "another loopback": b"http://127.0.0.2/",
    "loopback in IPv6": b"http://[::1]/",
    "a name and a word": b"http://user:word@127.0.0.1/",
    "a file": b"file:///etc/passwd",
    "gopher": b"gopher://127.0.0.1:6379/_FLUSHALL",
    "data": b"data:image/png;base64,AAAA",
    "javascript": b"javascript:alert(1)",
    "no UTF-8": b"http://\xff\xfe/",
    "no UTF-8 in brackets": b"http://[\xff",
    "brackets": b"http://[",
    "a port beyond ports": b"http://127.0.0.1:99999/",
    "a port of letters": b"http://127.0.0.1:http/",
    "another port": b"http://127.0.0.1:1/",
    "no scheme": b"//169.254.169.254/",
    "nothing": b"",
    "very long": b"http://127.0.0.1/" + b"x" * 7000,
    "longer than a head": b"http://127.0.0.1/" + b"x" * 100_000,
    "a control character": b"http://127.0.0.1/\x01\x7f",
    "a backslash": b"http:\\\\169.254.169.254\\",
    "an at sign": b"http://127.0.0.1:1@169.254.169.254/",
}


@pytest.mark.parametrize("name", SITES)
def test_a_hostile_site_costs_little_and_tells_nothing(fetching: GatewayProcess, site: RawSite, name: str) -> None:
    path = "/" + name.replace(" ", "-")
    site.answers[path] = SITES[name]
    before = peak(fetching)
    started = time.monotonic()
    answer = ask(fetching, site.url(path))
    assert answer.status_code in {400, 413}, answer.text
    assert time.monotonic() - started < 5 * PATIENCE
    assert peak(fetching) - before < 30
    assert "secret" not in answer.text
    eventually(lambda: fetching.metric("capforge_predict_in_flight") == 0)


@pytest.mark.parametrize("name", LOCATIONS)
def test_no_redirect_leads_anywhere_else(fetching: GatewayProcess, site: RawSite, name: str) -> None:
    path = "/to-" + name.replace(" ", "-")
    site.answers[path] = reply(b"302 Found", b"", b"Location: " + LOCATIONS[name])
    with raw_site("127.0.0.2", 0) as other:
        answer = ask(fetching, site.url(path))
        assert answer.status_code == 400, answer.text
        assert other.visits == []
    assert answer.json()["api_request"]["error"]["message"]


@pytest.mark.parametrize(
    "address",
    [
        "https://\udcff/", "https://x\r\nHost: y/", "https://127.0.0.1:0/", "https://example.org:443:443/", "https://%31%32%37.0.0.1/",
        "https://127.0.0.1%2f@example.org/", "https://example.org\\@127.0.0.1/", "https://[fe80::1%25eth0]/", "https://" + "a." * 500 + "org/",
        "https://xn--a/", "https://①②⑦.⓪.⓪.①/", "https://0/", "https://127.1/", "https://[::ffff:127.0.0.1]:443/", "HTTPS://LOCALHOST/", "https://.",
    ],
)  # fmt: skip
def test_odd_addresses_are_refused_and_never_a_server_error(fetching: GatewayProcess, address: str) -> None:
    body = (
        b'{"image": "'
        + address.encode("utf-8", "surrogatepass").replace(b"\\", b"\\\\").replace(b"\r\n", b"\\r\\n")
        + b'"}'
    )
    headers = {**fetching.authorization(), "Content-Type": "application/json"}
    answer = fetching.http.post(fetching.predict_url(), content=body, headers=headers)
    assert answer.status_code == 400, answer.text


class Names:
    """A name server whose answers change with every question."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = answers

    async def __call__(self, _host: Any, port: Any, **_: Any) -> list[Any]:
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]


async def fetched(monkeypatch: pytest.MonkeyPatch, names: Names, address: str) -> bytes:
    """Fetch as the gateway does, with these names; only 127.0.0.2 is allowed."""
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
    policy = Policy(UrlInput.ALLOWLIST, ("*.example.org:" + str(httpx.URL(address).port),), (ip_network("127.0.0.2/32"),), True, 10_000, 2.0 * PATIENCE)  # fmt: skip
    fetcher = Fetcher(policy)
    try:
        return await fetcher.fetch(address, lambda _: None)
    finally:
        await fetcher.close()


async def test_a_name_that_changes_its_address_after_the_check_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with allowed_and_private() as (allowed, private):
        names = Names(["127.0.0.2"], ["127.0.0.1"])
        assert await fetched(monkeypatch, names, allowed.url("/", "a.example.org")) == IMAGE
        assert (names.asked, private.visits) == (1, [])


async def test_the_name_of_a_redirect_is_checked_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with allowed_and_private() as (allowed, private):
        allowed.answers["/"] = reply(b"302 Found", b"", b"Location: /next")
        with pytest.raises(ApiError, match="not on the public Internet"):
            await fetched(monkeypatch, Names(["127.0.0.2"], ["127.0.0.1"]), allowed.url("/", "a.example.org"))
        assert private.visits == []


async def test_one_private_address_among_several_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_site("127.0.0.2") as allowed:
        with pytest.raises(ApiError, match="not on the public Internet"):
            await fetched(monkeypatch, Names(["127.0.0.2", "10.0.0.1"]), allowed.url("/", "a.example.org"))
        assert allowed.visits == []
