"""The documents of the port Documents: kept, found, listed, deleted."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from capforge_gateway.documents.ports import Document, DocumentPage, NewDocument, Owner, UnknownDocument
from capforge_gateway.storage.contents import as_user_of
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.rows import document_of, documents_as_of, identifier
from capforge_gateway.storage.tables import capabilities, documents
from capforge_gateway.storage.tables import feedback as feedback_rows

NEWEST = 2**63 - 1
"""As of now: no sequence is higher."""


class Files:
    """A part of PostgresDocuments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, owner: Owner, new: NewDocument) -> Document:
        async with self._database.transaction("keep") as connection:
            await as_user_of(connection, owner.namespace, new.sha256)
            key = {"namespace": owner.namespace, "capability": owner.capability}
            await connection.execute(upsert(capabilities).values(key).on_conflict_do_nothing())
            document = new.id or str(uuid4())
            given = asdict(replace(new, id=document))
            await connection.execute(upsert(documents).values(**key, **given).on_conflict_do_nothing())
            return await found(connection, owner, document)

    async def read(self, owner: Owner, document: str, reading_sha256: str, n_pages: int) -> None:
        async with self._database.transaction("read") as connection:
            if (await found(connection, owner, document)).reading_sha256 is not None:
                return
            await connection.execute(
                update(documents)
                .where(*live(owner, document), documents.c.reading_sha256.is_(None))
                .values(reading_sha256=reading_sha256, n_pages=n_pages)
            )

    async def get(self, owner: Owner, document: str) -> Document:
        async with self._database.transaction("get") as connection:
            return await found(connection, owner, document)

    async def list(self, owner: Owner, page: int, page_size: int) -> DocumentPage:
        async with self._database.transaction("list") as connection:
            total = await connection.scalar(
                select(func.count())
                .select_from(documents)
                .where(
                    documents.c.namespace == owner.namespace,
                    documents.c.capability == owner.capability,
                    documents.c.deleted.is_(None),
                )
            )
            newest_first = documents_as_of(owner, NEWEST).order_by(documents.c.created.desc(), documents.c.id.desc())
            rows = await connection.execute(newest_first.offset((page - 1) * page_size).limit(page_size))
            return DocumentPage([document_of(row) for row in rows], page, -(-(total or 0) // page_size), total or 0)

    async def delete(self, owner: Owner, document: str) -> None:
        async with self._database.transaction("delete") as connection:
            await locked(connection, owner)
            gone = await found(connection, owner, document)
            await connection.execute(
                update(documents).where(*live(owner, document)).values(deleted=func.clock_timestamp())
            )
            if gone.submission is not None:
                await count(connection, owner, annotated=-1)

    async def feedback(self, namespace: str, document: str, feedback: dict[str, Any], sender: str) -> None:
        async with self._database.transaction("feedback") as connection:
            named = (documents.c.namespace == namespace, documents.c.id == identifier(document))
            if await connection.scalar(select(documents.c.id).where(*named, documents.c.deleted.is_(None))) is None:
                raise UnknownDocument(document)
            row = {"id": str(uuid4()), "document": identifier(document), "feedback": feedback, "sender": sender}
            await connection.execute(insert(feedback_rows).values(namespace=namespace, **row))


def live(owner: Owner, document: str) -> tuple[Any, ...]:
    """Return the conditions that find one document of an owner that is not deleted; raises UnknownDocument."""
    return (
        documents.c.namespace == owner.namespace,
        documents.c.id == identifier(document),
        documents.c.capability == owner.capability,
        documents.c.deleted.is_(None),
    )


async def locked(connection: AsyncConnection, owner: Owner) -> Row[Any]:
    """Take the lock on what is annotated of a capability; raises UnknownDocument where it never had a document.

    Documents may be kept meanwhile: their foreign key asks for less than this lock denies.
    """
    mine = select(capabilities).where(*_mine(owner)).with_for_update(key_share=True)
    row = (await connection.execute(mine)).one_or_none()
    if row is None:
        raise UnknownDocument(owner.capability)
    return row


async def count(connection: AsyncConnection, owner: Owner, **changes: int) -> None:
    """Add to the counters of a capability whose lock is held."""
    added = {name: capabilities.c[name] + change for name, change in changes.items() if change}
    if added:
        await connection.execute(update(capabilities).where(*_mine(owner)).values(added))


async def found(connection: AsyncConnection, owner: Owner, document: str) -> Document:
    """Return a document as it is now; raises UnknownDocument."""
    named = documents_as_of(owner, NEWEST).where(documents.c.id == identifier(document))
    row = (await connection.execute(named)).one_or_none()
    if row is None:
        raise UnknownDocument(document)
    return document_of(row)


def _mine(owner: Owner) -> tuple[Any, ...]:
    return (capabilities.c.namespace == owner.namespace, capabilities.c.capability == owner.capability)
