"""From what was observed to the levels that Prometheus is told. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from capforge_contracts.ledger import UnknownEntry
from capforge_contracts.serving import RoutedCapability
from capforge_operator.api.capability_status import CapabilityStatus
from capforge_operator.api.conditions import ConditionStatus
from capforge_operator.api.dataset import DatasetStatus
from capforge_operator.domain.annotation import AUTOMATIC
from capforge_operator.domain.run_conditions import SUCCEEDED
from capforge_operator.domain.run_view import RunPlan, RunView
from capforge_operator.domain.serving_plan import ServedCapability
from capforge_operator.domain.versions import NO_MODEL, VersionNumber
from capforge_operator.figures import AnnotationFigures, DatasetFigures, LedgerFigures, RunFigures


def run_figures(view: RunView, decided: RunPlan) -> RunFigures | None:
    """Return what there is to tell of a run after this visit; None once it has ended or was refused for good."""
    summary = decided.status.condition(SUCCEEDED)
    if summary is None or summary.status is not ConditionStatus.UNKNOWN:
        return None
    return RunFigures(
        capability=view.run.spec.capability_ref.name,
        reason=summary.reason,
        attempts=view.attempts,
        progress=view.progress,
    )


def ledger_figures(served: ServedCapability, routed: RoutedCapability | None) -> LedgerFigures | None:
    """Return how far the routes are behind the ledger; None where the ledger could not be read."""
    if served.releases is None:
        return None
    answering = (
        {one.version for one in routed.versions if any(not end.doubtful for end in one.endpoints)} if routed else set()
    )
    current = routed.current if routed and routed.current in answering else None
    reached = VersionNumber.parse(current) if current else NO_MODEL
    pinned = served.capability.spec.rollout.pinned_version
    behind = [] if pinned else [one for one in served.releases if VersionNumber.parse(one.version) > reached]
    return LedgerFigures(
        waiting=len(behind),
        oldest=min((datetime.fromisoformat(one.published.time) for one in behind), default=None),
        failed_runs=len(served.ledger.failures_since_newest),
        entries=Counter(one.kind for one in served.ledger.entries if not isinstance(one, UnknownEntry)),
    )


def annotation_levels(status: CapabilityStatus) -> AnnotationFigures | None:
    """Return what there is to tell of a field extractor's annotation; None for what learns otherwise."""
    told, annotations = status.condition(AUTOMATIC), status.annotations
    if told is None or annotations is None:
        return None
    return AnnotationFigures(
        documents=annotations.documents,
        next_run=annotations.next_threshold,
        reason=told.reason,
        held=status.held_challenger is not None,
    )


def dataset_figures(status: DatasetStatus) -> DatasetFigures | None:
    """Return what there is to tell of a dataset; None before anything was decided."""
    ready = status.condition("Ready")
    if ready is None:
        return None
    is_locked = ready.status is ConditionStatus.TRUE
    return DatasetFigures(ready.reason, status.fault_count or 0, (status.items or 0) if is_locked else None)
