"""Why a Job's pod does not start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from capforge_operator.ports import PodFact

_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"})
_HARMLESS = frozenset({"", "ContainerCreating", "PodInitializing"})
UNSCHEDULABLE, IMAGE_PULL_FAILED, NOT_STARTING = "Unschedulable", "ImagePullFailed", "NotStarting"


@dataclass(frozen=True)
class Hindrance:
    """What keeps the newest pod from running."""

    reason: str
    message: str
    since: datetime | None
    """When the pod was made."""


def cannot_start(pods: Sequence[PodFact]) -> Hindrance | None:
    """Return what hinders the newest pod that is not on its way out, None if nothing does (or no pod is there yet)."""
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
