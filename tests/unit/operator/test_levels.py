"""What Prometheus is told about runs, ledgers and datasets, and when it is told no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from capforge_contracts.run import Phase
from capforge_contracts.serving import Endpoint, RoutedCapability, RoutedVersion
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.levels import ledger_figures
from capforge_operator.domain.serving_plan import ServedCapability
from capforge_operator.exposition import pieces
from capforge_operator.figures import LedgerFigures
from capforge_operator.keys import Kind
from capforge_operator.levels import Levels
from capforge_operator.metrics import Metrics
from capforge_operator.ports import JobOutcome
from capforge_operator.resource_types import CAPABILITIES
from tests.unit.operator.extractor_world import NAME, ExtractorWorld, extractor
from tests.unit.operator.serving_world import capability, failed, published, releases
from tests.unit.operator.training_world import NAMESPACE, TrainingWorld, dataset

ANNOTATION_LEVELS = ("annotated_documents", "next_run_documents", "challenger_held")
RUN = {"namespace": NAMESPACE, "capability": "cells", "run": "cells-1"}


class Watched:
    """A training world with a board, and what a scrape of it shows."""

    def __init__(self) -> None:
        self.training = TrainingWorld()
        self.board = Levels(self.training.twins.clock.now)
        self.registry = CollectorRegistry()
        self.registry.register(self.board)

    async def visit(self, kind: Kind = Kind.TRAINING_RUN, name: str = "cells-1") -> None:
        await self.training.reconcile(kind, name, replace(self.training.world(), board=self.board))

    def shown(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def names(self) -> set[str]:
        return {sample.name for family in self.registry.collect() for sample in family.samples}


@pytest.fixture
async def watched() -> Watched:
    found = Watched()
    await found.training.ready_to_train()
    await found.visit()
    return found


async def test_a_run_is_shown_from_its_first_visit(watched: Watched):
    assert watched.shown("capforge_training_run_active", **RUN, reason="Pending") == 1
    assert watched.shown("capforge_training_run_last_progress_timestamp_seconds", **RUN) is None


async def test_progress_is_shown_with_the_moment_it_was_seen_to_change(watched: Watched):
    training = watched.training
    training.claim()
    training.progress(Phase.TRAINING, epoch=3, epochs=10, percent=30, remaining_seconds=70)
    await watched.visit()
    first = training.twins.clock.now()
    training.twins.clock.advance(600)
    await watched.visit()
    assert watched.shown("capforge_training_run_last_progress_timestamp_seconds", **RUN) == first.timestamp()
    assert watched.shown("capforge_training_run_progress_ratio", **RUN) == 0.3
    assert watched.shown("capforge_training_run_epoch", **RUN) == 3
    assert watched.shown("capforge_training_run_remaining_seconds", **RUN) == 70
    assert watched.shown("capforge_training_run_attempts", **RUN) == 1
    training.progress(Phase.TRAINING, epoch=4, epochs=10, percent=40)
    await watched.visit()
    shown = watched.shown("capforge_training_run_last_progress_timestamp_seconds", **RUN)
    assert shown == (first + timedelta(seconds=600)).timestamp()


async def test_a_run_that_ended_has_no_series(watched: Watched):
    watched.training.claim()
    watched.training.leave_card()
    watched.training.end_job(JobOutcome.COMPLETE)
    await watched.visit()
    assert watched.names() == set()


async def test_a_run_that_was_deleted_has_no_series(watched: Watched):
    del watched.training.twins.resources.objects["TrainingRun", NAMESPACE, "cells-1"]
    await watched.visit()
    assert watched.names() == set()


async def test_a_dataset_shows_why_it_is_not_ready_and_then_how_much_is_in_it():
    watched = Watched()
    watched.training.twins.resources.put(dataset())
    await watched.visit(Kind.DATASET, "cells")
    about = {"namespace": NAMESPACE, "dataset": "cells"}
    assert watched.shown("capforge_dataset_not_ready", **about, reason="Snapshotting") == 1
    assert watched.shown("capforge_dataset_faulty_records", **about) == 0
    watched.training.answer_snapshot(watched.training.freeze())
    await watched.visit(Kind.DATASET, "cells")
    assert watched.names() == {"capforge_dataset_items"}
    items = watched.training.seen_dataset().status.items
    assert items
    assert watched.shown("capforge_dataset_items", **about) == items
    del watched.training.twins.resources.objects["Dataset", NAMESPACE, "cells"]
    await watched.visit(Kind.DATASET, "cells")
    assert watched.names() == set()


def routed(current: str | None, *, pods: int = 1) -> RoutedCapability:
    version = RoutedVersion.model_construct(
        version=current or "1.0", endpoints=[Endpoint(pod="a", address="10.0.0.1:8000")] * pods
    )
    return RoutedCapability.model_construct(versions=[version] if current else [], current=current)


async def test_a_field_extractor_is_shown_until_it_is_gone():
    world = ExtractorWorld()
    registry, levels = CollectorRegistry(), Levels(world.twins.clock.now)
    registry.register(levels)
    world.alive = world.on(replace(world.world(), board=levels))
    world.twins.resources.put(extractor())
    await world.annotate(17)
    about = {"namespace": NAMESPACE, "capability": NAME}
    shown = {name: registry.get_sample_value(f"capforge_{name}", about) for name in ANNOTATION_LEVELS}
    assert shown == {"annotated_documents": 17, "next_run_documents": 20, "challenger_held": 0}
    assert registry.get_sample_value("capforge_automatic_training", {**about, "reason": "Waiting"}) == 1
    world.twins.resources.remove(CAPABILITIES, NAMESPACE, NAME)
    await world.visit()
    assert registry.get_sample_value("capforge_annotated_documents", about) is None


@pytest.mark.parametrize(
    ("minors", "current", "pods", "spec", "waiting"),
    [
        pytest.param((1, 2, 3), "1.3", 1, {}, 0, id="the newest answers"),
        pytest.param((1, 2, 3), "1.1", 1, {}, 2, id="two are newer"),
        pytest.param((1, 2), None, 1, {}, 2, id="nothing answers"),
        pytest.param((1, 2), "1.2", 0, {}, 2, id="no pod has the current one"),
        pytest.param((), None, 1, {}, 0, id="nothing is published"),
        pytest.param((1, 2), "1.1", 1, {"rollout": {"pinnedVersion": "1.1"}}, 0, id="a person holds it back"),
    ],
)
def test_the_lag_counts_versions_newer_than_the_one_that_answers(
    minors: tuple[int, ...], current: str | None, pods: int, spec: dict[str, Any], waiting: int
):
    served = ServedCapability(capability(**spec), Ledger.of(published(one) for one in minors), tuple(releases(*minors)))
    figures = ledger_figures(served, routed(current, pods=pods))
    assert figures is not None
    assert figures.waiting == waiting
    assert (figures.oldest is not None) == bool(waiting)


def test_the_lag_is_the_age_of_the_oldest_that_waits():
    board = Levels(lambda: datetime(2026, 1, 2, 1, tzinfo=UTC))
    registry = CollectorRegistry()
    registry.register(board)
    ledger = Ledger.of([published(1), published(2), failed(3), failed(4)])
    board.ledger("a", "b", ledger_figures(ServedCapability(capability(), ledger, tuple(releases(1, 2))), routed("1.1")))
    labels = {"namespace": "a", "capability": "b"}
    assert registry.get_sample_value("capforge_ledger_lag_seconds", labels) == 3600
    assert registry.get_sample_value("capforge_ledger_waiting_versions", labels) == 1
    assert registry.get_sample_value("capforge_training_failures_since_version", labels) == 2
    counted = {
        kind: registry.get_sample_value("capforge_ledger_entries_total", {**labels, "kind": kind})
        for kind in ("VersionPublished", "RunFailed", "Notified")
    }
    assert counted == {"VersionPublished": 2, "RunFailed": 2, "Notified": 0}
    board.ledger("a", "b", None)
    assert registry.get_sample_value("capforge_ledger_lag_seconds", labels) is None


def test_a_ledger_that_cannot_be_read_tells_nothing():
    assert ledger_figures(ServedCapability(capability(), Ledger(), None), routed("1.1")) is None


@pytest.mark.parametrize("ledgers", [0, 1, 499, 500, 501, 1234])
def test_the_page_in_pieces_is_the_page_as_a_whole(ledgers: int):
    metrics = Metrics()
    metrics.reconciled(Kind.DATASET, "done", 0.1)
    for number in range(ledgers):
        figures = LedgerFigures(number % 3, None, 0, {"VersionPublished": number})
        metrics.levels.ledger("team", f"cells-{number}", figures)
    found, whole = list(pieces(metrics.registry)), generate_latest(metrics.registry)
    assert _still(b"".join(found)) == _still(whole)
    assert max(piece.count(b"\n") for piece in found) <= 502


def _still(page: bytes) -> list[bytes]:
    """Leave out what the client tells of this process: it changes between two pages."""
    return [line for line in page.splitlines() if b"process_" not in line]
