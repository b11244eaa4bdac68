"""The API server is slow, busy, broken or gone; its watches lose, double, swap and end: the story ends the same."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from tests.integration.faults.conftest import Site
from tests.integration.faults.living import lived_through, until_ended
from tests.integration.faults.story import OURS
from tests.support.eventually import eventually
from tests.support.faults.kinds import (
    Answer,
    AnswerLost,
    Disturbed,
    Fault,
    HalfUpload,
    NeverAnswers,
    ResetBefore,
    Slow,
    TruncatedAnswer,
)
from tests.support.faults.schedules import Schedule, always, every, first, share

WATCH = r"[?&]watch=(true|1)"
NOT_A_WATCH = r"^(?!.*[?&]watch=(true|1))"
_CALLS_OF_ONE_STORY = 900
"""A calm one needs about 200."""
_WINDOW_SECONDS = 1.5
_WINDOWS = 30
_CALLS_AT_REST = 30
"""In one window: watches, the serving pool, calls that are made whatever objects there are."""


@dataclass(frozen=True)
class Trouble:
    """One fault, and for which requests."""

    fault: Fault
    when: Schedule = always
    method: str = ""
    path: str = NOT_A_WATCH
    least: int = 3
    """So often it must have happened."""


ANSWERS = {
    "every third write conflicts": Trouble(Answer(409), every(3), "PATCH|POST|DELETE"),
    "every fifth request is too many": Trouble(Answer(429, retry_after_seconds=1), every(5), path=""),
    "every third request finds the server unavailable": Trouble(Answer(503), every(3)),
    "every third connection is reset": Trouble(ResetBefore(), every(3)),
    "every second write's answer is lost": Trouble(AnswerLost(), every(2), "PATCH|POST|PUT|DELETE"),
    "every second write breaks off": Trouble(HalfUpload(40), every(2), "PATCH|POST"),
    "every fourth answer breaks off": Trouble(TruncatedAnswer(60), every(4)),
    "everything is slow": Trouble(Slow(before_seconds=0.05), always),
    "a third of everything is reset, watches too": Trouble(ResetBefore(), share(0.33, seed=4), path=""),
    "every third request of any kind fails, watches too": Trouble(Answer(500), every(3), path=""),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_troubled_api_server_changes_nothing(site: Site, case: str):
    trouble = ANSWERS[case]
    # Polls are calls too: seldom ones, so that a slow machine does not make many.
    story, operator = site.story(), site.operator(CAPFORGE_RESYNC_SECONDS="5", CAPFORGE_POLL_SECONDS="2")
    rule = site.api.rules.add(trouble.fault, trouble.method, trouble.path, trouble.when)
    lived_through(site, story, operator)
    assert rule.done >= trouble.least
    assert operator.lives == 1, operator.log[-3000:]
    assert len(site.journal.exchanges) < _CALLS_OF_ONE_STORY


WATCHES = {
    "half of the events are dropped": Disturbed(dropped=0.5, seed=1),
    "all events are dropped": Disturbed(dropped=1.0),
    "half of the events come twice": Disturbed(doubled=0.5, seed=2),
    "events of different objects swap places": Disturbed(swapped=0.6, seed=3),
    "events of one object swap places": Disturbed(swapped=0.6, swaps_own=True, seed=4),
    "all of it at once": Disturbed(dropped=0.2, doubled=0.2, swapped=0.3, swaps_own=True, seed=5),
    "every watch is cut after two events": Disturbed(cut_after=2),
    "every watch is cut within its third event": Disturbed(cut_after=2, cut_within=True),
    "every watch is gone (410) after two events": Disturbed(gone_after=2),
}


@pytest.mark.parametrize("case", WATCHES)
def test_troubled_watches_change_nothing(site: Site, case: str):
    """What no event says the resync does, within its period."""
    story, operator = site.story(), site.operator(CAPFORGE_RESYNC_SECONDS="1")
    rule = site.api.rules.add(WATCHES[case], "GET", WATCH)
    lived_through(site, story, operator)
    assert rule.done >= 2
    assert operator.lives == 1, operator.log[-3000:]


def test_an_api_server_that_never_answers_is_waited_for(site: Site):
    """Requests hang, then everything comes back: nothing was made twice."""
    story, operator = site.story(), site.operator(CAPFORGE_RESYNC_SECONDS="5")
    with site.node().running():
        operator.start_healthy()
        hanging = site.api.rules.add(NeverAnswers(), path=NOT_A_WATCH)
        story.begin()
        eventually(lambda: hanging.done >= 3)
        site.api.rules.remove(hanging)
        until_ended(story, operator)
        story.assert_whole()
    assert operator.lives == 1


def test_an_api_server_that_is_away_is_not_stormed(site: Site):
    """Every connection is reset: the calls grow rarer, and the process stays.

    (The operator sees the objects of all namespaces, also what other tests left: it is calls per object that count. The
    resync is seldom, as in a real installation.)
    """
    story, operator = site.story(), site.operator(CAPFORGE_RESYNC_SECONDS="300")
    with site.node().running():
        operator.start_healthy()
        story.begin()
        objects = sum(len(site.client.list(kind, "")) for kind in OURS)
        gone = site.api.rules.add(ResetBefore())
        counts: list[int] = []
        while len(counts) < _WINDOWS and not (counts and counts[-1] <= _CALLS_AT_REST + objects / 2):
            before = gone.done
            time.sleep(_WINDOW_SECONDS)  # the rate is what is measured
            counts.append(gone.done - before)
        site.api.rules.remove(gone)
        until_ended(story, operator)
        story.assert_whole()
    assert operator.lives == 1, operator.log[-3000:]
    assert len(counts) < _WINDOWS, f"calls in each {_WINDOW_SECONDS} s: {counts}, of {objects} objects"
    assert max(counts) <= 2 * (_CALLS_AT_REST + objects), f"{counts}, of {objects} objects"


def test_an_object_that_always_conflicts_does_not_hold_up_others(site: Site):
    held, free, operator = site.story(), site.story(), site.operator()
    rule = site.api.rules.add(Answer(409), "PATCH", rf"datasets/{held.name}/status")
    with site.node().running():
        held.begin()
        free.begin()
        until_ended(free, operator)
        free_calls, since = rule.done, time.monotonic()
        eventually(lambda: time.monotonic() - since > 3)
        assert rule.done - free_calls <= 8, "backed off"
        site.api.rules.remove(rule)
        until_ended(held, operator)


def test_too_many_requests_are_answered_by_waiting_as_long_as_was_asked(site: Site):
    story, operator = site.story(), site.operator()
    rule = site.api.rules.add(Answer(429, retry_after_seconds=2), "POST", "/jobs", first(2))
    started = time.monotonic()
    lived_through(site, story, operator)
    assert rule.done == 2
    assert time.monotonic() - started >= 4 - 0.5
