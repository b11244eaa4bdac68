"""When the probe fails, and when it must not."""

from __future__ import annotations

import pytest

from capforge_operator.runtime.liveness import Liveness, Sighting
from tests.support.clocks import HandScheduler


@pytest.fixture
def clock() -> HandScheduler:
    return HandScheduler()


@pytest.fixture
def liveness(clock: HandScheduler) -> Liveness:
    return Liveness(60, clock.time)


def seen(version: str, uid: str = "a") -> Sighting:
    return Sighting("datasets", uid, version)


def test_a_fresh_process_is_alive(liveness: Liveness):
    assert liveness.faults() == []


def test_a_loop_that_stands_still_is_dead(liveness: Liveness, clock: HandScheduler):
    clock.advance(61)
    assert liveness.faults() == ["the event loop has not turned for 61 s"]
    liveness.beat()
    assert liveness.faults() == []


def test_a_watch_that_brings_everything_is_alive(liveness: Liveness):
    for version in ("1", "2", "3"):
        liveness.brought(seen(version))
        liveness.listed("datasets", [seen(version)])
    assert liveness.faults() == []


def test_a_watch_that_brings_nothing_although_objects_changed_is_dead(liveness: Liveness):
    liveness.brought(seen("1"))
    liveness.listed("datasets", [seen("2")])
    assert liveness.faults() == []
    liveness.listed("datasets", [seen("2")])
    assert liveness.faults() == ["the watch of datasets brings nothing although objects changed"]
    liveness.brought(seen("2"))
    assert liveness.faults() == []


def test_a_listing_that_was_overtaken_by_the_watch_proves_nothing(liveness: Liveness):
    liveness.brought(seen("2"))
    liveness.listed("datasets", [seen("1")])
    liveness.brought(seen("3"))
    liveness.listed("datasets", [seen("2")])
    liveness.brought(seen("4"))
    liveness.listed("datasets", [seen("4")])
    assert liveness.faults() == []


def test_an_object_that_was_made_while_others_were_listed_proves_nothing(liveness: Liveness):
    liveness.brought(seen("1"))
    liveness.brought(seen("2", "young"))
    liveness.listed("datasets", [seen("1")])
    for _ in range(2):
        liveness.listed("datasets", [seen("1"), seen("2", "young")])
    assert liveness.faults() == []


def test_an_object_that_no_watch_ever_brought_counts(liveness: Liveness):
    for _ in range(2):
        liveness.listed("datasets", [seen("1", "never")])
    assert liveness.faults() != []


def test_objects_that_are_gone_are_forgotten(liveness: Liveness):
    liveness.brought(seen("1"))
    liveness.listed("datasets", [seen("2")])
    liveness.listed("datasets", [])
    liveness.listed("datasets", [])
    assert liveness.faults() == []
    liveness.brought(seen("1"), gone=True)
    liveness.listed("datasets", [])
    assert liveness.faults() == []
