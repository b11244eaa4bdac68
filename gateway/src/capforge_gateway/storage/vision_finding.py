"""The searches of the port VisionStore: pages for people, figures, the stream for snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Select, and_, func, select, tuple_

from capforge_contracts.dataset_resource import about_submissions
from capforge_contracts.model import canonical_json
from capforge_contracts.vision import Search, Selection, VisionQuestion
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.rows import spelled
from capforge_gateway.storage.vision_figures import figures_of
from capforge_gateway.storage.vision_files import file_of
from capforge_gateway.storage.vision_pages import is_cut, light, weighed
from capforge_gateway.storage.vision_search import found_by
from capforge_gateway.storage.vision_submissions import submission_of
from capforge_gateway.storage.vision_tables import vision_files as files
from capforge_gateway.storage.vision_tables import vision_submissions as submissions
from capforge_gateway.vision.ports import NEWEST, ClassFigure, Figures, Found, Place, SubmissionRow

SAID = "said_"
_PAGE = 200
"""Lines of the stream read at once."""


class VisionFinding:
    """A part of PostgresVision."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(
        self, namespace: str, searches: Sequence[Search], selection: Selection, after: Place | None, limit: int
    ) -> Sequence[Found]:
        branches = [newest_first(found_by(namespace, one, selection, NEWEST), after, limit) for one in searches]
        page = whole(namespace, branches, limit, ("created", "file", "number"), descending=True)
        async with self._database.transaction("vision-search") as connection:
            rows = (await connection.execute(page)).all()
            found = [Found(file_of(row), _submission_in(row)) for row in rows]
            return [*found[:-1], replace(found[-1], is_cut=True)] if is_cut(rows) else found

    async def figures(self, namespace: str, searches: Sequence[Search], selection: Selection) -> Figures:
        totals, classes = figures_of(namespace, searches, selection)
        async with self._database.transaction("vision-figures") as connection:
            total = (await connection.execute(totals)).one()
            rows = await connection.execute(classes)
            found = [ClassFigure(row.name, int(row.objects), row.files) for row in rows]
        return Figures(total.files, total.submissions, found)

    async def selected(self, namespace: str, question: VisionQuestion) -> AsyncIterator[bytes]:
        after: tuple[str, int] | None = None
        searches = [about_submissions(search) for search in question.searches]
        while True:
            page = await self._page(namespace, [one for one in searches if one is not None], question, after)
            for row in page:
                yield _line(row)
            if len(page) < _PAGE and not is_cut(page):
                return
            after = (page[-1].sha256, page[-1].said_sequence)
            await asyncio.sleep(0)

    async def _page(
        self, namespace: str, searches: Sequence[Search], question: VisionQuestion, after: tuple[str, int] | None
    ) -> Sequence[Row[Any]]:
        if not searches:
            return []
        found = [found_by(namespace, one, question.selection, question.as_of_sequence) for one in searches]
        branches = [by_content(one, after, _PAGE) for one in found]
        page = whole(namespace, branches, _PAGE, ("sha256", "number"), descending=False)
        async with self._database.transaction("vision-selected") as connection:
            return list(await connection.execute(page))


_NUMBER = func.coalesce(submissions.c.sequence, 0)


def newest_first(keys: Select[Any], after: Place | None, limit: int) -> Select[Any]:
    """Select the first keys behind a place, for people."""
    place = (files.c.created, files.c.id, _NUMBER)
    if after is not None:
        # Said again without the sequence: this form an index can begin at.
        keys = keys.where(tuple_(*place[:2]) <= _values(place[:2], (after.created, after.id)))
        keys = keys.where(tuple_(*place) < _values(place, (after.created, after.id, after.sequence)))
    ordered = keys.add_columns(_NUMBER.label("number")).order_by(*(column.desc() for column in place))
    return ordered.limit(limit)


def by_content(keys: Select[Any], after: tuple[str, int] | None, limit: int) -> Select[Any]:
    """Select the first keys behind a content and sequence, for the stream."""
    place = (files.c.sha256, submissions.c.sequence)
    if after is not None:
        keys = keys.where(files.c.sha256 >= after[0]).where(tuple_(*place) > _values(place, after))
    return keys.add_columns(submissions.c.sequence.label("number")).order_by(*place).limit(limit)


def _values(columns: Sequence[Any], values: Sequence[Any]) -> Any:
    return tuple_(*values, types=[column.type for column in columns])


def whole(
    namespace: str, branches: Sequence[Select[Any]], limit: int, order: Sequence[str], *, descending: bool
) -> Select[Any]:
    """Select files and submissions of the first that the branches found, each of which brings no more than are wanted.

    The columns of the submission begin with SAID; they are null where nothing was said.
    """
    first, *others = [select(branch.subquery()) for branch in branches]
    every = (first.union(*others) if others else first).subquery("every")
    keys = select(every).order_by(*_directed(every, order, descending=descending)).limit(limit).subquery("found")
    said = and_(submissions.c.namespace == namespace, submissions.c.sequence == keys.c.sequence)
    file = and_(files.c.namespace == namespace, files.c.id == keys.c.file)
    columns = [column.label(SAID + column.name) for column in submissions.c]
    place = _directed(keys, order, descending=descending)
    whole = select(files, *columns, *weighed(place))
    return light(whole.select_from(keys.join(files, file).outerjoin(submissions, said)))


def _directed(table: Any, order: Sequence[str], *, descending: bool) -> list[Any]:
    return [table.c[name].desc() if descending else table.c[name] for name in order]


def _submission_in(row: Row[Any]) -> SubmissionRow | None:
    return None if getattr(row, f"{SAID}sequence") is None else submission_of(row, SAID)


def _line(row: Row[Any]) -> bytes:
    """Return a VisionSubmission in its canonical bytes, without building and taking apart its entities."""
    said = submission_of(row, SAID)
    line = {
        "sha256": row.sha256,
        "file": row.id,
        "name": row.name,
        "contentType": row.content_type,
        "width": row.width,
        "height": row.height,
        "source": row.source,
        "metadata": row.metadata,
        "uploaded": spelled(row.created),
        "submission": said.id,
        "sequence": said.sequence,
        "annotator": said.annotator,
        "time": spelled(said.time),
        "status": said.status.value,
        "entities": said.entities,
    }
    return canonical_json(line if said.capability is None else {**line, "capability": said.capability})
