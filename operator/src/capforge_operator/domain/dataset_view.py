"""What is looked at to decide about a dataset, and what is decided: the words of domain/dataset_plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from capforge_contracts.dataset import CocoSource, OnFault, SnapshotProgress, SnapshotRequest, SnapshotResult, SplitSpec
from capforge_contracts.model import canonical_json, sha256_hex
from capforge_operator.api.dataset import Dataset, DatasetStatus
from capforge_operator.domain.conditions import kube_time
from capforge_operator.ports import JobFact, PodFact


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
    as_of: str | None = None
    """Of the request, once it is written."""
    result: SnapshotResult | None = None
    progress: SnapshotProgress | None = None


@dataclass(frozen=True)
class DatasetPlan:
    """What to do, in this order, and the status to write last."""

    status: DatasetStatus
    request: SnapshotRequest | None = None
    """To be written (if it is new) before the Job is made."""
    delete_job: JobFact | None = None
    after_seconds: float | None = None


def spec_hash(dataset: Dataset) -> str:
    """Return the hash of what the snapshot depends on: source, split, onFault."""
    spec = dataset.spec
    same = {
        "source": spec.source.to_document(),
        "split": spec.split.to_document() if spec.split else None,
        "onFault": spec.on_fault,
    }
    return sha256_hex(canonical_json(same))


def snapshot_request(dataset: Dataset, now: datetime) -> SnapshotRequest:
    """Return what the snapshot Job is asked for; the CRD has made sure that the source is COCO."""
    spec = dataset.spec
    coco = spec.source.coco
    if coco is None:
        raise ValueError("source: exactly one is allowed of: coco")
    split = spec.split
    return SnapshotRequest(
        namespace=dataset.metadata.namespace,
        dataset=dataset.metadata.name,
        spec_hash=spec_hash(dataset),
        as_of=kube_time(now),
        coco=CocoSource(annotations_uri=coco.annotations_uri, images_uri=coco.images_uri),
        split=SplitSpec(dev_percent=split.dev_percent, test_percent=split.test_percent, seed=split.seed)
        if split
        else None,
        on_fault=OnFault(spec.on_fault.value),
    )
