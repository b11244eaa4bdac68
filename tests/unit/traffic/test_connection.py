"""What a user's connection forgives, and what it counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.eventually import PATIENCE, eventually
from tests.support.ports import refusing_port
from tests.support.traffic.connection import Question, UserConnection, _is_dropped
from tests.support.traffic.record import Outcome, Record
from tests.unit.traffic.gateway_stub import GatewayStub, answer_of, gateway_stub


@pytest.fixture
def stub() -> Iterator[GatewayStub]:
    with gateway_stub() as made:
        yield made


def user(*addresses: str, timeout_seconds: float = 5.0 * PATIENCE) -> UserConnection:
    turns = iter(addresses * 10)
    return UserConnection(
        3, Question("/predict", b"jpeg", {"Content-Type": "image/jpeg"}, timeout_seconds), lambda: next(turns)
    )


def dropped(connection: UserConnection) -> bool:
    assert connection._connection is not None
    return _is_dropped(connection._connection)


def test_a_connection_is_kept_and_the_version_is_read(stub: GatewayStub) -> None:
    connection = user(stub.url)
    asked = [connection.ask() for _ in range(3)]
    assert [(one.outcome, one.version, one.client, one.address) for one in asked] == [
        (Outcome.ANSWERED, "v1.1", 3, stub.url)
    ] * 3
    assert stub.connections == 1


def test_a_connection_closed_while_idle_is_made_anew_and_counted(stub: GatewayStub) -> None:
    connection = user(stub.url)
    stub.hang_up = "after"
    connection.ask()
    eventually(lambda: dropped(connection))
    again = connection.ask()
    assert (again.answered, again.reconnects, again.resent) == (True, 1, 0)


def test_a_request_lost_on_a_kept_connection_is_sent_once_more_and_counted_apart(stub: GatewayStub) -> None:
    with gateway_stub() as other:
        connection = user(stub.url, other.url)
        connection.ask()
        stub.hang_up = "before"
        again = connection.ask()
        assert (again.answered, again.reconnects, again.resent, again.address) == (True, 0, 1, other.url)


def test_a_request_lost_on_a_new_connection_is_an_error(stub: GatewayStub) -> None:
    stub.hang_up = "before"
    assert user(stub.url).ask().outcome is Outcome.CONNECTION_LOST


def test_a_request_that_is_lost_twice_is_an_error(stub: GatewayStub) -> None:
    connection = user(stub.url)
    connection.ask()
    stub.hang_up = "before"
    assert (connection.ask().outcome, stub.connections) == (Outcome.CONNECTION_LOST, 2)


def test_a_close_in_the_answer_is_obeyed_and_no_reconnect(stub: GatewayStub) -> None:
    connection = user(stub.url)
    stub.say_close = True
    asked = [connection.ask() for _ in range(3)]
    assert [(one.answered, one.reconnects, one.resent) for one in asked] == [(True, 0, 0)] * 3
    assert stub.connections == 3


def test_nobody_listening_is_an_error() -> None:
    record = user(f"http://127.0.0.1:{refusing_port()}").ask()
    assert (record.outcome, record.status) == (Outcome.NOT_CONNECTED, 0)


def test_no_answer_in_time_is_an_error(stub: GatewayStub) -> None:
    stub.holding.set()
    record = user(stub.url, timeout_seconds=0.2).ask()
    stub.holding.clear()
    assert record.outcome is Outcome.TIMED_OUT


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (503, b'{"message": "overloaded"}', Outcome.REFUSED),
        (200, b"{}", Outcome.UNREADABLE),
        (200, answer_of("1.1")[:-5], Outcome.UNREADABLE),
    ],
)
def test_anything_but_a_prediction_is_an_error_with_its_body(
    stub: GatewayStub, status: int, body: bytes, outcome: Outcome
) -> None:
    stub.status, stub.body = status, body
    record = user(stub.url).ask()
    assert (record.outcome, record.status, record.detail) == (outcome, status, body.decode())
    assert Record.from_line(record.to_line()) == record
