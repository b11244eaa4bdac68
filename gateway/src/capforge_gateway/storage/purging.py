"""What a purge decides and changes in the tables, one content at a time.

- A content goes when nobody has it any more: no document or image that is not deleted (or not for long enough), no
  queued prediction. Whoever is about to keep the same content waits, and then writes its bytes anew
  (documents.keeping).
- Labels, names and feedback of a deleted document go with it, whether or not its bytes stay for another document.
- Marks first, bytes second, rows last: killed anywhere, the next purge does the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from capforge_contracts import layout
from capforge_contracts.store import ObjectStore
from capforge_gateway.storage.contents import as_remover_of
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.dataset_uses import DatasetUses, mark
from capforge_gateway.storage.tables import documents, feedback, jobs, readings, submissions
from capforge_gateway.storage.vision_submissions import searchable
from capforge_gateway.storage.vision_tables import vision_files, vision_submissions

_NO_LABELS: list[dict[str, Any]] = []
_NOTHING_SAID: dict[str, Any] = {"entities": [], **searchable([])}


@dataclass(frozen=True)
class Content:
    """Bytes of a tenant that somebody deleted, or that a finished prediction had."""

    namespace: str
    sha256: str


class Purge:
    """Raises StorageAway, StoreError."""

    def __init__(self, database: Database, store: ObjectStore, after_days: float) -> None:
        self._database = database
        self._store = store
        self._due = func.now() - timedelta(days=after_days)
        self._due_document = and_(documents.c.deleted < self._due, documents.c.purged.is_(None))
        self._due_image = and_(vision_files.c.deleted < self._due, vision_files.c.purged.is_(None))
        self._due_job = jobs.c.finished < self._due

    async def due(self) -> Sequence[Content]:
        """Return what there is to do, by namespace."""
        deleted = select(documents.c.namespace, documents.c.sha256).where(self._due_document)
        finished = select(jobs.c.namespace, jobs.c.sha256).where(self._due_job)
        images = select(vision_files.c.namespace, vision_files.c.sha256).where(self._due_image)
        async with self._database.transaction("purge-due") as connection:
            rows = await connection.execute(union(deleted, finished, images).order_by("namespace", "sha256"))
            return [Content(row.namespace, row.sha256) for row in rows]

    async def purge(self, content: Content, uses: DatasetUses) -> int:
        """Purge one content; return how many blobs were removed."""
        async with self._database.transaction("purge") as connection:
            await as_remover_of(connection, content.namespace, content.sha256)
            removed = 0
            if not await self._is_used(connection, content):
                blobs = await self._blobs(connection, content)
                if content.sha256 in uses.imported:
                    blobs.discard(content.sha256)
                removed = await asyncio.to_thread(self._remove, content, blobs, uses)
                await connection.execute(delete(readings).where(*_of(readings, content)))
            await self._forget(connection, content)
            return removed

    async def _is_used(self, connection: AsyncConnection, content: Content) -> bool:
        kept = or_(documents.c.deleted.is_(None), documents.c.deleted >= self._due)
        open_or_young = or_(jobs.c.finished.is_(None), jobs.c.finished >= self._due)
        by_document = select(documents.c.id).where(*_of(documents, content), kept).exists()
        by_job = select(jobs.c.id).where(*_of(jobs, content), open_or_young).exists()
        image_kept = or_(vision_files.c.deleted.is_(None), vision_files.c.deleted >= self._due)
        by_image = select(vision_files.c.id).where(*_of(vision_files, content), image_kept).exists()
        return bool(await connection.scalar(select(or_(by_document, by_job, by_image))))

    async def _blobs(self, connection: AsyncConnection, content: Content) -> set[str]:
        """Return the content and every reading of it."""
        of_documents = select(documents.c.reading_sha256).where(*_of(documents, content))
        of_engines = select(readings.c.reading_sha256).where(*_of(readings, content))
        found = await connection.scalars(union(of_documents, of_engines))
        return {content.sha256, *(digest for digest in found if digest)}

    def _remove(self, content: Content, blobs: set[str], uses: DatasetUses) -> int:
        mark(self._store, content.namespace, content.sha256, uses.annotated.get(content.sha256, ()))
        for blob in blobs:
            self._store.delete(layout.blob(content.namespace, blob))
        return len(blobs)

    async def _forget(self, connection: AsyncConnection, content: Content) -> None:
        """Empty what was said about documents that are due; the rows stay, so that sequences have no gaps."""
        theirs = select(documents.c.id).where(*_of(documents, content), self._due_document)
        said = and_(submissions.c.namespace == content.namespace, submissions.c.document.in_(theirs))
        fed_back = and_(feedback.c.namespace == content.namespace, feedback.c.document.in_(theirs))
        with_labels = and_(said, submissions.c.labels.is_not(None))
        await connection.execute(update(submissions).where(with_labels).values(labels=_NO_LABELS))
        await connection.execute(delete(feedback).where(fed_back))
        gone = {"purged": func.clock_timestamp(), "name": ""}
        await connection.execute(update(documents).where(*_of(documents, content), self._due_document).values(gone))
        await connection.execute(delete(jobs).where(*_of(jobs, content), self._due_job))
        await self._forget_images(connection, content)

    async def _forget_images(self, connection: AsyncConnection, content: Content) -> None:
        due = (*_of(vision_files, content), self._due_image)
        theirs = vision_submissions.c.file.in_(select(vision_files.c.id).where(*due))
        mine = vision_submissions.c.namespace == content.namespace
        await connection.execute(update(vision_submissions).where(mine, theirs).values(_NOTHING_SAID))
        gone = {"purged": func.clock_timestamp(), "name": "", "source": "", "metadata": {}}
        await connection.execute(update(vision_files).where(*due).values(gone))


def _of(table: Any, content: Content) -> tuple[ColumnElement[bool], ...]:
    return (table.c.namespace == content.namespace, table.c.sha256 == content.sha256)
