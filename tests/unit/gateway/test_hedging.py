"""When a second server is asked, and how often at most."""

from __future__ import annotations

import pytest

from capforge_gateway.predict.hedging import SHORTEST_SECONDS, UNKNOWN_SECONDS, Hedging

MODEL = "cells--000000000001"


def test_a_fast_model_is_waited_for_the_shortest_time() -> None:
    hedging = Hedging()
    for _ in range(100):
        hedging.answered(MODEL, 0.003)
    assert hedging.delay(MODEL) == SHORTEST_SECONDS


def test_a_slow_model_is_waited_for_longer_than_it_ever_took_lately() -> None:
    hedging = Hedging()
    for seconds in (0.1, 2.0, 0.1, 0.1):
        hedging.answered(MODEL, seconds)
    assert hedging.delay(MODEL) == pytest.approx(8.0, rel=0.05)


def test_one_slow_answer_is_forgotten() -> None:
    hedging = Hedging()
    hedging.answered(MODEL, 2.0)
    for _ in range(1000):
        hedging.answered(MODEL, 0.003)
    assert hedging.delay(MODEL) == SHORTEST_SECONDS


def test_a_model_that_never_answered_is_given_time_to_warm_up() -> None:
    hedging = Hedging()
    hedging.answered("another", 0.001)
    assert hedging.delay(MODEL) == UNKNOWN_SECONDS


def test_second_requests_are_a_tenth_of_all_after_a_burst() -> None:
    hedging = Hedging()
    burst = sum(hedging.spend() for _ in range(100))
    assert burst == 10
    spent = 0
    for _ in range(1000):
        hedging.answered(MODEL, 0.01)
        spent += hedging.spend()
    assert 95 <= spent <= 101


def test_models_that_come_and_go_do_not_pile_up() -> None:
    hedging = Hedging()
    for number in range(5000):
        hedging.answered(f"model-{number}", 1.0)
    assert len(hedging._longest) <= 1000
