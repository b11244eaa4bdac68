"""The Job that trains."""

from __future__ import annotations

from typing import Any

from capforge_contracts import layout
from capforge_contracts.run import RunSpec
from capforge_operator import labels
from capforge_operator.api.resources import TrainingResources
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.children.job import JobShape, job
from capforge_operator.settings import Settings

_BACKOFF_LIMIT = 3
_GRACE_SECONDS = 120
"""Enough to write a checkpoint after SIGTERM."""


def training_job(run: TrainingRun, spec: RunSpec, settings: Settings) -> dict[str, Any]:
    """Return the Job that works on this run.json. A queue's label (Kueue) starts it suspended: the queue lets it go."""
    name = run.metadata.name
    queue = run.metadata.labels.get(labels.KUEUE_QUEUE)
    own_labels = {
        labels.TRAINING_RUN: name,
        labels.CAPABILITY: spec.capability,
        labels.RUN_DIGEST: spec.digest[: labels.DIGEST_LABEL_CHARS],
        **({labels.KUEUE_QUEUE: queue} if queue else {}),
    }
    return job(
        run,
        JobShape(
            name=labels.training_job(name),
            component=labels.TRAINER,
            labels=own_labels,
            annotations={labels.WHOLE_RUN_DIGEST: spec.digest},
            image=spec.image,
            arguments=("run", "--run", layout.run_spec(spec.namespace, spec.digest)),
            requests=_requests(run.spec.resources, settings),
            limits=_limits(run.spec.resources, settings),
            deadline_seconds=spec.time_budget_seconds + settings.training_allowance_seconds,
            backoff_limit=_BACKOFF_LIMIT,
            grace_seconds=_GRACE_SECONDS,
            ttl_seconds=settings.job_ttl_seconds,
            suspend=run.spec.suspend or bool(queue),
            pull_policy=settings.image_pull_policy,
            pull_secrets=settings.image_pull_secrets,
            store_ca=bool(settings.store_ca),
            # Worker processes of a data loader hand batches over through shared memory; the default is 64 MB.
            volumes=[{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": settings.trainer_shm_size}}],
            mounts=[{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108 - the pod's own
            pod_fields=_placement(run.spec.resources),
        ),
    )


def _requests(resources: TrainingResources, settings: Settings) -> dict[str, str]:
    return {"cpu": resources.cpu or settings.trainer_cpu, **_limits(resources, settings)}


def _limits(resources: TrainingResources, settings: Settings) -> dict[str, str]:
    limits = {"memory": resources.memory or settings.trainer_memory}
    return {**limits, resources.gpu_resource_name: str(resources.gpu)} if resources.gpu else limits


def _placement(resources: TrainingResources) -> dict[str, Any]:
    given = {
        "nodeSelector": dict(resources.node_selector),
        "tolerations": [one.to_document() for one in resources.tolerations],
        "priorityClassName": resources.priority_class_name,
        "runtimeClassName": resources.runtime_class_name,
    }
    return {name: value for name, value in given.items() if value}
