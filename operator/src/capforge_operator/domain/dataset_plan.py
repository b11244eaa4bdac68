"""From what is known about a dataset to what happens next: read `plan` from the top."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from capforge_contracts.dataset import SnapshotOutcome
from capforge_operator.api.conditions import ConditionStatus
from capforge_operator.api.dataset import DatasetStatus
from capforge_operator.domain.conditions import FALSE, TRUE, UNKNOWN, Finding, settle
from capforge_operator.domain.dataset_facts import facts
from capforge_operator.domain.dataset_view import DatasetPlan, DatasetView, SourceHindrance, snapshot_request
from capforge_operator.domain.snapshot_failure import snapshot_failure
from capforge_operator.domain.starting import cannot_start
from capforge_operator.ports import JobOutcome

READY, RECONCILING, STALLED, INTACT = "Ready", "Reconciling", "Stalled", "Intact"
POLL_SECONDS = 5.0
UNPREPARED_SECONDS = 30.0
"""Nothing rings when a namespace gets prepared."""
HINDERED_SECONDS = 10.0
"""How soon a source is asked again that could not be."""
RETRY_AT_LEAST = timedelta(seconds=30)
RETRY_AT_MOST = timedelta(minutes=10)
RETRIED = frozenset({"SourceUnavailable", "SnapshotFailed"})
"""Reasons that time may heal; the others are the user's and wait for another spec."""
_PURGED = (
    "people deleted some of its images or documents, and a purge removed them (status.purgedItems): what was trained"
    " on it cannot be trained again; make a new Dataset"
)


@dataclass(frozen=True)
class Verdict:
    """The summary condition, and whether anything still goes on."""

    status: ConditionStatus
    reason: str
    message: str
    ongoing: bool = False


def plan(view: DatasetView) -> DatasetPlan:
    """Decide."""
    if view.dataset.status.digest or _outcome(view) is SnapshotOutcome.LOCKED:
        return _ended(view, _locked(view))
    if view.missing:
        return replace(_ended(view, _unprepared(view)), after_seconds=UNPREPARED_SECONDS)
    if view.hindrance is not None:
        return _hindered(view, view.hindrance)
    if view.job is None:
        return _ended(view, _reported(view)) if _is_reported(view) else _start(view)
    if view.job.deleting or view.job.outcome in {JobOutcome.ACTIVE, JobOutcome.SUSPENDED}:
        return _watch(view)
    verdict = _judged(view)
    return _retry(view, verdict) if verdict.reason in RETRIED else _ended(view, verdict)


def _locked(view: DatasetView) -> Verdict:
    expected, result = view.dataset.spec.expected_digest, view.result
    digest = view.dataset.status.digest or (result.digest if result else None)
    if expected and expected != digest:
        message = f"the data has digest {digest}, expectedDigest is {expected}; to take this data make a new Dataset"
        return Verdict(FALSE, "DigestMismatch", message)
    return Verdict(TRUE, "Locked", result.message if result else "locked")


def _unprepared(view: DatasetView) -> Verdict:
    lacking = ", ".join(view.missing)
    message = f"the namespace lacks {lacking}; prepare it with the chart capforge-tenant"
    return Verdict(FALSE, "NamespaceNotPrepared", message)


def _hindered(view: DatasetView, hindrance: SourceHindrance) -> DatasetPlan:
    verdict = Verdict(FALSE, hindrance.reason, hindrance.message, ongoing=True)
    return DatasetPlan(_status(view, verdict), after_seconds=HINDERED_SECONDS)


def _is_reported(view: DatasetView) -> bool:
    """Tell whether this Dataset has already seen the result that stands: its Job may be cleaned up by now.

    A Dataset that is made anew has seen nothing and takes its snapshot again: the files may have been mended.
    """
    before, outcome = view.dataset.status.condition(READY), _outcome(view)
    if before is None or outcome is None or outcome in RETRIED:
        return False
    return before.observed_generation == view.dataset.metadata.generation and before.reason == outcome


def _reported(view: DatasetView) -> Verdict:
    outcome = _outcome(view)
    message = view.result.message if view.result else ""
    return Verdict(FALSE, outcome.value if outcome else "", message)


def _start(view: DatasetView) -> DatasetPlan:
    status = _status(view, _going_on(view, "the snapshot pod is starting"))
    request = view.request or snapshot_request(view.dataset, view.now, view.annotated)
    return DatasetPlan(status, request=request, after_seconds=POLL_SECONDS)


def _watch(view: DatasetView) -> DatasetPlan:
    hindrance = cannot_start(view.job, view.pods, view.now)
    if hindrance:
        message = f"the snapshot cannot start: {hindrance.message}"
    elif any(pod.phase == "Running" for pod in view.pods):
        message = "the records are being checked"
    else:
        message = "the snapshot pod is starting"
    return DatasetPlan(_status(view, _going_on(view, message)), after_seconds=POLL_SECONDS)


def _going_on(view: DatasetView, message: str) -> Verdict:
    before = view.dataset.status.condition(READY)
    if before is not None and before.reason in RETRIED:  # stays until the new try has ended: no flapping
        return Verdict(before.status, before.reason, before.message, ongoing=True)
    return Verdict(UNKNOWN, "Snapshotting", message, ongoing=True)


def _judged(view: DatasetView) -> Verdict:
    """Judge a Job that has ended."""
    job = view.job
    if job is not None and job.outcome is JobOutcome.COMPLETE and view.result is not None:
        return _reported(view)
    failure = snapshot_failure(job, view.pods)
    return Verdict(FALSE, failure.reason, failure.message)


def _retry(view: DatasetView, verdict: Verdict) -> DatasetPlan:
    """Try again, each time after about as long as it has been failing already."""
    status = _status(view, replace(verdict, ongoing=True))
    finished = view.job.finished if view.job and view.job.finished else view.now
    due = finished + min(max(finished - _failing_since(view, finished), RETRY_AT_LEAST), RETRY_AT_MOST)
    if view.now < due:
        return DatasetPlan(status, after_seconds=(due - view.now).total_seconds())
    return DatasetPlan(status, delete_job=view.job, after_seconds=POLL_SECONDS)


def _failing_since(view: DatasetView, otherwise: datetime) -> datetime:
    before = view.dataset.status.condition(READY)
    if before is None or before.reason not in RETRIED:
        return otherwise
    return datetime.fromisoformat(before.last_transition_time)


def _ended(view: DatasetView, verdict: Verdict) -> DatasetPlan:
    return DatasetPlan(_status(view, verdict))


def _status(view: DatasetView, verdict: Verdict) -> DatasetStatus:
    generation = view.dataset.metadata.generation
    reconciling = Finding(RECONCILING, TRUE if verdict.ongoing else FALSE, verdict.reason, "")
    stalled = verdict.status is FALSE and not verdict.ongoing
    findings = [
        Finding(READY, verdict.status, verdict.reason, verdict.message),
        reconciling,
        Finding(STALLED, TRUE if stalled else FALSE, verdict.reason, verdict.message if stalled else ""),
        *_intact(view.purged),
    ]
    conditions = settle(view.dataset.status.conditions, findings, view.now, generation)
    locked = verdict.reason == "Locked" or view.dataset.status.digest is not None  # a lock is for ever
    content = facts(view, locked=locked, ongoing=verdict.ongoing)
    return content.model_copy(update={"conditions": conditions, "observed_generation": generation})


def _intact(purged: int | None) -> list[Finding]:
    """Tell whether the contents are still there; what others gave us is not deleted by our people."""
    if purged is None:
        return []
    return [Finding(INTACT, FALSE, "ContentsPurged", _PURGED) if purged else Finding(INTACT, TRUE, "Complete", "")]


def _outcome(view: DatasetView) -> SnapshotOutcome | None:
    return view.result.outcome if view.result else None
