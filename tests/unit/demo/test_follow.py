"""What the demo reads from statuses."""

from __future__ import annotations

from typing import Any

from capforge_demo.follow import row_of, serving_version

_TRUE, _FALSE, _UNKNOWN = "True", "False", "Unknown"


def _object(kind: str, conditions: dict[str, tuple[str, str]], **status: Any) -> dict[str, Any]:
    listed = [
        {"type": type_, "status": state, "reason": reason, "message": "why"}
        for type_, (state, reason) in conditions.items()
    ]
    return {"kind": kind, "metadata": {"name": "cells"}, "status": {"conditions": listed, **status}}


def test_a_run_shows_progress_time_left_and_figures() -> None:
    run = _object(
        "TrainingRun",
        {"Succeeded": (_UNKNOWN, "Training")},
        progress="Training 3/8 (23%)",
        progressPercent=23,
        remaining="2m04s",
        metrics=[{"name": "loss", "value": "1.23456"}],
    )
    assert str(row_of(run)) == "TrainingRun cells: Training Training 3/8 (23%), about 2m04s left, loss 1.23"
    assert row_of(run).percent == 23


def test_a_dataset_that_cannot_lock_shows_why() -> None:
    assert row_of(_object("Dataset", {"Ready": (_FALSE, "FaultyRecords")})).detail == "why"


def test_an_object_without_status_is_pending() -> None:
    assert str(row_of({"kind": "Dataset", "metadata": {"name": "cells"}})) == "Dataset cells: Pending"


def test_the_story_ends_when_the_runs_own_version_or_a_newer_one_answers() -> None:
    run = _object("TrainingRun", {}, version="1.2")
    older = _object("Capability", {"ModelServing": (_TRUE, "Serving")}, version="1.1")
    loading = _object("Capability", {"ModelServing": (_FALSE, "Loading")}, version="1.2")
    serving = _object("Capability", {"ModelServing": (_TRUE, "Serving")}, version="1.2")
    newer = _object("Capability", {"ModelServing": (_TRUE, "Serving")}, version="1.10")
    assert [serving_version([run, one]) for one in (older, loading, serving, newer)] == [None, None, "1.2", "1.10"]
    assert serving_version([_object("TrainingRun", {}), serving]) is None
