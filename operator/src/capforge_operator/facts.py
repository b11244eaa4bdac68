"""What the ports hand over: things outside, reduced to what decisions need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class ResourceType:
    """Where a resource lives in the API."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`group/version`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Identity:
    """Which object, in which version."""

    namespace: str
    name: str
    uid: str
    version: str
    generation: int = 0
    """Of its spec."""


class JobOutcome(StrEnum):
    """Where a Job stands."""

    ACTIVE = "Active"
    SUSPENDED = "Suspended"
    COMPLETE = "Complete"
    FAILED = "Failed"


@dataclass(frozen=True)
class JobFact:
    """A Job of ours as it is now."""

    namespace: str
    name: str
    uid: str
    owner_uid: str
    outcome: JobOutcome
    suspended: bool
    deleting: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None
    finished: datetime | None = None
    reason: str = ""
    """Of the Failed condition: BackoffLimitExceeded, DeadlineExceeded, PodFailurePolicy."""
    message: str = ""
    failed_pods: int = 0


@dataclass(frozen=True)
class PodFact:
    """A pod as it is now, reduced to what decisions need."""

    namespace: str
    name: str
    uid: str
    phase: str
    """Pending, Running, Succeeded, Failed, Unknown."""
    ip: str = ""
    ready: bool = False
    deleting: bool = False
    created: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    """Of the pod: Evicted, NodeLost, DeadlineExceeded …"""
    message: str = ""
    unschedulable: str = ""
    """The scheduler's message while no node fits."""
    waiting_reason: str = ""
    """Of a container that cannot start: ImagePullBackOff, CreateContainerConfigError …"""
    waiting_message: str = ""
    exit_code: int | None = None
    """Of the first container, once it ended."""
    exit_reason: str = ""
    """OOMKilled, Error, Completed …"""
    exit_message: str = ""
    """The termination message."""
    disrupted: str = ""
    """Reason of the DisruptionTarget condition: preempted, drained, node lost …"""
    image_ids: tuple[str, ...] = ()
