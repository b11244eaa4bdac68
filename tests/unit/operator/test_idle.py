"""The guarantees in IdleLane's docstring."""

from __future__ import annotations

from itertools import pairwise

import pytest

from capforge_operator.keys import Key, Kind
from capforge_operator.runtime.idle import IdleLane


def keys(count: int, kind: Kind = Kind.DATASET) -> list[Key]:
    return [Key(kind, "team", f"{number:05d}") for number in range(count)]


def filled(lane: IdleLane, wanted: list[Key]) -> IdleLane:
    for key in wanted:
        lane.put(key)
    return lane


def drained(lane: IdleLane, now: float, step: float) -> list[tuple[float, Key]]:
    """Ask every so many seconds until nothing waits."""
    taken = []
    while len(lane):
        key = lane.take(now)
        if key is not None:
            taken.append((now, key))
        now += step
    return taken


def test_keys_come_in_their_order_each_once():
    lane = filled(filled(IdleLane(), keys(5)), keys(5))
    assert [key for _, key in drained(lane, 0, 1)] == keys(5)


def test_many_keys_are_spread_evenly_over_the_span():
    taken = drained(filled(IdleLane(100), keys(10_000)), 0, 0.001)
    times = [at for at, _ in taken]
    assert times[-1] == pytest.approx(100, rel=0.02)
    assert max(late - early for early, late in pairwise(times)) <= 0.0121


def test_a_few_keys_do_not_take_the_whole_span():
    assert drained(filled(IdleLane(100), keys(20)), 0, 0.01)[-1][0] == pytest.approx(1, rel=0.2)


def test_a_few_that_are_added_do_not_slow_down_what_is_left_of_many():
    lane = filled(IdleLane(100), keys(10_000))
    now = 0.0
    while len(lane) > 100:
        lane.take(now)
        now += 0.01
    filled(lane, keys(5, Kind.CAPABILITY))
    assert drained(lane, now, 0.001)[-1][0] - now == pytest.approx(1.05, rel=0.1)


def test_the_next_batch_has_a_pace_of_its_own():
    lane = filled(IdleLane(100), keys(10_000))
    now = drained(lane, 0, 0.01)[-1][0]
    assert drained(filled(lane, keys(10)), now, 0.001)[-1][0] - now == pytest.approx(0.5, abs=0.1)


def test_who_is_a_little_late_each_time_takes_no_longer():
    assert drained(filled(IdleLane(100), keys(10_000)), 0, 0.0099)[-1][0] == pytest.approx(100, rel=0.02)


def test_what_was_missed_for_long_is_not_made_up_for():
    lane = filled(IdleLane(100), keys(10_000))
    assert lane.take(0) is not None
    assert lane.take(60) is not None
    assert lane.take(60) is None


def test_a_key_that_is_taken_out_is_not_given_out():
    first, second = keys(2)
    lane = filled(IdleLane(), [first, second])
    lane.discard(first)
    lane.discard(first)
    assert [key for _, key in drained(lane, 0, 1)] == [second]
