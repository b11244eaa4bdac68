"""Model servers that go away, come back, forget a model, hang, or talk nonsense."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import BATCHED, FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import GatewayProcess, capability, opened, version
from tests.support.eventually import PATIENCE, eventually
from tests.support.onnx_models import FixedDetector
from tests.support.ports import free_port
from tests.support.triton import Triton, triton_server

Answer = Callable[[socket.socket], None]


def routed_to(gateway: GatewayProcess, *addresses: str) -> GatewayProcess:
    return opened(gateway, capability([version("1.1", FIXED, addresses)], "1.1"))


@contextmanager
def fake_server(answer: Answer) -> Iterator[str]:
    """A server that reads a request's first bytes and then misbehaves: no real one does so on demand."""
    listening = socket.create_server(("127.0.0.1", 0))
    open_connections: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            open_connections.append(connection)
            connection.recv(65536)
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in open_connections:
            connection.close()
        thread.join(5)


def reply(status: str, body: bytes, *headers: str) -> Answer:
    def answer(connection: socket.socket) -> None:
        head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
        connection.sendall(head.encode() + b"\r\n" + body)

    return answer


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Triton]:
    """A model server that a test may kill."""
    with triton_server(tmp_path / "own") as server:
        server.serve(FIXED, FixedDetector().onnx(), BATCHED)
        yield server


def test_while_no_server_answers_the_caller_is_told_to_come_back(start_gateway: StartGateway, own: Triton) -> None:
    gateway = routed_to(start_gateway(), own.address)
    assert gateway.predict(white()).status_code == 200
    own.kill()
    for _ in range(3):
        answer = gateway.predict(white())
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["api_request"]["error"]["code"] == "ServingUnavailable"
    own.start()
    own.load(FIXED)
    eventually(lambda: gateway.predict(white()).status_code == 200)


def test_a_dead_server_costs_no_prediction_while_another_lives(
    start_gateway: StartGateway, own: Triton, models: Triton
) -> None:
    gateway = routed_to(start_gateway(), own.address, models.address)
    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(gateway.predict, white()) for _ in range(300)]
        eventually(lambda: sum(one.done() for one in running) > 50)
        own.kill()
        statuses = {one.result().status_code for one in running}
    assert statuses == {200}


def test_a_failed_server_is_left_alone_for_a_second(start_gateway: StartGateway, models: Triton) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    gateway = routed_to(start_gateway(), nobody, models.address)
    started = time.monotonic()
    for _ in range(20):
        assert gateway.predict(white()).status_code == 200
    eventually(lambda: gateway.lines("model server failed"))
    asked = len([line for line in gateway.lines("model server failed") if line["server"] == nobody])
    assert asked <= 1 + (time.monotonic() - started)  # one in a second at first, then less often


def test_a_server_that_has_not_loaded_the_model_is_passed_over(
    start_gateway: StartGateway, own: Triton, models: Triton
) -> None:
    gateway = routed_to(start_gateway(), own.address, models.address)
    own.unload(FIXED)
    statuses = [gateway.predict(white()).status_code for _ in range(20)]
    assert statuses == [200] * 20
    only_it = routed_to(start_gateway(), own.address)
    assert only_it.predict(white()).status_code == 503


def test_a_server_that_closes_idle_connections_costs_no_prediction(start_gateway: StartGateway, own: Triton) -> None:
    gateway = routed_to(start_gateway(), own.address)
    assert gateway.predict(white()).status_code == 200
    own.kill()
    own.start()
    own.load(FIXED)
    assert gateway.predict(white()).status_code == 200


def test_a_hung_server_times_out_once_and_is_then_avoided(start_gateway: StartGateway, models: Triton) -> None:
    with fake_server(lambda _: None) as hung:
        gateway = routed_to(start_gateway(PREDICT_TIMEOUT_SECONDS=PATIENCE), hung)
        answer = gateway.predict(white())
        assert answer.status_code == 504
        assert answer.json()["api_request"]["error"]["code"] == "RequestTimeout"
        gateway.route(capability([version("1.1", FIXED, [hung, models.address])], "1.1"))
        assert [gateway.predict(white()).status_code for _ in range(5)] == [200] * 5


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (reply("200 OK", b"{}"), 502),
        (reply("200 OK", b"[]"), 502),
        (reply("200 OK", b'{"outputs": []}', "Inference-Header-Content-Length: 15"), 502),
        (reply("200 OK", b'{"outputs": []}', "Inference-Header-Content-Length: 99999"), 502),
        (reply("200 OK", b"{}", "Inference-Header-Content-Length: many"), 503),
        (reply("400 Bad Request", b'{"error": "unexpected shape for input"}'), 502),
        (reply("500 Internal Server Error", b'{"error": "onnx runtime error"}'), 502),
        (reply("400 Bad Request", b'{"error": "Request for unknown model"}'), 503),
        (reply("503 Service Unavailable", b'{"error": "Exceeds maximum queue size"}'), 503),
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n"), 503),
        (lambda connection: connection.close(), 503),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") or connection.close(), 503),
    ],
    ids=[
        "no-outputs", "a-list", "empty-outputs", "long-header", "odd-header", "bad-shape", "model-error", "unknown-model",
        "queue-full", "not-http", "closes", "half-an-answer",
    ],
)  # fmt: skip
def test_nonsense_from_a_server_is_an_orderly_error(start_gateway: StartGateway, answer: Answer, status: int) -> None:
    with fake_server(answer) as server:
        gateway = routed_to(start_gateway(PREDICT_TIMEOUT_SECONDS=5 * PATIENCE), server)
        assert gateway.predict(white()).status_code == status


@pytest.mark.parametrize(
    "answer",
    [
        reply("500 Internal Server Error", b'{"error": "Stub process \'cells_0_0\' is not healthy."}'),
        reply("200 OK", b'{"outputs": []}', "Inference-Header-Content-Length: 15"),
    ],
    ids=["back-end-died", "outputs-missing"],
)
def test_a_server_that_is_ending_costs_no_prediction_while_another_lives(
    start_gateway: StartGateway, models: Triton, answer: Answer
) -> None:
    with fake_server(answer) as ending:
        gateway = routed_to(start_gateway(), ending, models.address)
        assert [gateway.predict(white()).status_code for _ in range(10)] == [200] * 10


def test_requests_at_once_share_batches_and_get_their_own_answers(start_gateway: StartGateway, own: Triton) -> None:
    gateway = routed_to(start_gateway(), own.address)
    sizes = [(32 + 8 * index, 32) for index in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda size: gateway.predict(white(*size)), sizes * 8))
    for answer, (width, height) in zip(answers, sizes * 8, strict=True):
        assert answer.status_code == 200
        assert answer.json()["document"]["image"] == {"width": width, "height": height}
    assert {answer.headers["x-request-id"] for answer in answers}.__len__() == len(answers)
