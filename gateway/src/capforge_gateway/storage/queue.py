"""The queued predictions of the port Documents: taken by lease, so that they survive whoever takes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select, update

from capforge_gateway.documents.ports import Owner, QueueJob, UnknownDocument
from capforge_gateway.storage.contents import as_user_of
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.rows import job_key, job_of
from capforge_gateway.storage.tables import jobs

MOST_TAKERS = 3
"""A prediction that ended so many gateways is not given to another one."""
GIVEN_UP = {
    "code": "ServerError",
    "message": f"given up: {MOST_TAKERS} gateways took this prediction and none finished it; send the document again",
}


class Queue:
    """A part of PostgresDocuments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_job(self, owner: Owner, sha256: str, request: dict[str, Any]) -> QueueJob:
        key = {"namespace": owner.namespace, "capability": owner.capability, "id": str(uuid4())}
        row = {**key, "sha256": sha256, "request": request}
        async with self._database.transaction("add-job") as connection:
            await as_user_of(connection, owner.namespace, sha256)
            return job_of((await connection.execute(insert(jobs).values(row).returning(jobs))).one())

    async def take_job(self, lease_seconds: float) -> QueueJob | None:
        taken = {
            "leased_until": func.clock_timestamp() + timedelta(seconds=lease_seconds),
            "takers": jobs.c.takers + 1,
        }
        given_up = {"finished": func.clock_timestamp(), "error": GIVEN_UP}
        async with self._database.transaction("take-job") as connection:
            await connection.execute(update(jobs).where(_expired(), jobs.c.takers >= MOST_TAKERS).values(given_up))
            key = (await connection.execute(_next())).one_or_none()
            if key is None:
                return None
            this = and_(jobs.c.namespace == key.namespace, jobs.c.id == key.id)
            return job_of((await connection.execute(update(jobs).where(this).values(taken).returning(jobs))).one())

    async def give_back(self, owner: Owner, job: str, pause_seconds: float = 0.0) -> None:
        waits = {
            "leased_until": None,
            "waits_until": func.clock_timestamp() + timedelta(seconds=pause_seconds),
            "takers": func.greatest(jobs.c.takers - 1, 0),
        }
        async with self._database.transaction("give-back") as connection:
            await connection.execute(update(jobs).where(job_key(owner, job), jobs.c.finished.is_(None)).values(waits))

    async def finish_job(
        self, owner: Owner, job: str, answer: dict[str, Any] | None, error: dict[str, Any] | None
    ) -> None:
        outcome = {"finished": func.clock_timestamp(), "answer": answer, "error": error}
        this = job_key(owner, job)
        async with self._database.transaction("finish-job") as connection:
            if await connection.scalar(select(jobs.c.id).where(this)) is None:
                raise UnknownDocument(job)
            await connection.execute(update(jobs).where(this, jobs.c.finished.is_(None)).values(outcome))

    async def job(self, owner: Owner, job: str) -> QueueJob:
        async with self._database.transaction("job") as connection:
            row = (await connection.execute(select(jobs).where(job_key(owner, job)))).one_or_none()
        if row is None:
            raise UnknownDocument(job)
        return job_of(row)


def _next() -> Select[Any]:
    """Select the key of the job to take: the oldest of the tenant of whom the fewest are taken."""
    now = func.clock_timestamp()
    busy = (
        select(jobs.c.namespace, func.count().label("taken"))
        .where(jobs.c.finished.is_(None), jobs.c.leased_until >= now)
        .group_by(jobs.c.namespace)
        .subquery()
    )
    waited = or_(jobs.c.waits_until.is_(None), jobs.c.waits_until <= now)
    return (
        select(jobs.c.namespace, jobs.c.id)
        .outerjoin(busy, busy.c.namespace == jobs.c.namespace)
        .where(jobs.c.finished.is_(None), or_(and_(jobs.c.leased_until.is_(None), waited), _expired()))
        .order_by(func.coalesce(busy.c.taken, 0), jobs.c.issued)
        .limit(1)
        .with_for_update(skip_locked=True, of=jobs)
    )


def _expired() -> ColumnElement[bool]:
    return and_(jobs.c.finished.is_(None), jobs.c.leased_until < func.clock_timestamp())
