"""Images by address: what is fetched, and above all what is not."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.integration.gateway.conftest import FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import ANSWER_SECONDS, GatewayProcess, capability, opened, version
from tests.support.eventually import PATIENCE
from tests.support.triton import Triton


@dataclass
class Site:
    """A web site on loopback: path → (status, headers, body)."""

    port: int = 0
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    visits: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    """The test has ended: who still waits may go."""

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.visits.append((self.path, dict(self.headers)))
            status, headers, body = served.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.path == "/slow":
                served.over.wait()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    served.pages["/cell.png"] = (200, {"Content-Type": "image/png"}, white())
    yield served
    served.over.set()
    server.shutdown()
    server.server_close()


def allowing(start_gateway: StartGateway, models: Triton, **environment: object) -> GatewayProcess:
    """A gateway that may fetch from loopback by http, unless told otherwise."""
    defaults: dict[str, object] = {
        "URL_INPUT": "allowlist",
        "URL_ALLOW_HTTP": "true",
        "URL_ALLOWED_NETWORKS": "127.0.0.0/8",
        "URL_TIMEOUT_SECONDS": ANSWER_SECONDS,
    }
    gateway = start_gateway(**{**defaults, **environment})
    return opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))


def ask(gateway: GatewayProcess, address: str) -> httpx.Response:
    return gateway.http.post(gateway.predict_url(), json={"image": address}, headers=gateway.authorization())


def refused(gateway: GatewayProcess, address: str) -> str:
    answer = ask(gateway, address)
    assert answer.status_code == 400, answer.text
    message: str = answer.json()["api_request"]["error"]["message"]
    return message


def test_by_default_no_host_is_allowed(gateway: GatewayProcess, site: Site) -> None:
    assert "only from: nowhere" in refused(gateway, "https://example.org/cell.png")
    assert "must be https://" in refused(gateway, site.url("/cell.png"))
    assert site.visits == []


def test_it_can_be_off(start_gateway: StartGateway, models: Triton) -> None:
    assert "takes no addresses" in refused(
        allowing(start_gateway, models, URL_INPUT="off"), "https://example.org/a.png"
    )


def test_an_allowed_host_is_fetched_from(start_gateway: StartGateway, models: Triton, site: Site) -> None:
    gateway = allowing(start_gateway, models, URL_ALLOWED_HOSTS=f"127.0.0.1:{site.port}, localhost:{site.port}")
    for address in (site.url("/cell.png"), site.url("/cell.png", "localhost")):
        answer = ask(gateway, address)
        assert answer.status_code == 200, answer.text
    path, headers = site.visits[0]
    assert path == "/cell.png"
    assert "Authorization" not in headers
    assert "Cookie" not in headers


def test_a_form_may_hold_an_address(start_gateway: StartGateway, models: Triton, site: Site) -> None:
    gateway = allowing(start_gateway, models, URL_ALLOWED_HOSTS=f"127.0.0.1:{site.port}")
    answer = gateway.http.post(
        gateway.predict_url(), data={"document": site.url("/cell.png")}, headers=gateway.authorization()
    )
    assert answer.status_code == 200, answer.text


def test_an_allowed_host_with_a_private_address_is_refused(
    start_gateway: StartGateway, models: Triton, site: Site
) -> None:
    gateway = allowing(
        start_gateway, models, URL_ALLOWED_HOSTS=f"127.0.0.1:{site.port} localhost:{site.port}", URL_ALLOWED_NETWORKS=""
    )
    for host in ("127.0.0.1", "localhost"):
        assert "not on the public Internet" in refused(gateway, site.url("/cell.png", host))
    assert site.visits == []


PRIVATE = [
    "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "10.0.0.1", "192.168.1.1",
    "172.16.0.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "[fe80::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[::127.0.0.1]", "224.0.0.1", "255.255.255.255", "127.0.0.1.", "ⓛocalhost", "127。0。0。1",
]  # fmt: skip


def test_in_public_mode_no_spelling_reaches_a_private_address(start_gateway: StartGateway, models: Triton) -> None:
    gateway = allowing(start_gateway, models, URL_INPUT="public", URL_ALLOWED_NETWORKS="")
    for host in PRIVATE:
        message = refused(gateway, f"https://{host}/cell.png")
        assert any(
            told in message for told in ("not on the public Internet", "nothing could be fetched", "cannot be read")
        ), (
            host,
            message,
        )


@pytest.mark.parametrize(
    "address",
    [
        "https://user@example.org/",
        "https://user:word@example.org/",
        "https://example.org:22/",
        "https:///a.png",
        "https://",
    ],
)
def test_odd_addresses_are_refused(start_gateway: StartGateway, models: Triton, address: str) -> None:
    refused(allowing(start_gateway, models, URL_INPUT="public"), address)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://example.org/a.png", "gopher://127.0.0.1/", "//example.org/"]
)
def test_other_schemes_are_no_addresses_at_all(gateway: GatewayProcess, address: str) -> None:
    assert "neither base64 nor an https address" in refused(gateway, address)


def test_every_redirect_is_checked_again(start_gateway: StartGateway, models: Triton, site: Site) -> None:
    gateway = allowing(start_gateway, models, URL_ALLOWED_HOSTS=f"127.0.0.1:{site.port}")
    targets = {
        "/to-metadata": ("http://169.254.169.254/latest/meta-data/", "only from"),
        "/to-other-host": (site.url("/cell.png", "localhost"), "only from"),
        "/to-file": ("file:///etc/passwd", "must be"),
        "/loop": ("/loop", "more than 3"),
    }
    for path, (target, told) in targets.items():
        site.pages[path] = (302, {"Location": target}, b"")
        assert told in refused(gateway, site.url(path))
    site.pages["/3"] = (302, {"Location": "/2"}, b"")
    site.pages["/2"] = (307, {"Location": "/1"}, b"")
    site.pages["/1"] = (301, {"Location": site.url("/cell.png")}, b"")
    assert ask(gateway, site.url("/3")).status_code == 200


def test_what_comes_is_bounded_in_size_and_time(start_gateway: StartGateway, models: Triton, site: Site) -> None:
    bounds = {"MAX_IMAGE_BYTES": 10_000, "URL_TIMEOUT_SECONDS": PATIENCE}
    gateway = allowing(start_gateway, models, URL_ALLOWED_HOSTS=f"127.0.0.1:{site.port}", **bounds)
    site.pages["/announced"] = (200, {"Content-Length": "10001"}, b"x" * 10_001)
    site.pages["/unannounced"] = (200, {}, b"x" * 2_000_000)
    site.pages["/slow"] = (200, {}, white())
    for path in ("/announced", "/unannounced"):
        assert ask(gateway, site.url(path)).status_code == 413
    assert f"within {PATIENCE:g} s" in refused(gateway, site.url("/slow"))


def test_what_is_no_image_is_refused_without_showing_it(
    start_gateway: StartGateway, models: Triton, site: Site
) -> None:
    gateway = allowing(start_gateway, models, URL_ALLOWED_HOSTS=f"127.0.0.1:{site.port}")
    site.pages["/secret"] = (200, {}, b"top-secret-words")
    site.pages["/broken"] = (500, {}, b"top-secret-words")
    assert "secret" not in refused(gateway, site.url("/secret"))
    assert refused(gateway, site.url("/broken")) == "the address answered with status 500"
    assert refused(gateway, f"http://127.0.0.1:{site.port}/none") == "the address answered with status 404"
