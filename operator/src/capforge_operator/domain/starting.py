"""Why a Job's pod does not start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from capforge_operator.ports import JobFact, PodFact

_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"})
_HARMLESS = frozenset({"", "ContainerCreating", "PodInitializing"})
UNSCHEDULABLE, IMAGE_PULL_FAILED, NOT_STARTING = "Unschedulable", "ImagePullFailed", "NotStarting"

_PODLESS = timedelta(minutes=1)
"""So long a Job may be without a pod before that is worth a word."""


@dataclass(frozen=True)
class Hindrance:
    """What keeps the newest pod from running."""

    reason: str
    message: str
    since: datetime | None
    """When the pod was made."""


def cannot_start(job: JobFact | None, pods: Sequence[PodFact], now: datetime) -> Hindrance | None:
    """Return what hinders the newest pod that is not on its way out, None if nothing does."""
    if not pods and job is not None and job.created is not None and now - job.created > _PODLESS:
        message = f"Job {job.name} gets no pod (a quota, or a policy of the namespace); `kubectl describe job` says why"
        return Hindrance(NOT_STARTING, message, job.created)
    pending = [pod for pod in pods if pod.phase == "Pending" and not pod.deleting]
    if not pending:
        return None
    pod = pending[-1]
    if pod.unschedulable:
        return Hindrance(UNSCHEDULABLE, pod.unschedulable, pod.created)
    if pod.waiting_reason in _IMAGE:
        return Hindrance(IMAGE_PULL_FAILED, pod.waiting_message or pod.waiting_reason, pod.created)
    if pod.waiting_reason not in _HARMLESS:
        return Hindrance(NOT_STARTING, f"{pod.waiting_reason}: {pod.waiting_message}", pod.created)
    return None
