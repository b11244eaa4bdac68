"""Which entry the ledger needs next, given the runs that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from capforge_contracts.ledger import RunFailed, VersionPublished
from capforge_contracts.run import Output
from capforge_operator.domain.conditions import kube_time
from capforge_operator.domain.ledger import Entry, Ledger

CANCELLED = "Cancelled"
"""A person ended the run: nothing failed."""


@dataclass(frozen=True)
class TrainedModel:
    """What a run that succeeded left in the object store."""

    attempt: int
    model_sha256: str
    dataset_digests: tuple[str, ...]
    outputs: tuple[Output, ...]


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


def next_entry(ledger: Ledger, runs: Sequence[EndedRun], outputs: Sequence[Output], now: datetime) -> Entry | None:
    """Return the entry of the earliest end that is not in the ledger yet, None if all are."""
    for run in sorted(runs, key=lambda run: (run.ended, run.name)):
        entry = _published(ledger, run, outputs, now) if run.model else _failed(ledger, run, now)
        if entry is not None:
            return entry
    return None


def fits(model: Sequence[Output], capability: Sequence[Output]) -> bool:
    """Tell whether a model's outputs are the capability's, or were before more were appended."""
    names = {output.position: output.name for output in capability}
    return all(names.get(output.position) == output.name for output in model)


def _published(ledger: Ledger, run: EndedRun, outputs: Sequence[Output], now: datetime) -> VersionPublished | None:
    """One result is published once, however many runs of however many lives of the capability share it."""
    if run.model is None or run.run_digest is None or ledger.version_of(run.run_digest):
        return None
    if not fits(run.model.outputs, outputs):
        return None
    return VersionPublished(
        sequence=ledger.next_sequence,
        time=kube_time(now),
        version=str(ledger.next_version),
        run=run.name,
        run_digest=run.run_digest,
        attempt=run.model.attempt,
        dataset_digests=list(run.model.dataset_digests),
        model_sha256=run.model.model_sha256,
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
