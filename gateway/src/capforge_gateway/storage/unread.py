"""The part of the port Documents that finds what nobody has read yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Uuid, all_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from capforge_gateway.documents.ports import Owner, UnreadDocument
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.tables import documents

_IDS = ARRAY(Uuid(as_uuid=False))


class Unread:
    """A part of PostgresDocuments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unread(self, limit: int, without: Collection[str] = ()) -> Sequence[UnreadDocument]:
        oldest = (
            select(documents.c.namespace, documents.c.capability, documents.c.id)
            .where(documents.c.reading_sha256.is_(None), documents.c.deleted.is_(None))
            .where(documents.c.id != all_(literal(list(without), _IDS)))
            .order_by(documents.c.created)
            .limit(limit)
        )
        async with self._database.transaction("unread") as connection:
            rows = (await connection.execute(oldest)).all()
        return [UnreadDocument(Owner(row.namespace, row.capability), row.id) for row in rows]
