"""The conditions of a training run, from where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from capforge_contracts.run import Phase
from capforge_operator.api.conditions import ConditionStatus
from capforge_operator.api.training_run import Deploy
from capforge_operator.domain.checks.case import Violation
from capforge_operator.domain.conditions import FALSE, TRUE, UNKNOWN, Finding
from capforge_operator.domain.run_view import RunView

SUCCEEDED, RECONCILING, STALLED = "Succeeded", "Reconciling", "Stalled"
ACCEPTED, TRAINED, EXPORTED, EVALUATED, PUBLISHED = "Accepted", "Trained", "Exported", "Evaluated", "Published"
SUMMARIES = (SUCCEEDED,)
"""Every change is worth an event."""
MILESTONES = (ACCEPTED, PUBLISHED)
"""Becoming true is worth an event."""
REASONS_SHOWN = 50


class Milestone(IntEnum):
    """How far the model has come."""

    NONE = 0
    TRAINED = 1
    EXPORTED = 2
    EVALUATED = 3


_MILESTONES = {TRAINED: Milestone.TRAINED, EXPORTED: Milestone.EXPORTED, EVALUATED: Milestone.EVALUATED}
_REACHED = {Phase.EXPORTING: Milestone.TRAINED, Phase.EVALUATING: Milestone.EXPORTED, Phase.DONE: Milestone.EVALUATED}


@dataclass(frozen=True)
class Standing:
    """The summary condition, and whether anything still goes on."""

    status: ConditionStatus
    reason: str
    message: str
    ongoing: bool = False


def findings(view: RunView, standing: Standing) -> list[Finding]:
    """Return all conditions, the summary first."""
    stalled = standing.status is FALSE and not standing.ongoing
    return [
        Finding(SUCCEEDED, standing.status, standing.reason, standing.message),
        _accepted(view),
        *_milestones(view, standing),
        _published(view, standing),
        Finding(RECONCILING, TRUE if standing.ongoing else FALSE, standing.reason, ""),
        Finding(STALLED, TRUE if stalled else FALSE, standing.reason, standing.message if stalled else ""),
    ]


def all_reasons(violations: Sequence[Violation]) -> str:
    """Return every reason in one message, the first ones in full."""
    shown = [f"{one.reason}: {one.message}" for one in violations[:REASONS_SHOWN]]
    more = len(violations) - len(shown)
    return "; ".join([*shown, f"and {more} more"] if more else shown)


def _accepted(view: RunView) -> Finding:
    if view.violations:
        return Finding(ACCEPTED, FALSE, view.violations[0].reason, all_reasons(view.violations))
    if view.accepted or view.run.status.run_digest:
        return Finding(ACCEPTED, TRUE, "Accepted", "all checks passed")
    return Finding(ACCEPTED, UNKNOWN, "Pending", "not checked yet")


def _milestones(view: RunView, standing: Standing) -> list[Finding]:
    reached = _reached(view)
    return [_milestone(name, standing, is_reached=reached >= milestone) for name, milestone in _MILESTONES.items()]


def _milestone(name: str, standing: Standing, *, is_reached: bool) -> Finding:
    if is_reached:
        return Finding(name, TRUE, name, "")
    if standing.status is FALSE:
        return Finding(name, FALSE, standing.reason, "")
    return Finding(name, UNKNOWN, "Pending", "")


def _reached(view: RunView) -> Milestone:
    if view.finished is not None or view.result is not None:
        return Milestone.EVALUATED
    if view.ended:  # nothing but the status remembers
        conditions = [view.run.status.condition(name) for name in _MILESTONES]
        known = [_MILESTONES[one.type] for one in conditions if one is not None and one.status is TRUE]
        return max(known, default=Milestone.NONE)
    return _REACHED.get(view.progress.phase, Milestone.NONE) if view.progress else Milestone.NONE


def _published(view: RunView, standing: Standing) -> Finding:
    version = view.version.version if view.version else view.run.status.version
    if version is not None:
        return Finding(PUBLISHED, TRUE, "Published", _published_message(view, version))
    if view.held is not None:
        return Finding(PUBLISHED, FALSE, view.held.reason, f"kept back: {view.held.message}")
    if standing.status is FALSE:
        return Finding(PUBLISHED, FALSE, standing.reason, "")
    if view.run.spec.deploy is Deploy.MANUAL:
        return Finding(PUBLISHED, FALSE, "Manual", "deploy is Manual: the model stays in the object store")
    return Finding(PUBLISHED, UNKNOWN, "Pending", "")


def _published_message(view: RunView, version: str) -> str:
    told = view.run.status.condition(PUBLISHED)
    if view.version is None and told is not None:  # the ledger is not read again once it is told
        return told.message
    gate = view.version.gate if view.version else ""
    return f"version {version}: {gate}" if gate else f"version {version}"
