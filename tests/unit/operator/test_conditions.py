"""Conditions tell what is, and move only when something moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from capforge_operator.domain.conditions import FALSE, MESSAGE_CHARS, TRUE, Finding, kube_time, settle

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def test_a_new_condition_begins_now():
    (ready,) = settle([], [Finding("Ready", TRUE, "Locked", "364 items.")], NOON, 3)
    assert ready.to_document() == {
        "type": "Ready",
        "status": "True",
        "reason": "Locked",
        "message": "364 items.",
        "lastTransitionTime": "2026-01-02T12:00:00Z",
        "observedGeneration": 3,
    }


def test_another_reason_does_not_move_the_transition_time():
    before = settle([], [Finding("Ready", FALSE, "Snapshotting", "")], NOON, 1)
    (ready,) = settle(before, [Finding("Ready", FALSE, "FaultyRecords", "3 faults.")], LATER, 2)
    assert (ready.reason, ready.last_transition_time, ready.observed_generation) == (
        "FaultyRecords",
        kube_time(NOON),
        2,
    )


def test_another_status_moves_the_transition_time():
    before = settle([], [Finding("Ready", FALSE, "Snapshotting", "")], NOON, 1)
    (ready,) = settle(before, [Finding("Ready", TRUE, "Locked", "")], LATER, 1)
    assert ready.last_transition_time == kube_time(LATER)


def test_a_condition_that_is_no_longer_found_goes():
    before = settle([], [Finding("Old", TRUE, "Was", "")], NOON, 1)
    assert [one.type for one in settle(before, [Finding("New", TRUE, "Is", "")], NOON, 1)] == ["New"]


def test_an_endless_message_is_cut():
    (ready,) = settle([], [Finding("Ready", FALSE, "Wrong", "x" * 100_000)], NOON, 1)
    assert len(ready.message) == MESSAGE_CHARS


def test_times_are_written_in_utc():
    assert kube_time(datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-02T10:00:00Z"
