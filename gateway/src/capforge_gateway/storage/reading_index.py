"""Which blob is the reading of a content by an engine: the table `readings`."""

from __future__ import annotations

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from capforge_gateway.storage.database import Database
from capforge_gateway.storage.tables import readings


class ReadingIndex:
    """Every method is one transaction; raises StorageAway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, namespace: str, sha256: str, engine_version: str) -> str | None:
        """Return the digest of the reading, None where there is none yet."""
        this = and_(
            readings.c.namespace == namespace,
            readings.c.sha256 == sha256,
            readings.c.engine_version == engine_version,
        )
        async with self._database.transaction("find-reading") as connection:
            found: str | None = await connection.scalar(select(readings.c.reading_sha256).where(this))
            return found

    async def note(self, namespace: str, sha256: str, engine_version: str, reading_sha256: str) -> None:
        """Note a reading; the newest stays, since it is the one that is in the blobs for sure."""
        row = {"namespace": namespace, "sha256": sha256, "engine_version": engine_version}
        newest = {"reading_sha256": reading_sha256}
        async with self._database.transaction("note-reading") as connection:
            keys = [readings.c.namespace, readings.c.sha256, readings.c.engine_version]
            await connection.execute(
                upsert(readings).values(**row, **newest).on_conflict_do_update(index_elements=keys, set_=newest)
            )
