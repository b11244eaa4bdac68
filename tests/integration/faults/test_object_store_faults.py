"""The object store's client behind a proxy that breaks things: what is written is written once, whole, and known."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Timer

import botocore.auth
import pytest

from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.store import AlreadyExists, NotFound, ObjectInfo, Refused, StoreError
from capforge_operator.adapters.s3 import S3Store, open_s3
from tests.support.faults.kinds import (
    Answer,
    AnswerLost,
    Fault,
    HalfUpload,
    ResetBefore,
    Slow,
    TruncatedAnswer,
)
from tests.support.faults.proxy import Proxy
from tests.support.faults.schedules import always, every, first
from tests.support.faults.words import s3_words
from tests.support.objectstore import S3Server

PASSING = [Answer(500), Answer(503), ResetBefore(), AnswerLost(), HalfUpload(3), Slow(before_seconds=0.2)]
BODY = bytes(range(256)) * 20
_RESTART_SECONDS = 1.0


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[Proxy]:
    with Proxy(s3.endpoint_url, s3_words).running() as running:
        yield running


@dataclass
class OnLoop:
    """The operator's own client, called as the other is."""

    loop: asyncio.AbstractEventLoop
    client: S3Store

    def get(self, key: str) -> bytes:
        return self.loop.run_until_complete(self.client.get(key))

    def put(self, key: str, data: bytes) -> None:
        self.loop.run_until_complete(self.client.put(key, data))

    def put_new(self, key: str, data: bytes) -> None:
        self.loop.run_until_complete(self.client.put_new(key, data))

    def exists(self, key: str) -> bool:
        return self.loop.run_until_complete(self.client.exists(key))

    def list(self, prefix: str) -> list[ObjectInfo]:
        return self.loop.run_until_complete(self.client.list(prefix))


@pytest.fixture(params=["boto3", "operator"])
def store(request: pytest.FixtureRequest, s3: S3Server, proxy: Proxy) -> Iterator[S3ObjectStore]:
    there = replace(s3, endpoint_url=proxy.url)
    if request.param == "boto3":
        yield there.store()
        return

    loop = asyncio.new_event_loop()
    yield OnLoop(loop, open_s3(there.environment))  # type: ignore[misc]
    loop.close()


@pytest.fixture
def key() -> str:
    return f"faults/{uuid.uuid4().hex}"


def named(fault: Fault) -> str:
    return str(fault)


@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_one_fault_is_not_noticed(store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str, fault: Fault):
    rule = proxy.rules.add(fault, "PUT", when=first(1))
    store.put(key, BODY)
    assert rule.done == 1
    assert s3.store().get(key) == BODY


@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_conditional_write_is_known_to_be_ours(
    store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str, fault: Fault
):
    rule = proxy.rules.add(fault, "PUT", when=first(1))
    store.put_new(key, BODY)
    assert rule.done == 1
    assert s3.store().get(key) == BODY


def test_anothers_write_is_never_taken_for_ours(store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str):
    s3.store().put_new(key, BODY)
    rule = proxy.rules.add(Answer(500), "PUT", when=first(1))
    with pytest.raises(AlreadyExists):
        store.put_new(key, BODY)
    assert rule.done == 1


def test_an_object_of_an_ordinary_write_is_never_taken_for_ours(
    store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str
):
    s3.store().put(key, BODY)
    proxy.rules.add(ResetBefore(), "PUT", when=first(1))
    with pytest.raises(AlreadyExists):
        store.put_new(key, BODY)


def test_when_nobody_can_tell_whose_it_is_the_store_is_to_blame(store: S3ObjectStore, proxy: Proxy, key: str):
    proxy.rules.add(AnswerLost(), "PUT", when=first(1))
    proxy.rules.add(Answer(500), "HEAD|GET")
    with pytest.raises(StoreError) as raised:
        store.put_new(key, BODY)
    assert not isinstance(raised.value, AlreadyExists)


def test_a_contended_conditional_write_is_tried_again(store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str):
    rule = proxy.rules.add(Answer(409), "PUT", when=first(2))
    store.put_new(key, BODY)
    assert rule.done == 2
    assert s3.store().get(key) == BODY


def test_half_an_upload_leaves_what_was_there(store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str):
    s3.store().put(key, b"before")
    proxy.rules.add(HalfUpload(len(BODY) // 2), "PUT", when=always)
    with pytest.raises(StoreError):
        store.put(key, BODY)
    assert s3.store().get(key) == b"before"


def test_half_a_new_upload_leaves_nothing(store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str):
    proxy.rules.add(HalfUpload(len(BODY) // 2), "PUT", when=always)
    with pytest.raises(StoreError):
        store.put_new(key, BODY)
    assert not s3.store().exists(key)


def test_half_an_answer_is_never_taken_for_the_whole(store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str):
    s3.store().put(key, BODY)
    rule = proxy.rules.add(TruncatedAnswer(100), "GET", when=always)
    with pytest.raises(StoreError):
        store.get(key)
    if isinstance(store, S3ObjectStore):
        with store.open(key) as stream, pytest.raises(StoreError):
            stream.read()
    assert rule.done >= 1


def test_a_server_that_starts_again_is_waited_for(store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str):
    random.seed(1)  # both clients wait at random
    rule = proxy.rules.add(ResetBefore())
    back = Timer(_RESTART_SECONDS, proxy.rules.remove, [rule])
    back.start()
    store.put_new(key, BODY)
    assert s3.store().get(key) == BODY
    assert rule.done > 1
    back.join()


def test_every_third_request_may_fail(store: S3ObjectStore, s3: S3Server, proxy: Proxy, key: str):
    rule = proxy.rules.add(Answer(500), when=every(3))
    for number in range(9):
        store.put_new(f"{key}/{number}", BODY)
    assert [one.key for one in store.list(f"{key}/")] == [f"{key}/{number}" for number in range(9)]
    assert rule.done >= 3


ASKS: list[Callable[[S3ObjectStore, str], object]] = [
    lambda store, key: store.get(key),
    lambda store, key: store.put(key, BODY),
    lambda store, key: store.put_new(key, BODY),
    lambda store, key: list(store.list(f"{key}/")),
    lambda store, key: store.exists(key),
]


@pytest.mark.parametrize("ask", ASKS, ids=["get", "put", "put_new", "list", "exists"])
def test_a_store_that_fails_always_is_a_store_error(
    store: S3ObjectStore, proxy: Proxy, key: str, ask: Callable[[S3ObjectStore, str], object]
):
    rule = proxy.rules.add(ResetBefore())
    with pytest.raises(StoreError) as raised:
        ask(store, key)
    assert not isinstance(raised.value, NotFound | Refused | AlreadyExists)
    assert 1 < rule.done < 10, "tried again, with a bound"


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_wrong_is_named(s3: S3Server, key: str, days: int, monkeypatch: pytest.MonkeyPatch):
    real = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: real(*a, **k) + timedelta(days=days))
    with pytest.raises(StoreError, match=r"clock .* differ; set both by NTP") as raised:
        s3.store().put(key, BODY)
    assert not isinstance(raised.value, Refused), "a clock can be set: worth another try"


def test_a_server_that_says_the_clock_is_wrong_is_believed(store: S3ObjectStore, proxy: Proxy, key: str):
    proxy.rules.add(Answer(403, reason="RequestTimeTooSkewed"), "PUT", when=always)
    with pytest.raises(StoreError, match=r"clock .* differ; set both by NTP") as raised:
        store.put(key, BODY)
    assert not isinstance(raised.value, Refused), "a clock can be set: worth another try"
