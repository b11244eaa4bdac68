"""The Job that takes a dataset's snapshot."""

from __future__ import annotations

from typing import Any

from capforge_contracts import layout
from capforge_contracts.names import JOB_TOKEN_AUDIENCE
from capforge_operator import labels
from capforge_operator.api.dataset import Dataset
from capforge_operator.children.job import JobShape, job
from capforge_operator.settings import Settings

_BACKOFF_LIMIT = 2
_GRACE_SECONDS = 30


_TOKEN_FOLDER = "/var/run/secrets/capforge-gateway"  # noqa: S105 - a path
_TOKEN_FILE = "token"  # noqa: S105 - a file's name
_TOKEN_SECONDS = 3600
"""The kubelet puts a new one in its place before it ends."""


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
            **_gateway(settings) if dataset.spec.source.submissions else {},
        ),
    )


def _gateway(settings: Settings) -> dict[str, Any]:
    """Return what the Job needs to stream submissions: the gateway's address, and a token for it alone."""
    token = {"audience": JOB_TOKEN_AUDIENCE, "expirationSeconds": _TOKEN_SECONDS, "path": _TOKEN_FILE}
    return {
        "environment": {
            "CAPFORGE_GATEWAY_URL": settings.gateway_address,
            "CAPFORGE_GATEWAY_TOKEN_FILE": f"{_TOKEN_FOLDER}/{_TOKEN_FILE}",
        },
        "volumes": [{"name": "gateway-token", "projected": {"sources": [{"serviceAccountToken": token}]}}],
        "mounts": [{"name": "gateway-token", "mountPath": _TOKEN_FOLDER, "readOnly": True}],
    }
