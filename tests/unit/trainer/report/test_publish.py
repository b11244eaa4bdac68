"""A report that cannot be made is a warning; it fails no run. A stop is still a stop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.run import Champion
from capforge_contracts.store import StoreError
from capforge_trainer.attempt import Attempt
from capforge_trainer.errors import StoppedError
from capforge_trainer.report.findings import Findings
from capforge_trainer.report.publish import published
from tests.unit.trainer.report.told import ROWS, card, findings


class Full(MemoryObjectStore):
    def put(self, key: str, data: bytes) -> None:
        raise StoreError(f"no room for {len(data)} bytes at {key}")


def work(store: MemoryObjectStore, champion: Champion | None = None) -> Any:
    """What the report wants of an attempt."""
    return SimpleNamespace(
        spec=SimpleNamespace(champion=champion, initial_weights=None),
        around=SimpleNamespace(store=store),
        attempt=Attempt(store, "team-a", "a1" * 32, 1),
        watch=SimpleNamespace(rows=list(ROWS)),
    )


def report(store: MemoryObjectStore) -> str:
    return store.get(layout.attempt_file("team-a", "a1" * 32, 1, layout.REPORT)).decode()


def failing() -> Findings:
    raise ZeroDivisionError("in the findings")


def test_it_lies_beside_the_model() -> None:
    store = MemoryObjectStore()
    assert published(work(store), card(), findings) == []
    assert "1 disc missed" in report(store)


def test_findings_that_fail_are_a_warning() -> None:
    (warning,) = published(work(MemoryObjectStore()), card(), failing)
    assert "no report" in warning
    assert "in the findings" in warning


def test_a_store_that_takes_no_report_is_a_warning() -> None:
    (warning,) = published(work(Full()), card(), findings)
    assert "no room" in warning


def test_a_stop_stops() -> None:
    def stopped() -> Findings:
        raise StoppedError("asked")

    with pytest.raises(StoppedError):
        published(work(MemoryObjectStore()), card(), stopped)


def test_the_champions_card_is_read_and_one_that_is_gone_is_left_out() -> None:
    champion = Champion(version="1.4", model_key="m", model_sha256="0" * 64, card_key="cards/1.4.json")
    store = MemoryObjectStore()
    assert published(work(store, champion), card(), findings) == []
    assert "version 1.4" not in report(store)
    store.put("cards/1.4.json", card().to_json())
    assert published(work(store, champion), card(), findings) == []
    assert "version 1.4" in report(store)
