"""Twin of the queue of the gateway's Documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from capforge_gateway.documents.ports import JobStatus, Owner, QueueJob, StorageAway, UnknownDocument

_MOST_TAKERS = 3


@dataclass
class _Job:
    job: QueueJob
    leased_until: datetime | None = None
    takers: int = 0
    waits_until: datetime | None = None

    def is_taken(self, now: datetime) -> bool:
        return self.job.available is None and self.leased_until is not None and self.leased_until >= now


def _ticking() -> Callable[[], datetime]:
    ticks = count()
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=next(ticks))


@dataclass
class MemoryQueue:
    """Jobs by id; their time stands still between two calls unless `now` says otherwise."""

    now: Callable[[], datetime] = field(default_factory=_ticking)
    away: bool = False
    jobs: dict[str, _Job] = field(default_factory=dict)

    async def add_job(self, owner: Owner, sha256: str, request: dict[str, Any]) -> QueueJob:  # noqa: ARG002 - nothing is purged here
        self._reach()
        job = QueueJob(str(uuid4()), owner, JobStatus.WAITING, self.now(), None, request)
        self.jobs[job.id] = _Job(job)
        return job

    async def take_job(self, lease_seconds: float) -> QueueJob | None:
        self._reach()
        now = self.now()
        taken = Counter(one.job.owner.namespace for one in self.jobs.values() if one.is_taken(now))
        for one in sorted(self.jobs.values(), key=lambda one: (taken[one.job.owner.namespace], one.job.issued)):
            if one.job.available is not None or one.is_taken(now):
                continue
            if one.leased_until is None and one.waits_until is not None and one.waits_until > now:
                continue
            if one.leased_until is not None and one.takers >= _MOST_TAKERS:
                error = {"code": "ServerError", "message": "given up"}
                one.job = replace(one.job, status=JobStatus.FAILED, available=now, error=error)
                continue
            one.leased_until, one.takers = now + timedelta(seconds=lease_seconds), one.takers + 1
            one.job = replace(one.job, status=JobStatus.PROCESSING)
            return one.job
        return None

    async def give_back(self, owner: Owner, job: str, pause_seconds: float = 0.0) -> None:
        self._reach()
        one = self.jobs.get(identifier(job))
        if one is not None and one.job.owner == owner and one.job.available is None:
            one.leased_until, one.takers = None, max(0, one.takers - 1)
            one.waits_until = self.now() + timedelta(seconds=pause_seconds)
            one.job = replace(one.job, status=JobStatus.WAITING)

    async def finish_job(
        self, owner: Owner, job: str, answer: dict[str, Any] | None, error: dict[str, Any] | None
    ) -> None:
        self._reach()
        await self.job(owner, job)
        one = self.jobs[identifier(job)]
        if one.job.available is None:
            status = JobStatus.COMPLETED if error is None else JobStatus.FAILED
            one.job = replace(one.job, status=status, available=self.now(), answer=answer, error=error)

    async def job(self, owner: Owner, job: str) -> QueueJob:
        self._reach()
        one = self.jobs.get(identifier(job))
        if one is None or one.job.owner != owner:
            raise UnknownDocument(job)
        return one.job

    def _reach(self) -> None:
        if self.away:
            raise StorageAway("the database does not answer")


def identifier(text: str) -> str:
    """Return a UUID in its one form; raises UnknownDocument."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise UnknownDocument(text) from error
