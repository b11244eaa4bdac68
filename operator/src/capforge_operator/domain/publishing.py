"""Which entry the ledger needs next, given the runs that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from capforge_contracts.ledger import ChallengerHeld, RunFailed, VersionPublished
from capforge_contracts.run import Comparison
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.domain.conditions import kube_time
from capforge_operator.domain.gate import HELD, Judgement, judge
from capforge_operator.domain.ledger import Entry, Ledger
from capforge_operator.domain.run_conditions import PUBLISHED
from capforge_operator.domain.shape import Shape, fits

CANCELLED = "Cancelled"
"""A person ended the run: nothing failed."""


@dataclass(frozen=True)
class TrainedModel:
    """What a run that succeeded left in the object store."""

    attempt: int
    model_sha256: str
    dataset_digests: tuple[str, ...]
    shape: Shape
    champion: str | None = None
    """The version that the run was to compare it with."""
    comparison: Comparison | None = None
    """With the champion; none: there was none, or it could not be judged."""


@dataclass(frozen=True)
class Demand:
    """What the capability asks of a model before it gets a number."""

    shape: Shape
    max_regression_percent: int


@dataclass(frozen=True)
class EndedRun:
    """A TrainingRun that has ended and deploys automatically."""

    name: str
    run_digest: str | None
    ended: str
    """UTC, ISO 8601: sorts as text."""
    model: TrainedModel | None = None
    reason: str = ""
    """Why it failed."""
    message: str = ""


def next_entry(ledger: Ledger, runs: Sequence[EndedRun], demand: Demand, now: datetime) -> Entry | None:
    """Return the entry of the earliest end that is not in the ledger yet, None if all are."""
    for run in sorted(runs, key=lambda run: (run.ended, run.name)):
        entry = _judged(ledger, run, run.model, demand, now) if run.model else _failed(ledger, run, now)
        if entry is not None:
            return entry
    return None


def is_unaware(run: TrainingRun, ledger: Ledger) -> bool:
    """Tell whether the ledger knows what became of a run's model, and the run's status does not."""
    status = run.status
    if status.run_digest is None or status.version is not None:
        return False
    held, told = ledger.held(status.run_digest), status.condition(PUBLISHED)
    if held is not None:
        return told is None or told.reason != held.reason
    return ledger.version_of(status.run_digest) is not None


def _judged(ledger: Ledger, run: EndedRun, model: TrainedModel, demand: Demand, now: datetime) -> Entry | None:
    """One result is judged once, however many runs of however many lives of the capability share it."""
    if run.run_digest is None or ledger.version_of(run.run_digest) or ledger.held(run.run_digest):
        return None
    if not fits(model.shape, demand.shape):
        return None
    judgement = judge(model.comparison, model.champion, demand.max_regression_percent)
    if judgement.passed or model.comparison is None:
        return _published(ledger, run, run.run_digest, model, judgement, now)
    return ChallengerHeld(
        sequence=ledger.next_sequence,
        time=kube_time(now),
        run=run.name,
        run_digest=run.run_digest,
        attempt=model.attempt,
        model_sha256=model.model_sha256,
        champion=model.comparison.version,
        reason=HELD,
        message=judgement.message,
    )


def _published(
    ledger: Ledger, run: EndedRun, run_digest: str, model: TrainedModel, judgement: Judgement, now: datetime
) -> VersionPublished:
    return VersionPublished(
        sequence=ledger.next_sequence,
        time=kube_time(now),
        version=str(ledger.next_version),
        run=run.name,
        run_digest=run_digest,
        attempt=model.attempt,
        dataset_digests=list(model.dataset_digests),
        model_sha256=model.model_sha256,
        gate=judgement.message,
    )


def _failed(ledger: Ledger, run: EndedRun, now: datetime) -> RunFailed | None:
    if not run.reason or run.reason == CANCELLED or ledger.holds_failure(run.name, run.run_digest, run.reason):
        return None
    return RunFailed(
        sequence=ledger.next_sequence,
        time=kube_time(now),
        run=run.name,
        run_digest=run.run_digest,
        reason=run.reason,
        message=run.message,
    )
