"""When a run is made, as a table: thresholds, quiet period, longest wait, one in flight, the day's budget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_operator.domain.automatic import DEFAULT_SCHEDULE, Policy, Situation, Thresholds, decide
from tests.unit.operator.extractor_world import automatic, extractor
from tests.unit.operator.test_annotation_status import parsed

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=9)
POLICY = Policy.of(parsed(extractor()))
STANDARD = Thresholds.of(20, DEFAULT_SCHEDULE)
BEFORE = Situation(documents=0, watermark=0, made=(), changed=LONG_AGO, reached=None, under_way=False)


@pytest.mark.parametrize(
    ("documents", "reached", "following"),
    [
        (0, 0, 20),
        (19, 0, 20),
        (20, 20, 40),
        (45, 40, 60),
        (99, 80, 100),
        (100, 100, 150),
        (149, 100, 150),
        (300, 300, 400),
        (799, 600, 800),
        (800, 800, 1000),
        (999, 800, 1000),
        (1000, 1000, 1200),
        (123_456, 123_400, 123_600),
    ],
)
def test_the_standard_thresholds(documents: int, reached: int, following: int):
    assert STANDARD.reached(documents) == reached
    assert STANDARD.after(reached) == following


@pytest.mark.parametrize(
    ("first", "schedule", "counts"),
    [
        pytest.param(5, (10, 15), (5, 10, 15, 20, 25), id="the last step repeats"),
        pytest.param(20, (50,), (20, 50, 100, 150), id="one count"),
        pytest.param(50, (10, 20, 60, 70), (50, 60, 70, 80), id="counts below the first do not count"),
        pytest.param(1000, DEFAULT_SCHEDULE, (1000, 1200, 1400), id="a first one above them all"),
        pytest.param(5, (8, 8), (5, 8, 16, 24), id="the same count twice"),
    ],
)
def test_thresholds_of_a_persons_schedule(first: int, schedule: tuple[int, ...], counts: tuple[int, ...]):
    found, thresholds = [0], Thresholds.of(first, schedule)
    for _ in counts:
        found.append(thresholds.after(found[-1]))
    assert tuple(found[1:]) == counts


@given(st.integers(5, 60), st.lists(st.integers(5, 200), min_size=1, max_size=5), st.integers(0, 3000))
def test_what_is_reached_is_the_last_threshold_that_comes_before_what_follows(
    first: int, schedule: list[int], documents: int
):
    thresholds = Thresholds.of(first, tuple(sorted(schedule)))
    reached = thresholds.reached(documents)
    assert reached <= documents < thresholds.after(reached)
    assert reached == 0 or thresholds.reached(reached) == reached


@dataclass(frozen=True)
class Row:
    situation: Situation
    reason: str
    threshold: int
    until: datetime | None = None
    policy: Policy = POLICY


def row(reason: str, threshold: int, until: datetime | None = None, policy: Policy = POLICY, **facts: object) -> Row:
    return Row(replace(BEFORE, **facts), reason, threshold, until, policy)  # type: ignore[arg-type]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


OFF = Policy.of(parsed(extractor(training=automatic(mode="Disabled"))))
TWO_A_DAY = Policy.of(parsed(extractor(training=automatic(maxRunsPerDay=2))))
THRICE = tuple(NOW - timedelta(hours=hours) for hours in (30, 20, 1))

TABLE = {
    "nobody has annotated": row("Waiting", 20),
    "17 of 20": row("Waiting", 20, documents=17),
    "the first at 20": row("", 20, documents=20),
    "the first does not wait until it is quiet": row("", 20, documents=20, changed=NOW),
    "a burst from 0 to 45 fires at 40 alone": row("", 40, documents=45, changed=NOW),
    "the first is not held up by the budget": row("", 20, documents=20, made=THRICE, policy=TWO_A_DAY),
    "above the watermark and below the next": row("Waiting", 40, documents=39, watermark=20),
    "documents were deleted": row("Waiting", 40, documents=12, watermark=20),
    "the same count again fires no second time": row("Waiting", 40, documents=20, watermark=20),
    "the next": row("", 40, documents=41, watermark=20),
    "annotating goes on": row(
        "QuietPeriod", 40, NOW + minutes(0.5), documents=41, watermark=20, changed=NOW - minutes(0.5)
    ),
    "annotating has gone on for too long": row(
        "", 40, documents=41, watermark=20, changed=NOW, reached=NOW - minutes(15)
    ),
    "it has gone on for almost too long": row(
        "QuietPeriod", 40, NOW + minutes(0.25), documents=41, watermark=20, changed=NOW, reached=NOW - minutes(14.75)
    ),
    "a run is under way": row("Running", 60, documents=61, watermark=20, under_way=True),
    "a run is under way, nothing is due": row("Running", 40, documents=21, watermark=20, under_way=True),
    "the day's runs were made": row(
        "BudgetExhausted", 40, NOW + timedelta(hours=4), TWO_A_DAY, documents=40, watermark=20, made=THRICE
    ),
    "yesterday's do not count": row("", 40, documents=40, watermark=20, made=THRICE[:2], policy=TWO_A_DAY),
    "a person wants none": row("Off", 20, documents=25, policy=OFF),
}


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE.keys())
def test_the_decision(case: Row):
    decision = decide(case.policy, NOW, case.situation)
    assert (decision.reason, decision.threshold, decision.until) == (case.reason, case.threshold, case.until)
    assert decision.fires is (case.reason == "")


def test_it_is_decided_anew_when_the_wait_is_over():
    waiting = replace(BEFORE, documents=41, watermark=20, changed=NOW)
    until = decide(POLICY, NOW, waiting).until
    assert until is not None
    assert decide(POLICY, until, waiting).fires
