"""Images that come while the model server is busy share a request; each caller gets what it would have got alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from benchmarks.detector_model import small_detector
from tests.integration.gateway.conftest import BATCHED, StartGateway
from tests.integration.gateway.images import encoded
from tests.integration.gateway.picky import picky
from tests.integration.gateway.process import ANSWER_SECONDS, GatewayProcess, capability, opened, version
from tests.integration.gateway.remote import Remote, remote_server
from tests.integration.gateway.test_model_servers import fake_server, routed_to
from tests.support.eventually import eventually
from tests.support.triton import triton_server

PICKY, SMALL = "cells--00000000000a", "cells--00000000000b"
SIZE = 32
SMALL_SIZE = 160
AT_ONCE = 24
EVERYTHING = {"red": 0.0, "white": 0.0}
BLACK = 0


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with remote_server(tmp_path_factory.mktemp("busy")) as made:
        made.server.serve(PICKY, picky(SIZE), BATCHED)
        made.server.serve(SMALL, small_detector(SMALL_SIZE), BATCHED)
        yield made


def grey(level: int, size: int = SIZE) -> bytes:
    return encoded(Image.new("RGB", (size, size), (level, level, level)))


def routed(gateway: GatewayProcess, model: str, size: int, *servers: str, max_batch_size: int = 8) -> GatewayProcess:
    one = version("1.1", model, servers, (size, size), thresholds=EVERYTHING, max_batch_size=max_batch_size)
    return opened(gateway, capability([one], "1.1"))


def level_seen(gateway: GatewayProcess, level: int) -> tuple[int, float | None]:
    """Return the status, and the brightness that the model answered for an image of this brightness."""
    answer = gateway.predict(grey(level))
    if answer.status_code != 200:
        return answer.status_code, None
    (entity,) = answer.json()["document"]["inference"]["prediction"]["entities"]
    return 200, entity["location"]["box"][2]


def shared(gateway: GatewayProcess) -> bool:
    """Tell whether any request held more than one image."""
    name = "capforge_predict_batch_images"
    labels = 'capability="cells",namespace="acme",version="1.1"'
    requests = gateway.metric(f"{name}_count{{{labels}}}")
    return requests > 0 and gateway.metric(f"{name}_sum{{{labels}}}") > requests


def at_once(gateway: GatewayProcess, remote: Remote, levels: list[int]) -> list[tuple[int, float | None]]:
    """Send one image of each level; the server hears nothing until so many are under way that they must wait for it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        with remote.way.silenced():
            sent = [pool.submit(level_seen, gateway, level) for level in levels]
            eventually(lambda: gateway.metric("capforge_predict_in_flight") == AT_ONCE)
        return [one.result() for one in sent]


def test_everybody_gets_the_answer_to_their_own_image(start_gateway: StartGateway, busy: Remote) -> None:
    gateway = routed(start_gateway(), PICKY, SIZE, busy.address)
    levels = [*range(1, SIZE)] * 12
    answers = at_once(gateway, busy, levels)
    assert answers == [(200, float(level)) for level in levels]
    assert shared(gateway)


def test_one_bad_image_fails_alone(start_gateway: StartGateway, busy: Remote) -> None:
    gateway = routed(start_gateway(), PICKY, SIZE, busy.address)
    levels = [*range(10, 17), BLACK] * 20
    answers = at_once(gateway, busy, levels)
    assert answers == [(502, None) if level == BLACK else (200, float(min(level, SIZE))) for level in levels]
    eventually(lambda: gateway.lines("a batch failed and is sent one by one"))


def test_sharing_a_request_changes_no_answer(start_gateway: StartGateway, busy: Remote) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (12, SMALL_SIZE, SMALL_SIZE, 3), np.uint8)
    files = [encoded(Image.fromarray(one)) for one in noise]
    gateway = routed(start_gateway(), SMALL, SMALL_SIZE, busy.address)

    def found(file: bytes) -> tuple[list[list[float]], list[float]]:
        answer = gateway.predict(file)
        assert answer.status_code == 200, answer.text
        entities = answer.json()["document"]["inference"]["prediction"]["entities"]
        boxes = [entity["location"]["box"] for entity in entities]
        return boxes, [entity["observations"][0]["confidence"] for entity in entities]

    alone = [found(file) for file in files]
    assert not shared(gateway)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        with busy.way.silenced():
            sent = [pool.submit(found, file) for file in files * 8]
            eventually(lambda: gateway.metric("capforge_predict_in_flight") == AT_ONCE)
        together = [one.result() for one in sent]
    assert shared(gateway)
    for (boxes, scores), (boxes_alone, scores_alone) in zip(together, alone * 8, strict=True):
        assert scores == pytest.approx(scores_alone, abs=2e-4)
        assert len(boxes) == len(boxes_alone)


def test_images_of_all_sizes_share_requests(start_gateway: StartGateway, busy: Remote) -> None:
    gateway = routed(start_gateway(), PICKY, SIZE, busy.address)
    sizes = [8, 32, 64, 100, 333, 700, 1200] * 8

    def sent(size: int) -> tuple[int, int]:
        answer = gateway.predict(grey(20, size))
        return answer.status_code, answer.json()["document"]["image"]["width"]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert list(pool.map(sent, sizes)) == [(200, size) for size in sizes]


def test_a_model_that_takes_one_image_at_a_time_gets_one(start_gateway: StartGateway, busy: Remote) -> None:
    gateway = routed(start_gateway(), PICKY, SIZE, busy.address, max_batch_size=1)
    assert {status for status, _ in at_once(gateway, busy, [7] * 100)} == {200}
    assert not shared(gateway)


def test_a_server_that_dies_with_a_batch_costs_nobody_an_answer(
    start_gateway: StartGateway, busy: Remote, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with triton_server(tmp_path_factory.mktemp("dying")) as dying:
        dying.serve(SMALL, small_detector(SMALL_SIZE), BATCHED)
        gateway = routed(start_gateway(REQUESTS_PER_SERVER=1), SMALL, SMALL_SIZE, dying.address, busy.address)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            running = [pool.submit(gateway.predict, grey(9)) for _ in range(500)]
            eventually(lambda: sum(one.done() for one in running) > 100)
            dying.kill()
            assert {one.result().status_code for one in running} == {200}
        assert shared(gateway)


def test_callers_who_hang_up_take_nobody_with_them(start_gateway: StartGateway, busy: Remote) -> None:
    gateway = routed(start_gateway(), PICKY, SIZE, busy.address)
    image = grey(11)
    head = (
        f"POST /v1/products/acme/cells/v1/predict HTTP/1.1\r\nHost: g\r\nAuthorization: Token {gateway.key}\r\n"
        f"Content-Type: image/png\r\nContent-Length: {len(image)}\r\n\r\n"
    )

    def hang_up(_: int) -> None:
        with socket.create_connection(("127.0.0.1", gateway.port), ANSWER_SECONDS) as connection:
            connection.sendall(head.encode() + image)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        leaving = [pool.submit(hang_up, number) for number in range(100)]
        staying = [pool.submit(level_seen, gateway, 11) for _ in range(100)]
        for one in leaving:
            one.result()
        assert {one.result() for one in staying} == {(200, 11.0)}
    eventually(lambda: gateway.metric("capforge_predict_in_flight") == 0)
    assert gateway.metric("capforge_predict_waiting") == 0


def test_who_waits_for_a_turn_has_a_deadline_too(start_gateway: StartGateway) -> None:
    with fake_server(lambda _: None) as hung:
        gateway = routed_to(start_gateway(PREDICT_TIMEOUT_SECONDS="0.7"), hung)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            statuses = list(pool.map(lambda _: gateway.predict(grey(5)).status_code, range(AT_ONCE)))
    assert set(statuses) == {504}
    assert gateway.metric("capforge_predict_waiting") == 0
