"""What a stranger can do with bytes on a connection: nothing but get an orderly refusal, in bounded time and memory."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]  # has no types
import pytest

from capforge_contracts.run import Output
from tests.integration.gateway.conftest import FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import ANSWER_SECONDS, GatewayProcess, capability, opened, version
from tests.support.eventually import PATIENCE, eventually
from tests.support.triton import Triton

PREDICT = b"/v1/products/acme/cells/v1.1/predict"
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n"


def exchange(gateway: GatewayProcess, *pieces: bytes, seconds: float = 5.0 * PATIENCE) -> bytes:
    """Send pieces one after the other; return all that comes until the gateway closes or says nothing for a while."""
    received = b""
    with socket.create_connection(("127.0.0.1", gateway.port), ANSWER_SECONDS) as connection:
        connection.settimeout(seconds)
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.02 if len(pieces) > 1 else 0)  # so that they arrive as pieces
            while data := connection.recv(65536):
                received += data
                connection.settimeout(0.3)
        except (TimeoutError, ConnectionError):
            pass
    return received


def head(gateway: GatewayProcess, *headers: bytes, path: bytes = PREDICT, method: bytes = b"POST") -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: g", b"Authorization: Token " + gateway.key.encode(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


TWO_MEANINGS = {
    "two lengths": [b"Content-Length: 0", b"Content-Length: 36"],
    "the same length twice": [b"Content-Length: 36", b"Content-Length: 36"],
    "length and chunks": [b"Content-Length: 36", b"Transfer-Encoding: chunked"],
    "chunks and length": [b"Transfer-Encoding: chunked", b"Content-Length: 36"],
    "not last chunked": [b"Transfer-Encoding: chunked, identity"],
    "twice encoded": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"],
    "an unknown encoding": [b"Transfer-Encoding: xchunked"],
    "a space before the colon": [b"Transfer-Encoding : chunked"],
    "a folded line": [b"X-A: b", b" Content-Length: 36"],
    "a signed length": [b"Content-Length: +36"],
    "a negative length": [b"Content-Length: -1"],
    "a length beyond numbers": [b"Content-Length: 99999999999999999999"],
    "a list of lengths": [b"Content-Length: 36, 36"],
    "a line feed in a value": [b"X-A: b\nContent-Length: 36"],
    "a return in a value": [b"X-A: b\rContent-Length: 36"],
    "a NUL in a value": [b"X-A: b\x00"],
    "an upgrade with a body": [b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 36"],
    "a websocket with a body": [b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 36"],
}


@pytest.mark.parametrize("name", TWO_MEANINGS)
def test_a_request_that_two_servers_could_read_differently_is_refused(gateway: GatewayProcess, name: str) -> None:
    received = exchange(gateway, head(gateway, *TWO_MEANINGS[name]), SMUGGLED)
    assert received.startswith(b"HTTP/1.1 400 "), received[:200]
    assert received.count(b"HTTP/1.1 ") == 1, "what follows was taken for a second request"


def test_the_body_of_a_refused_request_is_never_taken_for_a_request(gateway: GatewayProcess) -> None:
    refused = head(gateway, b"Content-Type: text/plain", b"Content-Length: 36")
    assert exchange(gateway, refused, SMUGGLED).count(b"HTTP/1.1 ") == 1
    whole = refused + SMUGGLED + SMUGGLED
    assert exchange(gateway, whole).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "chunks", [b"-5\r\nhello\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\nhello", b"5\r\nhelloXX0\r\n\r\n", b"5 5\r\nhello\r\n0\r\n\r\n", b"\r\n", b"0x5\r\nhello\r\n0\r\n\r\n"]
)  # fmt: skip
def test_broken_chunks_end_the_connection(gateway: GatewayProcess, chunks: bytes) -> None:
    begun = head(gateway, b"Transfer-Encoding: chunked", b"Content-Type: image/png")
    received = exchange(gateway, begun, chunks, SMUGGLED, seconds=5.0)
    assert received.count(b"HTTP/1.1 ") <= 1
    assert not received or received.startswith(b"HTTP/1.1 400 ")
    eventually(lambda: gateway.metric("capforge_predict_in_flight") == 0)


PATHS = {
    b"/v1/products/acme%2Fcells/v1.1/predict": 404,
    b"/v1/products/acme%2fcells%2Fv1.1/predict": 404,
    b"/v1/products/acme%5Ccells/v1.1/predict": 404,
    b"/v1/products/x/../acme/cells/v1.1/predict": 404,
    b"/v1/products/x/%2e%2e/acme/cells/v1.1/predict": 404,
    b"/v1/products/./acme/cells/v1.1/predict": 404,
    b"//v1/products/acme/cells/v1.1/predict": 404,
    b"/v1/products/acme/cells/v1.1/predict;x=y": 404,
    b"/v1/products/acme/cells/v1.1%00/predict": 404,
    b"/v1/products/acme/cells/v1.1%0d%0aX-Evil:%20yes/predict": 404,
    b"/v1/products/acme/cells/v1.1%ff%fe/predict": 404,
    b"/v1/products/acm%D0%B5/cells/v1.1/predict": 404,
    b"/v1/products/acme/cells/%76%31%2e%31/predict": 200,
    b"http://169.254.169.254/latest/meta-data": 404,
    b"http://g" + PREDICT: 200,
    b"/v2/models/acme.cells%2Fversions/1.1": 404,
    b"/v2/models/acme.cells/../acme.cells": 404,
    b"/v2//models/acme.cells": 404,
    b"/v2/models/acme%2ecells%00": 404,
    b"/" + b"a" * 30_000: 404,
    b"/" + b"a" * 40_000: 400,
    PREDICT + b"\x00": 400,
    PREDICT + b"\xc3\xa9": 400,
}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ascii(path)[:60])
def test_no_spelling_of_a_path_gets_past_its_meaning(gateway: GatewayProcess, path: bytes) -> None:
    image = white()
    method = b"GET" if path.startswith(b"/v2") else b"POST"
    request = head(gateway, b"Content-Type: image/png", b"Content-Length: %d" % len(image), path=path, method=method)
    received = exchange(gateway, request + image)
    assert received.startswith(b"HTTP/1.1 %d " % PATHS[path]), received[:200]
    assert b"x-evil" not in received.split(b"\r\n\r\n")[0].lower()


@pytest.mark.parametrize("host", [b"[", b"\xff\xfe", b'"><script>alert(1)</script>', b"a b", b"", b"'; echo $(id) #"])
def test_a_host_that_is_none_changes_nothing(gateway: GatewayProcess, host: bytes) -> None:
    for path in (b"/docs", b"/openapi.json", b"/nowhere"):
        received = exchange(gateway, b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        assert received.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), received[:200]
        if path == b"/docs":
            assert b"<script>alert" not in received


@pytest.mark.parametrize("given", [b"a\x7fb", b"x" * 5000, b"<b>", b'"', b"a;b", b"../..", b"%0a"])
def test_what_is_echoed_is_harmless(gateway: GatewayProcess, given: bytes) -> None:
    request = head(gateway, b"X-Request-Id: " + given, b"Connection: close", path=b"/nowhere", method=b"GET")
    first, _, _ = exchange(gateway, request).partition(b"\r\n\r\n")
    assert given not in first


HOSTILE_NAMES = [
    '<img src=x onerror="alert(1)">', "{{ 7*7 }}{% raw %}", "'; DROP TABLE x; --", "a\u202egnp.exe", "\u2028x\u0085y", "</script>",
    "red\r\nX-Evil: yes", "\x1b[2Jx", "\uff52\uff45\uff44", "🩸" * 20,
]  # fmt: skip


def test_names_of_outputs_are_words_wherever_they_are_shown(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway()
    for first, second in zip(HOSTILE_NAMES, [*HOSTILE_NAMES[1:], "white"], strict=True):
        outputs = [Output(position=0, name=first), Output(position=1, name=second)]
        routed = version("1.1", FIXED, [models.address], thresholds={first: 0.0, second: 0.0})
        description = f"Finds {first} and </pre>{second}"
        opened(gateway, capability([routed], "1.1", outputs=outputs, description=description))
        entities = gateway.predict(white()).json()["document"]["inference"]["prediction"]["entities"]
        assert [one["observations"][0]["value"] for one in entities] == [first, second]
        described = gateway.http.get(
            gateway.predict_url().replace("predict", "openapi.json"), headers=gateway.authorization()
        )
        assert [one["name"] for one in described.json()["x-capforge"]["outputs"]] == [first, second]
        page = gateway.http.get(gateway.predict_url().replace("predict", "docs"), headers=gateway.authorization())
        assert page.status_code == 200
        assert not any(harmful in page.text for harmful in ("<img", "<script", "49{%", "</pre>Finds"))
        metadata = gateway.http.get(f"{gateway.url}/v2/models/acme.cells", headers=gateway.authorization())
        assert metadata.json()["parameters"]["classes"] == [first, second]


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nX: y.png",
        "<script>.png",
        "..\\..\\x.png",
        "/etc/passwd",
        "a\x00b.png",
        "x" * 3000,
        "\x1b]0;t\x07",
        '"; a="b',
    ],
)
def test_a_file_name_is_only_a_word(gateway: GatewayProcess, name: str) -> None:
    escaped = name.replace("\r\n", "%0D%0A").replace('"', '\\"').encode()
    body = (
        b'--e\r\nContent-Disposition: form-data; name="image"; filename="'
        + escaped
        + b'"\r\n\r\n'
        + white()
        + b"\r\n--e--\r\n"
    )
    answer = gateway.predict(body, "v1.1", "multipart/form-data; boundary=e")
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 200:
        told = answer.json()["document"]["name"]
        assert len(told) <= 255
        assert not set(told) & set("\r\n\x00\x1b\x07/\\") or "\\" not in name


def test_nothing_sent_can_forge_a_log_line(start_gateway: StartGateway, models: Triton) -> None:
    gateway = opened(start_gateway(), capability([version("1.1", FIXED, [models.address])], "1.1"))
    forged = '{"event":"forged"}'
    lines = f"x\n{forged}\r{forged}\u2028{forged}"
    percent = quote(lines).encode()
    for path in (
        percent,
        b"/v1/products/acme/cells/v1" + percent[1:60] + b"/predict",
        b"/v2/models/acme.cells/versions/" + percent,
    ):
        exchange(gateway, head(gateway, b"Content-Length: 0", path=path))
    gateway.http.post(gateway.predict_url(), files={"image": (lines, white())}, headers=gateway.authorization())
    gateway.http.post(gateway.predict_url(), json={"image": f"https://x/{lines}"}, headers=gateway.authorization())
    body = {"id": lines, "inputs": [{"name": lines, "shape": [1], "datatype": lines, "data": [lines]}]}
    gateway.http.post(f"{gateway.url}/v2/models/acme.cells/infer", json=body, headers=gateway.authorization())
    gateway.http.put(
        f"{gateway.internal_url}/internal/routes", content=lines, headers={"Authorization": "Bearer " + "x"}
    )
    eventually(lambda: len(gateway.lines("inference protocol")) >= 2)
    for line in gateway.log.read_text().splitlines()[:-1]:  # as a person's viewer breaks lines: at U+2028 too
        assert line.startswith("{"), line
        assert json.loads(line).get("event", json.loads(line).get("message")) != "forged", line


@contextmanager
def connections(gateway: GatewayProcess, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        address = ("127.0.0.1", gateway.port)
        yield [stack.enter_context(socket.create_connection(address, ANSWER_SECONDS)) for _ in range(count)]


def closed(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def memory(gateway: GatewayProcess) -> float:
    """Resident memory of the gateway, MiB."""
    return float(psutil.Process(gateway.process.pid).memory_info().rss) / 2**20


def test_idle_connections_are_bounded_in_number_memory_and_time(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(MAX_CONNECTIONS=300, HEAD_TIMEOUT_SECONDS="3")
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    before = memory(gateway)
    with connections(gateway, 290) as idle:
        assert gateway.predict(white()).status_code == 200
        with connections(gateway, 50) as more:
            eventually(lambda: sum(closed(one) for one in more) >= 39)
        assert memory(gateway) - before < 30
        eventually(lambda: all(closed(one) for one in idle), 30)
    assert gateway.predict(white()).status_code == 200


def test_a_head_that_trickles_is_cut_off(start_gateway: StartGateway) -> None:
    gateway = start_gateway(HEAD_TIMEOUT_SECONDS="0.5")
    with connections(gateway, 20) as slow:
        started = time.monotonic()
        request = iter(head(gateway, b"X-Filler: " + b"x" * 1000))

        def all_closed() -> bool:
            letter = bytes([next(request)])
            for one in slow:
                try:
                    one.sendall(letter)
                except ConnectionError:
                    continue
            return all(closed(one) for one in slow)

        eventually(all_closed, 20, 0.01)
        assert time.monotonic() - started < 15 * PATIENCE


def test_who_never_takes_the_answers_is_cut_off(start_gateway: StartGateway) -> None:
    gateway = start_gateway(ANSWER_TIMEOUT_SECONDS="1")
    before = memory(gateway)
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect(("127.0.0.1", gateway.port))
    stuck.settimeout(0.2)

    def refused() -> bool:
        try:
            stuck.sendall(b"GET /docs HTTP/1.1\r\nHost: g\r\n\r\n")
        except TimeoutError:  # the gateway reads no further requests while answers wait
            return False
        except ConnectionError:
            return True
        return False

    started = time.monotonic()
    eventually(refused, 30, 0.03)
    assert time.monotonic() - started > 1
    assert memory(gateway) - before < 20
    stuck.close()


def test_who_asks_thousands_of_times_before_reading_is_cut_off(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    before = memory(gateway)
    with connections(gateway, 10) as greedy:
        for one in greedy:
            one.settimeout(0.2)
            with suppress(OSError):
                one.sendall(b"GET /docs HTTP/1.1\r\nHost: g\r\n\r\n" * 8000)
        eventually(lambda: all(closed(one) for one in greedy))
    assert memory(gateway) - before < 40


def test_a_caller_who_has_said_all_leaves_nothing_behind(gateway: GatewayProcess) -> None:
    image = white()
    for body in (image, image[:10]):
        with socket.create_connection(("127.0.0.1", gateway.port), ANSWER_SECONDS) as connection:
            connection.sendall(head(gateway, b"Content-Type: image/png", b"Content-Length: %d" % len(image)) + body)
            connection.shutdown(socket.SHUT_WR)
            eventually(lambda one=connection: closed(one))  # type: ignore[misc]
    eventually(lambda: gateway.metric("capforge_predict_in_flight") == 0)


JSON_BOMBS: dict[str, Any] = {
    "brackets": b'{"image": [' + b"[]," * 4_000_000 + b"1]}",
    "objects": b'{"image": [' + b'{"":1},' * 2_000_000 + b"1]}",
    "commas": b'{"image": [' + b"0," * 6_000_000 + b"1]}",
    "deep": b'{"image": ' + b"[" * 10_000_000,
    "deep objects": b'{"a":' * 2_000_000,
    "a huge number": b'{"image": ' + b"9" * 5_000_000 + b"}",
    "not a number": b'{"image": NaN}',
    "half a letter": b'{"image": "\\ud800"}',
    "the key twice": b'{"image": 5, "image": {}}',
    "no UTF-8": b'{"image": "\xff"}',
}


def test_hostile_json_is_refused_in_little_time_and_memory(gateway: GatewayProcess) -> None:
    gateway.predict(b"{}", "v1.1", "application/json")
    before = peak(gateway)
    for name, body in JSON_BOMBS.items():
        answer = gateway.predict(body, "v1.1", "application/json")
        assert answer.status_code == 400, (name, answer.text[:300])
        refused = gateway.http.post(
            f"{gateway.url}/v2/models/acme.cells/versions/1.1/infer", content=body, headers=gateway.authorization()
        )
        assert refused.status_code == 400, (name, refused.text[:300])
        assert len(refused.content) < 2000, name
    assert peak(gateway) - before < 250


def peak(gateway: GatewayProcess) -> float:
    """The most memory the gateway ever had, MiB."""
    for line in open(f"/proc/{gateway.process.pid}/status"):  # noqa: SIM115, PTH123 - a kernel's file
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")
