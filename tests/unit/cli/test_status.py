from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from capforge.status import Row, age, as_documents, rows, table

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def thing(name: str = "cells", spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "team", "creationTimestamp": "2026-01-01T23:58:00Z"}
    return {"metadata": metadata, "spec": spec or {}, "status": status}


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def printed(everything: list[Row], *, namespaces: bool = False) -> str:
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(table(everything, namespaces=namespaces))
    return console.export_text()


def test_a_new_object_without_status_is_pending():
    (row,) = rows("datasets", [{**thing(), "status": None}], NOW)
    assert (row.status, row.reason, row.age_seconds) == ("Unknown", "Pending", 120)


def test_a_running_training_shows_its_bar_and_what_is_left():
    run = thing(
        spec={"capabilityRef": {"name": "cells"}},
        conditions=[condition("Succeeded", "Unknown", "Training")],
        progressPercent=40,
        progress="Training, epoch 4 of 10, 40 %",
        remaining="2m",
        metrics=[{"name": "map50", "value": "0.61"}],
    )
    (row,) = rows("trainingruns", [run], NOW)
    assert row.percent == 40
    assert row.detail == "cells, Training, epoch 4 of 10, 40 %, 2m left, map50 0.61"
    assert "40 %" in printed([row])
    assert "━" in printed([row])


def test_a_finished_training_shows_its_version_and_no_bar():
    run = thing(conditions=[condition("Succeeded", "True", "Completed")], progressPercent=100, version="1.2")
    (row,) = rows("trainingruns", [run], NOW)
    assert row.percent is None
    assert "version 1.2" in row.detail


def test_a_capability_that_moves_to_another_version_shows_both():
    ready = thing(conditions=[condition("Ready", "True", "Serving")], version="1.1", targetVersion="1.2")
    assert rows("capabilities", [ready], NOW)[0].detail == "version 1.1 → 1.2"


def test_a_locked_dataset_shows_what_it_holds():
    locked = thing(conditions=[condition("Ready", "True", "Locked")], digest="a" * 64, items=10, entities=20)
    assert rows("datasets", [locked], NOW)[0].detail == "10 images, 20 objects, aaaaaaaaaaaa"


def test_what_is_wrong_is_told_in_full_below_the_table():
    message = "3 faults (BoxOutside 3). First: annotation 7 [of image] 2"
    faulty = thing(conditions=[condition("Ready", "False", "FaultyRecords", message)], faultCount=3)
    text = printed(rows("datasets", [faulty], NOW))
    assert f"Dataset cells: {message}" in text
    assert "3 faults" in text


def test_why_something_waits_is_told_and_what_is_under_way_is_not():
    waits = thing(
        "big", conditions=[condition("Succeeded", "Unknown", "Unschedulable", "0/2 nodes: no nvidia.com/gpu")]
    )
    works = thing("small", conditions=[condition("Succeeded", "Unknown", "Training", "the model is being trained")])
    text = printed(rows("trainingruns", [waits, works], NOW))
    assert "TrainingRun big: 0/2 nodes: no nvidia.com/gpu" in text
    assert "being trained" not in text


def test_what_is_wrong_beside_the_summary_is_told():
    failed = condition("AutomaticTraining", "False", "LastRunFailed", "run receipts-auto-20 ended: OutOfMemory")
    passed = condition("RolloutBlocked", "False", "Passed", "No version waits.")
    ready = thing("receipts", conditions=[condition("Ready", "True", "CollectingAnnotations"), failed, passed])
    text = printed(rows("capabilities", [ready], NOW))
    assert "Capability receipts: LastRunFailed: run receipts-auto-20 ended: OutOfMemory" in text
    assert "No version waits" not in text


def test_documents_are_counted_as_documents():
    spec = {"source": {"submissions": {"capabilityRef": {"name": "receipts"}}}}
    locked = thing(spec=spec, conditions=[condition("Ready", "True", "Locked")], digest="a" * 64, items=20)
    assert rows("datasets", [locked], NOW)[0].detail == "20 documents, aaaaaaaaaaaa"
    collecting = thing(version="1.0", targetVersion="1.0", annotations={"progress": "17/20"})
    assert rows("capabilities", [collecting], NOW)[0].detail == "version 1.0, 17/20 documents annotated"


def test_rows_come_in_the_order_of_namespace_and_name():
    assert [row.name for row in rows("datasets", [thing("b"), thing("a")], NOW)] == ["a", "b"]


def test_documents_are_plain_json():
    assert json.loads(json.dumps(as_documents(rows("datasets", [thing()], NOW))))[0]["name"] == "cells"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (61, "1m1s"), (3600, "1h"), (3605, "1h"), (90061, "1d1h"), (86400, "1d")],
)
def test_ages_show_two_units_at_most(seconds: int, text: str):
    assert age(seconds) == text
