"""What is looked at to decide about a dataset, and what is decided: the words of domain/dataset_plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from capforge_contracts.dataset import (
    OnFault,
    SnapshotProgress,
    SnapshotRequest,
    SnapshotResult,
    SplitSpec,
    SubmissionsSource,
)
from capforge_contracts.model import canonical_json, sha256_hex
from capforge_contracts.sources import VisionSource
from capforge_operator.api.dataset import Dataset, DatasetStatus
from capforge_operator.domain.conditions import kube_time
from capforge_operator.domain.snapshot_source import requested_operation, requested_source
from capforge_operator.ports import JobFact, PodFact


@dataclass(frozen=True)
class SourceHindrance:
    """Why a source cannot be asked now."""

    reason: str
    message: str


@dataclass(frozen=True)
class DatasetView:
    """Everything read in one reconcile."""

    dataset: Dataset
    store_uri: str
    now: datetime
    missing: tuple[str, ...] = ()
    """What the namespace lacks."""
    job: JobFact | None = None
    """The snapshot Job of this spec, only if this very Dataset owns it."""
    pods: tuple[PodFact, ...] = ()
    """The Job's pods, oldest first."""
    request: SnapshotRequest | None = None
    """Once it is written; what it says stays."""
    result: SnapshotResult | None = None
    progress: SnapshotProgress | None = None
    annotated: SubmissionsSource | VisionSource | None = None
    """What a request for annotated documents or images would ask for now."""
    hindrance: SourceHindrance | None = None
    """Why no request for them can be written now."""
    purged: int | None = None
    """Of a locked dataset of annotated documents or images: how many of its contents are gone."""


@dataclass(frozen=True)
class DatasetPlan:
    """What to do, in this order, and the status to write last."""

    status: DatasetStatus
    request: SnapshotRequest | None = None
    """To be written (if it is new) before the Job is made."""
    delete_job: JobFact | None = None
    after_seconds: float | None = None


def spec_hash(dataset: Dataset) -> str:
    """Return the hash of what the snapshot depends on: source, preprocessing, split, onFault."""
    spec = dataset.spec
    same: dict[str, Any] = {
        "source": spec.source.to_document(),
        "split": spec.split.to_document() if spec.split else None,
        "onFault": spec.on_fault,
    }
    if spec.preprocessing:  # only where it is given: snapshots from before it was known keep their name
        same["preprocessing"] = [one.to_document() for one in spec.preprocessing]
    return sha256_hex(canonical_json(same))


def snapshot_request(
    dataset: Dataset, now: datetime, annotated: SubmissionsSource | VisionSource | None = None
) -> SnapshotRequest:
    """Return what the snapshot Job is asked for; the CRD has made sure that there is one source."""
    spec = dataset.spec
    sources = requested_source(spec.source, annotated)
    split = spec.split
    return SnapshotRequest(
        namespace=dataset.metadata.namespace,
        dataset=dataset.metadata.name,
        spec_hash=spec_hash(dataset),
        as_of=kube_time(now),
        preprocessing=[requested_operation(one) for one in spec.preprocessing or ()],
        split=SplitSpec(dev_percent=split.dev_percent, test_percent=split.test_percent, seed=split.seed)
        if split
        else None,
        on_fault=OnFault(spec.on_fault.value),
        **sources,
    )
