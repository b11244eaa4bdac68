"""A bucket of tokens for each key."""

from __future__ import annotations

import pytest

from capforge_gateway.documents.rates import Rates
from capforge_gateway.errors import ApiError


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def refused(rates: Rates, key: str = "a") -> ApiError:
    with pytest.raises(ApiError) as caught:
        rates.spend("acme", key)
    return caught.value


def test_a_key_may_spend_a_minutes_worth_at_once_and_then_as_it_comes_back() -> None:
    clock = Clock()
    rates = Rates(60, clock)
    for _ in range(60):
        rates.spend("acme", "a")
    assert refused(rates).retry_after_seconds == 1
    clock.now += 1.0
    rates.spend("acme", "a")
    refused(rates)


def test_the_wait_is_told_in_whole_seconds_and_is_long_enough() -> None:
    clock = Clock()
    rates = Rates(7, clock)
    for _ in range(7):
        rates.spend("acme", "a")
    error = refused(rates)
    assert (error.status, error.retry_after_seconds) == (429, 9)
    clock.now += 9
    rates.spend("acme", "a")


def test_keys_and_namespaces_do_not_share() -> None:
    rates = Rates(1, Clock())
    rates.spend("acme", "a")
    rates.spend("acme", "b")
    rates.spend("other", "a")
    refused(rates)


def test_no_limit_is_no_limit() -> None:
    rates = Rates(0, Clock())
    for _ in range(10_000):
        rates.spend("acme", "a")


def test_keys_that_have_not_asked_for_a_minute_are_forgotten() -> None:
    clock = Clock()
    rates = Rates(5, clock)
    for number in range(2000):
        rates.spend("acme", f"key-{number}")
        clock.now += 1
    assert len(rates._buckets) < 1100
