"""The files of the port VisionStore: kept, found, listed, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, Select, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from capforge_gateway.storage.contents import as_user_of
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.vision_tables import vision_files as files
from capforge_gateway.storage.vision_tables import vision_namespaces as namespaces
from capforge_gateway.vision.ports import FileDiffers, NewFile, Place, UnknownFile, VisionFile

_DIGEST_CHARS = 64


class VisionFiles:
    """A part of PostgresVision."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, namespace: str, new: NewFile) -> tuple[VisionFile, bool]:
        async with self._database.transaction("vision-keep") as connection:
            await as_user_of(connection, namespace, new.sha256)
            await connection.execute(upsert(namespaces).values(namespace=namespace).on_conflict_do_nothing())
            added = upsert(files).values(namespace=namespace, id=str(uuid4()), **asdict(new)).on_conflict_do_nothing()
            is_new = (await connection.execute(added.returning(files.c.id))).one_or_none() is not None
            kept = await found(connection, namespace, new.sha256)
        if not is_new and _differs(new, kept):
            raise FileDiffers(kept.id)
        return kept, is_new

    async def get(self, namespace: str, file: str) -> VisionFile:
        async with self._database.transaction("vision-get") as connection:
            return await found(connection, namespace, file)

    async def files(self, namespace: str, after: Place | None, limit: int) -> Sequence[VisionFile]:
        place = (files.c.created, files.c.id)
        page = live(namespace).order_by(*(column.desc() for column in place)).limit(limit)
        if after is not None:
            end = tuple_(after.created, after.id, types=[column.type for column in place])
            page = page.where(tuple_(*place) < end)
        async with self._database.transaction("vision-files") as connection:
            return [file_of(row) for row in await connection.execute(page)]

    async def delete(self, namespace: str, file: str) -> None:
        async with self._database.transaction("vision-delete") as connection:
            gone = await found(connection, namespace, file)
            tombstone = {"deleted": func.clock_timestamp()}
            mine = (files.c.namespace == namespace, files.c.id == gone.id, files.c.deleted.is_(None))
            await connection.execute(update(files).where(*mine).values(tombstone))


def live(namespace: str) -> Select[Any]:
    """Select a namespace's files that are not deleted."""
    return select(files).where(files.c.namespace == namespace, files.c.deleted.is_(None))


async def found(connection: AsyncConnection, namespace: str, file: str) -> VisionFile:
    """Return a file that is not deleted by its id or sha256; raises UnknownFile."""
    column = files.c.sha256 if len(file) == _DIGEST_CHARS else files.c.id
    row = (await connection.execute(live(namespace).where(column == file))).one_or_none()
    if row is None:
        raise UnknownFile(file)
    return file_of(row)


def file_of(row: Row[Any]) -> VisionFile:
    """Return the file of a row that has its columns."""
    return VisionFile(
        row.id,
        row.name,
        row.content_type,
        row.sha256,
        row.size_bytes,
        row.width,
        row.height,
        row.uploader,
        row.source,
        row.metadata,
        row.created,
    )


def _differs(new: NewFile, kept: VisionFile) -> bool:
    """Tell whether what is said now is not what was said first; nothing said is no difference, another name neither."""
    return bool(new.source and new.source != kept.source) or bool(
        new.metadata and dict(new.metadata) != dict(kept.metadata)
    )
