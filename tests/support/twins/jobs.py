"""Twins of the ports Jobs and Pods, with what a kubelet and a Job controller would do as verbs of a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from capforge_operator.ports import AlreadyThere, Clock, Conflict, JobFact, JobOutcome, Json, PodFact


@dataclass
class MemoryJobs:
    """Jobs by namespace and name."""

    clock: Clock
    jobs: dict[tuple[str, str], JobFact] = field(default_factory=dict)
    manifests: dict[tuple[str, str], Json] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    _uids: Iterator[int] = field(default_factory=lambda: count(1))

    async def get(self, namespace: str, name: str) -> JobFact | None:
        return self.jobs.get((namespace, name))

    async def create(self, manifest: Json) -> JobFact:
        metadata, spec = manifest["metadata"], manifest["spec"]
        key = (metadata["namespace"], metadata["name"])
        owner = next(one["uid"] for one in metadata["ownerReferences"] if one["controller"])
        if key in self.jobs:
            if self.jobs[key].owner_uid != owner:
                raise AlreadyThere(metadata["name"])
            return self.jobs[key]
        suspended = spec["suspend"]
        self.jobs[key] = JobFact(
            *key,
            uid=f"job-{next(self._uids)}",
            owner_uid=owner,
            outcome=JobOutcome.SUSPENDED if suspended else JobOutcome.ACTIVE,
            suspended=suspended,
            labels=metadata["labels"],
            annotations=metadata["annotations"],
            created=self.clock.now(),
        )
        self.manifests[key] = manifest
        self.created.append(metadata["name"])
        return self.jobs[key]

    async def set_suspended(self, job: JobFact, suspended: bool) -> None:
        live = self._live(job)
        if live is None:
            raise Conflict(job.name)
        outcome = JobOutcome.SUSPENDED if suspended else JobOutcome.ACTIVE
        self.jobs[job.namespace, job.name] = replace(live, suspended=suspended, outcome=outcome)

    async def delete(self, job: JobFact) -> None:
        if self._live(job) is not None:
            del self.jobs[job.namespace, job.name]
            self.deleted.append(job.name)

    def end(self, namespace: str, name: str, outcome: JobOutcome, reason: str = "") -> None:
        """Do what the Job controller does when a Job ends."""
        key = (namespace, name)
        self.jobs[key] = replace(self.jobs[key], outcome=outcome, reason=reason, finished=self.clock.now())

    def vanish(self, namespace: str, name: str) -> None:
        """Do what a person or the TTL does."""
        self.jobs.pop((namespace, name), None)

    def _live(self, job: JobFact) -> JobFact | None:
        live = self.jobs.get((job.namespace, job.name))
        return live if live and live.uid == job.uid else None


@dataclass
class MemoryPods:
    """Pods in the order in which they were made."""

    pods: list[PodFact] = field(default_factory=list)

    async def list(self, namespace: str, labels: Mapping[str, str]) -> list[PodFact]:
        return [
            pod
            for pod in self.pods
            if pod.namespace == namespace and all(pod.labels.get(name) == value for name, value in labels.items())
        ]

    def set(self, pod: PodFact) -> None:
        """Add a pod or replace the one of its name."""
        self.pods = [one for one in self.pods if one.name != pod.name] + [pod]


def job_pod(job: str, namespace: str, created: datetime | None = None, **facts: object) -> PodFact:
    """A pod of a Job; running unless said otherwise."""
    pod = PodFact(
        namespace,
        f"{job}-abcde",
        f"uid-{job}",
        "Running",
        labels={"batch.kubernetes.io/job-name": job},
        created=created,
    )
    return replace(pod, **facts)  # type: ignore[arg-type]
