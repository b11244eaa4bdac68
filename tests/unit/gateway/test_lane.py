"""Which waiting images share a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_gateway.predict.lane import MOST_BYTES, MOST_IMAGES, Lane, most_together


def test_the_first_image_goes_at_once_and_alone() -> None:
    lane = Lane[str](most=4)
    lane.waiting.append("a")
    assert lane.take(in_flight=1) == ["a"]
    assert lane.under_way == 1


def test_what_comes_while_the_server_is_busy_goes_together_when_it_has_answered() -> None:
    lane = Lane[str](most=4, under_way=1)
    lane.waiting.extend("abc")
    assert lane.take(in_flight=1) == []
    lane.under_way -= 1
    assert lane.take(in_flight=1) == ["a", "b", "c"]


def test_a_full_batch_never_waits() -> None:
    lane = Lane[str](most=4, under_way=7)
    lane.waiting.extend("abcdef")
    assert lane.take(in_flight=1) == ["a", "b", "c", "d"]
    assert lane.take(in_flight=1) == []


def test_nothing_is_sent_when_nothing_waits() -> None:
    assert Lane[str](most=4).take(in_flight=1) == []


@given(st.integers(1, 8), st.integers(1, 4), st.lists(st.booleans(), max_size=200))
def test_every_image_goes_once_in_the_order_it_came(most: int, in_flight: int, steps: list[bool]) -> None:
    """A step is an image that comes, or an answer that frees a turn."""
    lane, came, went = Lane[int](most), 0, []
    for comes in steps:
        if comes:
            lane.waiting.append(came)
            came += 1
        elif lane.under_way:
            lane.under_way -= 1
        while batch := lane.take(in_flight):
            assert len(batch) <= most
            went += batch
        assert len(lane.waiting) < most
        assert not lane.waiting or lane.under_way >= in_flight
    assert went + list(lane.waiting) == list(range(came))


@pytest.mark.parametrize(
    ("max_batch_size", "image_bytes", "most"),
    [(1, 10, 1), (4, 10, 4), (64, 10, MOST_IMAGES), (64, MOST_BYTES // 3, 3), (64, 10 * MOST_BYTES, 1)],
)
def test_a_batch_is_bounded_by_the_model_by_number_and_by_bytes(
    max_batch_size: int, image_bytes: int, most: int
) -> None:
    assert most_together(max_batch_size, image_bytes) == most
