"""More than fits: told at once, fairly, without losing what is under way; and an orderly end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.integration.gateway.conftest import FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import ANSWER_SECONDS, GatewayProcess, capability, opened, version
from tests.integration.gateway.test_uploads import begun, status_of
from tests.support.eventually import PATIENCE, eventually
from tests.support.triton import Triton


@contextmanager
def uploads(gateway: GatewayProcess, count: int, *headers: str) -> Iterator[list[socket.socket]]:
    """Requests that are admitted and whose bodies have not come yet."""
    with ExitStack() as stack:
        opened_now = [stack.enter_context(begun(gateway, *headers)) for _ in range(count)]
        eventually(lambda: gateway.metric("capforge_predict_in_flight") == count)
        yield opened_now


def test_a_tenant_over_its_share_is_told_so_and_others_go_on(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(MAX_REQUESTS_PER_NAMESPACE=2)
    routed = [version("1.1", FIXED, [models.address])]
    opened(gateway, capability(routed, "1.1"), capability(routed, "1.1", namespace="other"))
    other_key = gateway.create_key("other")
    image = white()
    with uploads(gateway, 2, f"Content-Length: {len(image)}") as waiting:
        answer = gateway.predict(image)
        assert answer.status_code == 429
        assert answer.json()["api_request"]["error"]["code"] == "TooManyRequests"
        assert answer.headers["retry-after"] == "1"
        headers = {"Authorization": f"Token {other_key}"}
        eventually(lambda: gateway.accepts(other_key, "other"))
        assert gateway.predict(image, target={"namespace": "other"}, headers=headers).status_code == 200
        for connection in waiting:
            connection.sendall(image)
            assert status_of(connection) == 200
    assert gateway.predict(image).status_code == 200


def test_a_full_gateway_says_so(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(MAX_REQUESTS=2)
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    with uploads(gateway, 2, "Content-Length: 100"):
        answer = gateway.predict(white())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["api_request"]["error"]["code"] == "Overloaded"
    eventually(lambda: gateway.predict(white()).status_code == 200)


def test_bodies_in_memory_are_bounded(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(MAX_BUFFERED_BYTES=50_000, MAX_IMAGE_BYTES=40_000)
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    with uploads(gateway, 1, "Content-Length: 40000") as (connection,):
        connection.sendall(b"x" * 39_000)
        eventually(lambda: gateway.metric("capforge_predict_buffered_bytes") == 39_000)
        answer = gateway.predict(b"y" * 39_000)
        assert answer.json()["api_request"]["error"]["code"] == "Overloaded"
        assert gateway.predict(white()).status_code == 200
    eventually(lambda: gateway.metric("capforge_predict_buffered_bytes") == 0)


def test_a_connection_that_never_asks_is_closed(start_gateway: StartGateway) -> None:
    gateway = start_gateway(HEAD_TIMEOUT_SECONDS="0.5")
    silent = socket.create_connection(("127.0.0.1", gateway.port), ANSWER_SECONDS)
    slow = socket.create_connection(("127.0.0.1", gateway.port), ANSWER_SECONDS)
    slow.sendall(b"POST /v1/products/acme/cells/v1/predict HTTP/1.1\r\nHost: g\r\n")
    assert silent.recv(100) == b""
    assert slow.recv(100) == b""


def test_on_sigterm_running_predictions_end_and_new_ones_are_still_answered_while_draining(
    start_gateway: StartGateway, models: Triton
) -> None:
    gateway = start_gateway(DRAIN_SECONDS=1.5 * PATIENCE)  # all that is asked meanwhile must have its turn
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    image = white()
    with uploads(gateway, 1, f"Content-Length: {len(image)}") as (waiting,):
        gateway.process.send_signal(signal.SIGTERM)
        eventually(lambda: gateway.http.get(f"{gateway.url}/readyz").text == "shutting down\n")
        answer = gateway.predict(image)
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close", "callers go elsewhere before the address goes"
        eventually(lambda: not _listens(gateway))
        waiting.sendall(image)
        assert status_of(waiting) == 200
    assert gateway.process.wait(ANSWER_SECONDS) == 0


def _listens(gateway: GatewayProcess) -> bool:
    try:
        socket.create_connection(("127.0.0.1", gateway.port), 1).close()
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "value"),
    [("CAPFORGE_PORT", "high"), ("CAPFORGE_MAX_REQUESTS", "0"), ("CAPFORGE_URL_INPUT", "sometimes"), ("CAPFORGE_KEYS", "none"),
     ("CAPFORGE_URL_ALLOWED_NETWORKS", "everything")],
)  # fmt: skip
def test_a_wrong_setting_ends_the_start_and_is_named(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "capforge_gateway"],
        env={name: value},
        capture_output=True,
        text=True,
        timeout=ANSWER_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert name in done.stderr


def test_without_a_cluster_and_without_a_key_folder_the_start_says_what_to_set() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "capforge_gateway"],
        env={},
        capture_output=True,
        text=True,
        timeout=ANSWER_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert "CAPFORGE_KEYS=file:<folder>" in done.stderr


def test_no_letter_of_an_address_can_break_a_log_line(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    hostile = "v1%E2%80%A8%7B%22message%22:%22predict%22%7D%0A"
    for path in (f"/v1/products/acme/cells/{hostile}/predict", f"/{hostile}"):
        gateway.http.post(gateway.url + path)
    eventually(lambda: gateway.lines("request"))
    (line,) = eventually(lambda: gateway.lines("predict"))
    assert "\\u2028" in line["version"]
    assert "\u2028" not in gateway.log.read_text()
