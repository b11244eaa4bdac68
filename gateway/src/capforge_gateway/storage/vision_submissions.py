"""The submissions of the port VisionStore: immutable rows, numbered under their namespace's lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from capforge_contracts.model import canonical_json
from capforge_contracts.vision import CLASS, AnnotationStatus, VisionCount
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.vision_files import found
from capforge_gateway.storage.vision_pages import light, weighed
from capforge_gateway.storage.vision_tables import vision_namespaces as namespaces
from capforge_gateway.storage.vision_tables import vision_submissions as submissions
from capforge_gateway.vision.ports import NewSubmission, SubmissionDiffers, SubmissionRow

_COLUMNS = tuple(one.name for one in fields(SubmissionRow))


class VisionSubmissions:
    """A part of PostgresVision."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submit(self, namespace: str, file: str, new: NewSubmission) -> tuple[SubmissionRow, bool]:
        async with self._database.transaction("vision-submit") as connection:
            about = await found(connection, namespace, file)
            sequence = await _locked(connection, namespace) + 1
            before = await _sent_before(connection, namespace, new.id)
            if before is not None:
                if _says(before) != _said(about.id, new):
                    raise SubmissionDiffers(new.id)
                return before, False
            await found(connection, namespace, about.id)  # not deleted while we waited for the lock
            row = {"namespace": namespace, "sequence": sequence, "file": about.id, **_values(new)}
            written = (await connection.execute(insert(submissions).values(row).returning(*submissions.c))).one()
            mine = namespaces.c.namespace == namespace
            await connection.execute(update(namespaces).where(mine).values(sequence=sequence))
            return submission_of(written), True

    async def history(self, namespace: str, file: str, before: int, limit: int) -> Sequence[SubmissionRow]:
        async with self._database.transaction("vision-history") as connection:
            about = await found(connection, namespace, file)
            mine = (submissions.c.namespace == namespace, submissions.c.file == about.id)
            place = [submissions.c.sequence.desc()]
            older = select(submissions, *weighed(place)).where(*mine, submissions.c.sequence < before)
            page = light(older.order_by(*place).limit(limit))
            return [submission_of(row) for row in await connection.execute(page)]

    async def official(self, namespace: str, file: str) -> SubmissionRow | None:
        async with self._database.transaction("vision-official") as connection:
            about = await found(connection, namespace, file)
            mine = (submissions.c.namespace == namespace, submissions.c.file == about.id)
            last = select(submissions).where(*mine).order_by(submissions.c.status.desc(), submissions.c.sequence.desc())
            row = (await connection.execute(last.limit(1))).one_or_none()
            return None if row is None else submission_of(row)

    async def newest(self, namespace: str) -> int | None:
        async with self._database.transaction("vision-newest") as connection:
            mine = namespaces.c.namespace == namespace
            sequence: int | None = await connection.scalar(select(namespaces.c.sequence).where(mine))
            return sequence

    async def counts(self) -> Sequence[VisionCount]:
        async with self._database.transaction("vision-counts") as connection:
            every = await connection.execute(select(namespaces).order_by(namespaces.c.namespace))
            return [VisionCount(namespace=row.namespace, sequence=row.sequence) for row in every]


async def _locked(connection: AsyncConnection, namespace: str) -> int:
    """Take the lock on what is said in a namespace that has a file; return the newest sequence."""
    mine = select(namespaces.c.sequence).where(namespaces.c.namespace == namespace).with_for_update(key_share=True)
    sequence: int = (await connection.execute(mine)).scalar_one()
    return sequence


async def _sent_before(connection: AsyncConnection, namespace: str, submission: str | None) -> SubmissionRow | None:
    if submission is None:
        return None
    named = (submissions.c.namespace == namespace, submissions.c.id == submission)
    row = (await connection.execute(select(submissions).where(*named))).one_or_none()
    return None if row is None else submission_of(row)


def _says(row: SubmissionRow) -> bytes:
    return canonical_json([row.file, row.capability, row.status, row.annotator, list(row.entities)])


def _said(file: str, new: NewSubmission) -> bytes:
    return canonical_json([file, new.capability, new.status, new.annotator, list(new.entities)])


def _values(new: NewSubmission) -> dict[str, Any]:
    return {
        "id": new.id or str(uuid4()),
        "capability": new.capability,
        "status": new.status.value,
        "annotator": new.annotator,
        "entities": list(new.entities),
        **searchable(new.entities),
    }


def searchable(entities: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the columns that searches look at. The values of `class` are there even where there are none."""
    values: dict[str, set[str]] = {CLASS: set()}
    counts: dict[str, int] = {}
    runs: set[str] = set()
    for one in [observed for entity in entities for observed in entity.get("observations", ())]:
        attribute, value = one["attribute"], one["value"]
        values.setdefault(attribute, set()).add(value)
        if attribute == CLASS:
            counts[value] = counts.get(value, 0) + 1
        runs.add((one.get("provenance") or {}).get("trainingRun", ""))
    observed = {attribute: sorted(found) for attribute, found in values.items()}
    return {"observed": observed, "counts": counts, "runs": sorted(runs - {""})}


def submission_of(row: Row[Any], prefix: str = "") -> SubmissionRow:
    """Return the submission of a row that has the columns of its table, their names behind a prefix."""
    values = {name: getattr(row, prefix + name) for name in _COLUMNS}
    return SubmissionRow(**{**values, "status": AnnotationStatus(values["status"])})
