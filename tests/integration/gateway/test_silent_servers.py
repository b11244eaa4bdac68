"""Model servers that stop answering without a word, as when their node is lost: connections stay open and silent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import BATCHED, FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import GatewayProcess, capability, opened, version
from tests.integration.gateway.remote import Remote, remote_server
from tests.integration.gateway.test_model_servers import fake_server, routed_to
from tests.support.eventually import PATIENCE, eventually
from tests.support.onnx_models import FixedDetector
from tests.support.triton import Triton, triton_server

DEADLINE_SECONDS = 20.0 * PATIENCE


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with remote_server(tmp_path_factory.mktemp("remote")) as made:
        made.server.serve(FIXED, FixedDetector().onnx(), BATCHED)
        yield made


def timed(gateway: GatewayProcess) -> tuple[int, float]:
    started = time.monotonic()
    return gateway.predict(white()).status_code, time.monotonic() - started


def test_predictions_under_way_on_a_lost_server_are_answered_by_another(
    start_gateway: StartGateway, remote: Remote, models: Triton
) -> None:
    gateway = routed_to(start_gateway(PREDICT_TIMEOUT_SECONDS=DEADLINE_SECONDS), remote.address, models.address)
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda _: timed(gateway), range(100)))
        running = [pool.submit(timed, gateway) for _ in range(400)]
        eventually(lambda: sum(one.done() for one in running) > 50)
        with remote.way.silenced():
            answers = [one.result() for one in running]
            assert {status for status, _ in answers} == {200}
            assert max(seconds for _, seconds in answers) < DEADLINE_SECONDS / 4
            later = [timed(gateway) for _ in range(20)]
            assert {status for status, _ in later} == {200}
    eventually(lambda: gateway.lines("model server is silent; another is asked"))


def test_a_server_that_comes_back_is_used_again(start_gateway: StartGateway, remote: Remote, models: Triton) -> None:
    gateway = routed_to(start_gateway(), remote.address, models.address)
    assert [timed(gateway)[0] for _ in range(10)] == [200] * 10
    with remote.way.silenced():
        assert [timed(gateway)[0] for _ in range(10)] == [200] * 10
    before = remote.server.executions(FIXED)

    def used_again() -> bool:
        assert timed(gateway)[0] == 200
        return remote.server.executions(FIXED) > before

    eventually(used_again)


def test_alone_a_silent_server_is_waited_for(start_gateway: StartGateway, remote: Remote) -> None:
    gateway = routed_to(start_gateway(), remote.address)
    assert timed(gateway)[0] == 200
    with ThreadPoolExecutor(1) as pool, remote.way.silenced():
        waiting = pool.submit(timed, gateway)
        eventually(lambda: gateway.metric("capforge_predict_in_flight") == 1)
        time.sleep(0.5)
        assert not waiting.done()
    assert waiting.result()[0] == 200


def test_a_second_server_without_the_model_does_not_spoil_a_slow_answer(
    start_gateway: StartGateway, remote: Remote, own_empty: Triton
) -> None:
    gateway = routed_to(start_gateway(), remote.address, own_empty.address)  # among equals the first is asked first
    with ThreadPoolExecutor(1) as pool, remote.way.silenced():
        waiting = pool.submit(timed, gateway)
        eventually(lambda: gateway.lines("model server is silent; another is asked"))
    assert waiting.result()[0] == 200


@pytest.fixture
def own_empty(tmp_path: Path) -> Iterator[Triton]:
    """A model server that has loaded nothing."""
    with triton_server(tmp_path / "empty") as server:
        yield server


def test_second_requests_stay_within_their_budget(start_gateway: StartGateway) -> None:
    """All servers hang: asking twice helps nobody, and must not go on for ever."""
    with fake_server(lambda _: None) as one, fake_server(lambda _: None) as other:
        gateway = opened(
            start_gateway(PREDICT_TIMEOUT_SECONDS="1.5"), capability([version("1.1", FIXED, [one, other])], "1.1")
        )
        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(lambda _: timed(gateway)[0], range(20)))
        assert set(statuses) == {504}
        asked_twice = gateway.lines("model server is silent; another is asked")
        assert len(asked_twice) <= 10
