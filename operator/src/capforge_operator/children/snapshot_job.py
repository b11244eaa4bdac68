"""The Job that takes a dataset's snapshot."""

from __future__ import annotations

from typing import Any

from capforge_contracts import layout
from capforge_operator import labels
from capforge_operator.api.dataset import Dataset
from capforge_operator.children.job import JobShape, job
from capforge_operator.settings import Settings

_BACKOFF_LIMIT = 2
_GRACE_SECONDS = 30


def snapshot_job(dataset: Dataset, spec_hash: str, settings: Settings) -> dict[str, Any]:
    """Return the Job that works on the request written for this spec."""
    namespace, name = dataset.metadata.namespace, dataset.metadata.name
    return job(
        dataset,
        JobShape(
            name=labels.snapshot_job(name, spec_hash),
            component=labels.SNAPSHOT,
            labels={labels.DATASET: name, labels.SPEC_HASH: spec_hash[: labels.DIGEST_LABEL_CHARS]},
            image=settings.snapshot_image,
            arguments=("--request", layout.snapshot_request(namespace, name, spec_hash)),
            requests={"cpu": settings.snapshot_cpu, "memory": settings.snapshot_memory},
            limits={"memory": settings.snapshot_memory},
            deadline_seconds=settings.snapshot_deadline_seconds,
            backoff_limit=_BACKOFF_LIMIT,
            grace_seconds=_GRACE_SECONDS,
            ttl_seconds=settings.job_ttl_seconds,
            pull_policy=settings.image_pull_policy,
            pull_secrets=settings.image_pull_secrets,
            store_ca=bool(settings.store_ca),
        ),
    )
