"""Bodies that come slowly, too large, in pieces, or as odd forms: spoken to over a plain socket where it matters."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.gateway.conftest import FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import ANSWER_SECONDS, GatewayProcess, capability, opened, version
from tests.support.eventually import PATIENCE, eventually
from tests.support.triton import Triton


@pytest.fixture
def patient(start_gateway: StartGateway, models: Triton) -> GatewayProcess:
    """A gateway that waits long for a body and takes 100,000 bytes."""
    gateway = start_gateway(UPLOAD_TIMEOUT_SECONDS=ANSWER_SECONDS, MAX_IMAGE_BYTES="100000")
    return opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))


def begun(gateway: GatewayProcess, *headers: str, key: str | None = None) -> socket.socket:
    """Send the head of a predict request."""
    connection = socket.create_connection(("127.0.0.1", gateway.port), ANSWER_SECONDS)
    head = [
        f"POST {httpx.URL(gateway.predict_url()).path} HTTP/1.1",
        "Host: gateway",
        f"Authorization: Token {key or gateway.key}",
        "Content-Type: image/png",
        *headers,
    ]
    connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    return connection


def status_of(connection: socket.socket) -> int:
    """Read until the server closes or the answer is there; return its status."""
    answer = connection.recv(65536)
    return int(answer.split(b" ", 2)[1])


def test_a_body_that_stops_coming_is_given_up(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(UPLOAD_TIMEOUT_SECONDS="1")
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    started = time.monotonic()
    connection = begun(gateway, "Content-Length: 1000")
    connection.sendall(b"x" * 10)
    assert status_of(connection) == 408
    assert 0.9 < time.monotonic() - started < 5 * PATIENCE


def test_too_large_is_refused_by_its_announced_length_before_a_byte_comes(patient: GatewayProcess) -> None:
    connection = begun(patient, "Content-Length: 100001", "Expect: 100-continue")
    assert status_of(connection) == 413


def test_too_large_is_refused_while_it_comes(patient: GatewayProcess) -> None:
    connection = begun(patient, "Transfer-Encoding: chunked")
    for _ in range(11):
        connection.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
    assert status_of(connection) == 413
    # the rest of an endless body is not read for ever
    eventually(lambda: _is_closed(connection))


def test_an_image_in_small_pieces_is_put_together(gateway: GatewayProcess) -> None:
    def pieces() -> Iterator[bytes]:
        image = white(200, 200)
        for start in range(0, len(image), 100):
            yield image[start : start + 100]

    headers = {**gateway.authorization(), "Content-Type": "image/png"}
    assert gateway.http.post(gateway.predict_url("v1.1"), content=pieces(), headers=headers).status_code == 200


def test_a_wrong_key_is_refused_without_waiting_for_the_body(patient: GatewayProcess) -> None:
    connection = begun(patient, "Content-Length: 90000", key="wrong")
    assert status_of(connection) == 401


def test_a_caller_who_hangs_up_leaves_nothing_behind(patient: GatewayProcess) -> None:
    connection = begun(patient, "Content-Length: 1000")
    eventually(lambda: patient.metric("capforge_predict_in_flight") == 1)
    connection.close()
    eventually(lambda: patient.metric("capforge_predict_in_flight") == 0)
    eventually(lambda: [line for line in patient.lines("predict") if line["code"] == "ClientGone"])


def test_continue_is_said_only_when_the_body_is_wanted(patient: GatewayProcess) -> None:
    image = white()
    connection = begun(patient, f"Content-Length: {len(image)}", "Expect: 100-continue")
    assert status_of(connection) == 100
    connection.sendall(image)
    assert status_of(connection) == 200


def form(*parts: bytes, end: bytes = b"--edge--\r\n") -> bytes:
    return b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + end


def part(disposition: str, data: bytes) -> bytes:
    return f"Content-Disposition: {disposition}\r\n\r\n".encode() + data


FILE = 'form-data; name="image"; filename="a.png"'


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (form(part(FILE, white())), 200, ""),
        (form(part('form-data; name="other"', b"1"), part(FILE, white())), 200, ""),
        (form(part('form-data; name="image"; filename=""', b""), part(FILE, white())), 200, ""),
        (form(part('form-data; name="other"', b"1")), 400, "no image"),
        (form(part(FILE, white()), part('form-data; name="document"; filename="b"', white())), 400, "2 images"),
        (form(part(FILE, b"")), 400, "empty"),
        (form(part("form-data", white())), 400, "no name"),
        (form(part('attachment; name="image"', white())), 400, "no name"),
        (form(part(FILE, white()), end=b""), 400, "closing boundary"),
        (form(part(FILE, white()))[:-30], 400, "closing boundary"),
        (b"no form", 400, ""),
        (b"", 400, ""),
        (form(*[part(f'form-data; name="f{index}"', b"") for index in range(33)]), 400, "more than 32"),
        (b"--edge\r\nX: " + b"y" * 9000 + b"\r\n\r\n\r\n--edge--\r\n", 400, "header size"),
    ],
    ids=[
        "one-file", "other-field", "empty-chooser", "no-image", "two-images", "empty-file", "no-name",
        "no-form-data", "no-end", "cut", "no-form", "empty", "many-fields", "long-header",
    ],
)  # fmt: skip
def test_forms(gateway: GatewayProcess, body: bytes, status: int, told: str) -> None:
    answer = gateway.predict(body, "v1.1", "multipart/form-data; boundary=edge")
    assert answer.status_code == status, answer.text
    assert told in answer.text


def test_a_form_without_a_boundary_says_so(gateway: GatewayProcess) -> None:
    answer = gateway.predict(form(part(FILE, white())), "v1.1", "multipart/form-data")
    assert answer.status_code == 400
    assert "boundary" in answer.json()["api_request"]["error"]["message"]


def test_a_request_head_that_is_too_large_is_refused(gateway: GatewayProcess) -> None:
    headers = {f"X-Filler-{index}": "y" * 1000 for index in range(40)}
    assert gateway.predict(white(), "v1.1", headers=headers).status_code == 400


def _is_closed(connection: socket.socket) -> bool:
    """Tell whether the server has closed; an answer that still lies there is read first."""
    connection.settimeout(0.2)
    try:
        return connection.recv(65536) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
