"""How often a key may ask, and keys that are revoked."""

from __future__ import annotations

from tests.integration.gateway.documents.conftest import OpenGateway
from tests.integration.gateway.documents.world import error_of, receipt
from tests.support.eventually import eventually


def test_a_key_that_asks_too_often_is_told_when_to_come_back(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(DOCUMENT_REQUESTS_PER_MINUTE=2)
    other = gateway.process.create_key(name="other")
    eventually(lambda: gateway.process.accepts(other))
    answers = [gateway.call("GET", "documents"), *[gateway.predict(receipt()) for _ in range(2)]]
    assert [answer.status_code for answer in answers] == [200, 201, 429]
    error = error_of(answers[-1])
    assert (error["code"], error["details"]) == ("TooManyRequests", {"requests_per_minute": 2})
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
    assert gateway.call("GET", "documents", key=other).status_code == 200


def test_each_key_is_revoked_by_itself(open_gateway: OpenGateway) -> None:
    gateway = open_gateway()
    other = gateway.process.create_key(name="other")
    eventually(lambda: gateway.process.accepts(other))
    assert gateway.call("GET", "documents", key=other).status_code == 200
    (gateway.process.folder / "keys" / "acme" / "other").unlink()
    eventually(lambda: gateway.call("GET", "documents", key=other).status_code == 401)
    assert gateway.call("GET", "documents").status_code == 200
