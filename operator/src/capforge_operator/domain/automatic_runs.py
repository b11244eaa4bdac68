"""What there is of a capability's automatic runs, and what the ledger has to say about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from capforge_contracts.ledger import AutomaticTraining
from capforge_operator import labels
from capforge_operator.api.base import Resource
from capforge_operator.api.capability import Capability
from capforge_operator.api.dataset import Dataset
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.domain.conditions import FALSE, TRUE, kube_time
from capforge_operator.domain.ledger import Ledger

_STALLED, _SUCCEEDED, _READY = "Stalled", "Succeeded", "Ready"


def threshold_of(run: TrainingRun) -> int:
    """Return the count at which an automatic run was made, 0 for a run that a person made."""
    text = run.metadata.labels.get(labels.AUTOMATIC, "")
    threshold = int(text) if text.isdecimal() else 0
    capability = run.spec.capability_ref.name
    return threshold if run.metadata.name == labels.automatic_name(capability, threshold) else 0


def automatic_of(capability: Capability, runs: Sequence[TrainingRun]) -> list[TrainingRun]:
    """Return the automatic runs of this very capability, not those of an earlier one of its name; lowest first."""
    uid = capability.metadata.uid
    own = [run for run in runs if threshold_of(run) and run.metadata.controller_uid == uid]
    return sorted(own, key=threshold_of)


def unrecorded(ledger: Ledger, runs: Sequence[TrainingRun]) -> TrainingRun | None:
    """Return the first automatic run that the ledger does not know: the operator ended before it wrote that down."""
    return next((run for run in runs if threshold_of(run) > ledger.watermark), None)


def entry_of(run: TrainingRun, ledger: Ledger, now: datetime) -> AutomaticTraining:
    """Return the ledger's word about an automatic run that exists."""
    said = run.metadata.annotations
    return AutomaticTraining(
        sequence=ledger.next_sequence,
        time=kube_time(now),
        threshold=threshold_of(run),
        documents=_number(said.get(labels.DOCUMENTS, "")),
        as_of_sequence=_number(said.get(labels.AS_OF_SEQUENCE, "")),
        dataset=run.metadata.name,
        run=run.metadata.name,
    )


def waits_for_data(run: TrainingRun) -> bool:
    """Tell whether a run is neither accepted nor refused yet: what becomes of it depends on its Dataset."""
    return run.status.completion_time is None and run.status.run_digest is None and not _is(run, _STALLED)


def why_over(run: TrainingRun, dataset: Dataset | None) -> str | None:
    """Return why an automatic run is over, empty if it succeeded, None while it goes on.

    One that is refused for good is over, and so is one whose data never comes.
    """
    succeeded = run.status.condition(_SUCCEEDED)
    if dataset is not None and _is(dataset, _STALLED) and waits_for_data(run):
        ready = dataset.status.condition(_READY)
        return f"Dataset {dataset.metadata.name}: {ready.reason}: {ready.message}" if ready else ""
    if run.status.completion_time is None and not _is(run, _STALLED):
        return None
    if succeeded is None or succeeded.status is not FALSE:
        return ""
    return _failure(run.metadata.name, succeeded.reason, succeeded.message)


def why_gone(ledger: Ledger) -> str:
    """Return why the newest automatic run failed, by the ledger alone; empty if it did not."""
    if not ledger.automatic:
        return ""
    newest = ledger.automatic[-1]
    failed = [one for one in ledger.failures_since_newest if one.run == newest.run and one.sequence > newest.sequence]
    return _failure(newest.run, failed[-1].reason, failed[-1].message) if failed else ""


def _failure(run: str, reason: str, message: str) -> str:
    return f"Training run {run} ended without a model: {reason}: {message}"


def _is(one: Resource, condition: str) -> bool:
    status = getattr(one, "status", None)
    found = status.condition(condition) if status else None
    return found is not None and found.status is TRUE


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
