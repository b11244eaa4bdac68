"""The annotations of the port Documents: immutable submissions, counted under their capability's lock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from capforge_contracts.submissions import AnnotationCount, FieldLabel, Submission
from capforge_gateway.documents.ports import Document, NotAnnotated, NotReadYet, Owner
from capforge_gateway.documents.roles import role_of
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.files import count, found, locked
from capforge_gateway.storage.rows import documents_as_of, stored_labels, submission_of
from capforge_gateway.storage.tables import capabilities, documents, roles, submissions

_PAGE = 200
"""Submissions read at once."""


class Annotations:
    """A part of PostgresDocuments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submit(
        self, owner: Owner, document: str, labels: Sequence[FieldLabel], annotator: str, *, replace: bool
    ) -> Submission:
        async with self._database.transaction("submit") as connection:
            counters = await locked(connection, owner)
            before = await found(connection, owner, document)
            before.check_turn(replace=replace)
            if before.reading_sha256 is None:
                raise NotReadYet(before.id)
            new_roles = await _give_role(connection, owner, before, counters.roles)
            await _append(connection, owner, before, counters.sequence + 1, annotator, stored_labels(labels))
            await count(connection, owner, sequence=1, annotated=0 if replace else 1, roles=new_roles)
            written = (await found(connection, owner, document)).submission
        if written is None:
            raise AssertionError(f"{document} has no annotation in the transaction that wrote one")
        return written

    async def withdraw(self, owner: Owner, document: str, annotator: str) -> None:
        async with self._database.transaction("withdraw") as connection:
            counters = await locked(connection, owner)
            before = await found(connection, owner, document)
            if before.submission is None:
                raise NotAnnotated(document)
            await _append(connection, owner, before, counters.sequence + 1, annotator, None)
            await count(connection, owner, sequence=1, annotated=-1)

    async def counts(self) -> Sequence[AnnotationCount]:
        async with self._database.transaction("counts") as connection:
            every = select(capabilities).order_by(capabilities.c.namespace, capabilities.c.capability)
            return [
                AnnotationCount(
                    namespace=row.namespace, capability=row.capability, documents=row.annotated, sequence=row.sequence
                )
                for row in await connection.execute(every)
            ]

    async def newest(self, owner: Owner) -> int | None:
        async with self._database.transaction("newest") as connection:
            mine = (capabilities.c.namespace == owner.namespace, capabilities.c.capability == owner.capability)
            sequence: int | None = await connection.scalar(select(capabilities.c.sequence).where(*mine))
            return sequence

    async def current(self, owner: Owner, as_of_sequence: int) -> AsyncIterator[Submission]:
        after = None
        while True:
            page = await self._page(owner, as_of_sequence, after)
            for submission in page:
                yield submission
            if len(page) < _PAGE:
                return
            after = (page[-1].sha256, page[-1].document)

    async def _page(self, owner: Owner, as_of_sequence: int, after: tuple[str, str] | None) -> list[Submission]:
        place = (documents.c.sha256, documents.c.id)
        page = documents_as_of(owner, as_of_sequence, annotated=True).order_by(*place).limit(_PAGE)
        if after is not None:
            page = page.where(tuple_(*place) > tuple_(*after, types=[column.type for column in place]))
        async with self._database.transaction("current") as connection:
            return [submission_of(row) for row in await connection.execute(page)]


async def _give_role(connection: AsyncConnection, owner: Owner, document: Document, given: int) -> int:
    """Give the document's content a role where it has none; return how many roles are new."""
    if document.split is not None:
        return 0
    key = {"namespace": owner.namespace, "capability": owner.capability, "sha256": document.sha256}
    await connection.execute(insert(roles).values(**key, split=role_of(owner, given), ordinal=given))
    return 1


async def _append(
    connection: AsyncConnection, owner: Owner, document: Document, sequence: int, annotator: str, labels: Any
) -> None:
    row = {
        "namespace": owner.namespace,
        "capability": owner.capability,
        "sequence": sequence,
        "id": str(uuid4()),
        "document": document.id,
        "reading_sha256": document.reading_sha256,
        "annotator": annotator,
        "labels": labels,
    }
    await connection.execute(insert(submissions).values(row))
