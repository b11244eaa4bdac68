"""Admission, endpoints, keys, ids, settings, buffers: the small machines with rules of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.apikeys import ApiKeyRecord, hash_key, new_key
from capforge_gateway.errors import ApiError
from capforge_gateway.keys.keyring import Keyring, presented_key
from capforge_gateway.logs import BufferedLines
from capforge_gateway.predict.admission import Admission
from capforge_gateway.predict.body import body_limit
from capforge_gateway.predict.budget import ByteBudget
from capforge_gateway.predict.connection import Connection
from capforge_gateway.predict.endpoints import OPEN_SECONDS, Endpoints
from capforge_gateway.predict.target import target_of
from capforge_gateway.requests import request_id_from
from capforge_gateway.settings import PREFIX, Settings, SettingsError, UrlInput, settings_from
from capforge_transforms import Format, Header, decode_bytes
from tests.support.eventually import PATIENCE


def test_what_was_taken_is_given_back_whatever_happens() -> None:
    admission = Admission(2, 1, 100)
    with contextlib.suppress(RuntimeError), admission.seat("a") as seat:
        seat.hold(60)
        assert (admission.under_way, admission.held_bytes) == (1, 60)
        raise RuntimeError
    assert (admission.under_way, admission.held_bytes) == (0, 0)


def test_the_tenants_share_is_refused_before_the_whole() -> None:
    admission = Admission(2, 1, 100)
    with admission.seat("a"):
        with pytest.raises(ApiError) as own, admission.seat("a"):
            pass
        with admission.seat("b"), pytest.raises(ApiError) as whole, admission.seat("c"):
            pass
    assert (own.value.status, whole.value.status) == (429, 503)


def test_bytes_over_the_limit_are_refused_and_not_counted() -> None:
    admission = Admission(2, 2, 100)
    with admission.seat("a") as first, admission.seat("b") as second:
        first.hold(60)
        with pytest.raises(ApiError):
            second.hold(60)
        second.hold(40)
        assert admission.held_bytes == 100


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_equals_take_turns() -> None:
    endpoints = Endpoints(Clock())
    picked = [endpoints.pick(["a:1", "b:1"], ()) for _ in range(4)]
    assert [one.address for one in picked if one] == ["a:1", "b:1", "a:1", "b:1"]


def test_the_least_busy_comes_first() -> None:
    endpoints = Endpoints(Clock())
    busy = endpoints.pick(["a:1"], ())
    assert busy is not None
    busy.under_way += 1
    picked = [endpoints.pick(["a:1", "b:1"], ()) for _ in range(3)]
    assert [one.address for one in picked if one] == ["b:1"] * 3


def test_one_that_failed_rests_unless_all_others_failed_too() -> None:
    clock = Clock()
    endpoints = Endpoints(clock)
    failed = endpoints.pick(["a:1"], ())
    assert failed is not None
    endpoints.failed(failed)
    assert {one.address for _ in range(4) if (one := endpoints.pick(["a:1", "b:1"], ()))} == {"b:1"}
    assert endpoints.pick(["a:1"], ()) is failed
    clock.now += OPEN_SECONDS
    assert {one.address for _ in range(4) if (one := endpoints.pick(["a:1", "b:1"], ()))} == {"a:1", "b:1"}


def test_each_further_failure_doubles_the_rest_until_an_answer_comes() -> None:
    clock = Clock()
    endpoints = Endpoints(clock)
    failed = endpoints.pick(["a:1"], ())
    assert failed is not None
    rests = []
    for _ in range(7):
        endpoints.failed(failed)
        endpoints.failed(failed)  # at once with the first: the same failure, seen by another request
        rests.append(failed.failed_until - clock.now)
        clock.now = failed.failed_until
    assert rests == [1, 2, 4, 8, 16, 16, 16]
    endpoints.answered(failed, Connection())
    endpoints.failed(failed)
    assert failed.failed_until - clock.now == OPEN_SECONDS


def test_an_answer_ends_the_rest() -> None:
    endpoints = Endpoints(Clock())
    failed = endpoints.pick(["a:1"], ())
    assert failed is not None
    endpoints.failed(failed)
    assert endpoints.left_alone(failed)
    assert endpoints.pick_well(["a:1"], ()) is None
    endpoints.answered(failed, Connection())
    assert not endpoints.left_alone(failed)
    assert endpoints.pick_well(["a:1"], ()) is failed


def test_what_was_tried_is_not_tried_again() -> None:
    endpoints = Endpoints(Clock())
    assert endpoints.pick(["a:1"], ["a:1"]) is None
    assert endpoints.pick([], ()) is None


def ring(**keys: str) -> Keyring:
    keyring = Keyring()
    keyring.replace("acme", {name: ApiKeyRecord(hash=hash_key(key), created="now") for name, key in keys.items()})
    return keyring


def test_a_key_opens_its_own_namespace_only() -> None:
    key = new_key()
    keyring = ring(one=new_key(), two=key)
    assert keyring.holder("acme", key) == "two"
    assert keyring.holder("other", key) is None
    assert keyring.count() == 2
    keyring.forget("acme")
    assert keyring.holder("acme", key) is None


@given(st.text(max_size=60))
def test_no_other_text_is_a_key(text: str) -> None:
    assert ring(one="cf_right").holder("acme", text) is None or text == "cf_right"


def test_an_empty_key_opens_nothing_even_if_it_is_stored() -> None:
    assert ring(empty="").holder("acme", "") is None
    assert Keyring().holder("acme", "") is None


@pytest.mark.parametrize(
    ("header", "key"),
    [(b"Token abc", "abc"), (b"token  abc ", "abc"), (b"BEARER abc", "abc"), (b"Basic abc", ""), (b"abc", ""), (b"", ""),
     (b"Token " + b"x" * 513, "")],
)  # fmt: skip
def test_a_key_is_read_from_the_header(header: bytes, key: str) -> None:
    assert presented_key(header) == key


@given(st.binary(max_size=80))
def test_a_request_id_is_always_harmless(value: bytes) -> None:
    found = request_id_from([(b"x-request-id", value)])
    assert found.isascii()
    assert 0 < len(found) <= 64
    assert all(char.isalnum() or char in "._:-" for char in found)


@pytest.mark.parametrize(
    "path",
    ["/v1/products/a/b/v1/predict/x", "/v1/products/a/b/predict", "/v1/products/a//v1/predict", "/v1/products/-a/b/v1/predict",
     "/v1/products/a/B/v1/predict", "/v2/products/a/b/v1/predict", "/v1/products/a/b/v1/predict\n", "/v1/products/a/../v1/predict"],
)  # fmt: skip
def test_another_path_is_no_prediction(path: str) -> None:
    assert target_of(path) is None


def test_a_body_may_be_larger_than_its_image_only_by_its_wrapping() -> None:
    image = 3_000_000
    assert body_limit("image/png", image) == image
    assert image < body_limit("multipart/form-data", image) < 1.5 * image
    assert 4 * image / 3 < body_limit("application/json", image) < 1.6 * image


def test_settings_have_defaults_and_come_from_the_environment() -> None:
    settings = settings_from({})
    assert settings == Settings()
    assert settings.url_input is UrlInput.ALLOWLIST
    assert settings.max_image_bytes == 10 * 1024 * 1024
    given = settings_from({"CAPFORGE_URL_ALLOWED_HOSTS": "a.org, b.org", "CAPFORGE_PORT": "", "OTHER": "x"})
    assert given.url_allowed_hosts == ("a.org", "b.org")
    assert given.port == 8080


def test_wrong_settings_are_all_named() -> None:
    with pytest.raises(SettingsError) as refusal:
        settings_from({f"{PREFIX}PORT": "0", f"{PREFIX}DRAIN_SECONDS": "-1"})
    assert "CAPFORGE_PORT" in str(refusal.value)
    assert "CAPFORGE_DRAIN_SECONDS" in str(refusal.value)


def test_a_log_that_nobody_reads_holds_up_nobody() -> None:
    reading, writing = os.pipe()
    lines = BufferedLines(writing, max_lines=100)
    started = time.monotonic()
    for _ in range(20_000):
        lines.info(b"x" * 200)
    assert time.monotonic() - started < 5 * PATIENCE
    assert lines.dropped > 10_000
    os.close(reading)
    lines.close(0.1)


def test_every_line_is_written_in_order_when_somebody_reads() -> None:
    reading, writing = os.pipe()
    lines = BufferedLines(writing)
    for number in range(500):
        lines.info(b"line %d" % number)
    lines.close(60)
    os.close(writing)
    with os.fdopen(reading, "rb") as reader:
        assert reader.read().splitlines() == [b"line %d" % number for number in range(500)]
    assert lines.dropped == 0


async def test_memory_for_decoding_is_never_promised_twice() -> None:
    budget, most, held = ByteBudget(100), 0, 0

    async def work(size: int) -> None:
        nonlocal most, held
        async with budget.held(size):
            held += size
            most = max(most, held)
            await asyncio.sleep(0)
            held -= size

    await asyncio.gather(*(work(size) for size in (60, 30, 50, 10, 100, 1, 99, 40) * 20))
    assert 50 < most <= 100
    async with budget.held(100):
        pass


async def test_whoever_gives_up_waiting_takes_nothing_along() -> None:
    budget = ByteBudget(100)

    async def wait_for(size: int) -> None:
        async with budget.held(size):
            pass

    async with budget.held(100):
        gives_up, stays = (asyncio.create_task(wait_for(size)) for size in (80, 20))
        await asyncio.sleep(0)
        gives_up.cancel()
    await stays
    async with asyncio.timeout(1), budget.held(100):
        pass
    assert gives_up.cancelled()


async def test_giving_up_at_the_very_moment_of_the_turn_gives_the_bytes_back() -> None:
    budget = ByteBudget(100)

    async def wait() -> None:
        async with budget.held(100):
            pass

    async with budget.held(100):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), budget.held(100):
        pass


def test_what_goes_through_the_general_decoder_counts_more() -> None:
    jpeg = Header(Format.JPEG, 1000, 1000)
    assert decode_bytes(jpeg) == 7_000_000
    for costly in (
        Header(Format.JPEG, 1000, 1000, components=4),
        Header(Format.PNG, 1000, 1000),
        Header(Format.WEBP, 1000, 1000),
    ):
        assert decode_bytes(costly) == 28_000_000
