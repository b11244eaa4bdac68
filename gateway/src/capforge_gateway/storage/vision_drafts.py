"""The drafts of the port VisionStore: searches that people saved under a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Text, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from capforge_contracts.vision import MAX_SEARCHES, Search, Selection
from capforge_gateway.storage.database import Database
from capforge_gateway.storage.vision_tables import vision_drafts as drafts
from capforge_gateway.vision.ports import Draft, DraftExists, TooManyDrafts, TooManySearches, UnknownDraft

MAX_DRAFT_BYTES = 16 * 1024 * 1024
"""Of all drafts of a namespace, which are listed at once."""
_BYTES_A_DRAFT = 1024
"""Beside what people wrote into it."""


class VisionDrafts:
    """A part of PostgresVision."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def drafts(self, namespace: str) -> Sequence[Draft]:
        every = select(drafts).where(drafts.c.namespace == namespace).order_by(drafts.c.name)
        async with self._database.transaction("draft-list") as connection:
            return [_draft_of(row) for row in await connection.execute(every)]

    async def draft(self, namespace: str, name: str) -> Draft:
        async with self._database.transaction("draft-get") as connection:
            return await _found(connection, namespace, name)

    async def put_draft(self, namespace: str, draft: Draft, *, replace: bool) -> Draft:
        key = {"namespace": namespace, "name": draft.name}
        values = {"description": draft.description, "selection": draft.selection.value, **_stored(draft.searches)}
        async with self._database.transaction("draft-put") as connection:
            if replace:
                await _found(connection, namespace, draft.name, lock=True)
                await _change(connection, namespace, draft.name, values)
            else:
                added = upsert(drafts).values(**key, **values, author=draft.author).on_conflict_do_nothing()
                if (await connection.execute(added.returning(drafts.c.name))).one_or_none() is None:
                    raise DraftExists(draft.name)
            await _check_room(connection, namespace)
            return await _found(connection, namespace, draft.name)

    async def add_searches(self, namespace: str, name: str, searches: Sequence[Search]) -> Draft:
        async with self._database.transaction("draft-add") as connection:
            before = await _found(connection, namespace, name, lock=True)
            together = [*before.searches]
            together += [one for at, one in enumerate(searches) if one not in (*before.searches, *searches[:at])]
            if len(together) > MAX_SEARCHES:
                raise TooManySearches(str(len(together)))
            await _change(connection, namespace, name, _stored(together))
            await _check_room(connection, namespace)
            return await _found(connection, namespace, name)

    async def delete_draft(self, namespace: str, name: str) -> None:
        mine = (drafts.c.namespace == namespace, drafts.c.name == name)
        async with self._database.transaction("draft-delete") as connection:
            gone = await connection.execute(delete(drafts).where(*mine).returning(drafts.c.name))
            if gone.one_or_none() is None:
                raise UnknownDraft(name)


async def _found(connection: AsyncConnection, namespace: str, name: str, *, lock: bool = False) -> Draft:
    one = select(drafts).where(drafts.c.namespace == namespace, drafts.c.name == name)
    row = (await connection.execute(one.with_for_update() if lock else one)).one_or_none()
    if row is None:
        raise UnknownDraft(name)
    return _draft_of(row)


async def _change(connection: AsyncConnection, namespace: str, name: str, values: dict[str, Any]) -> None:
    mine = (drafts.c.namespace == namespace, drafts.c.name == name)
    await connection.execute(update(drafts).where(*mine).values(**values, changed=func.clock_timestamp()))


async def _check_room(connection: AsyncConnection, namespace: str) -> None:
    """Raise TooManyDrafts, which undoes what was written."""
    written = func.octet_length(cast(drafts.c.searches, Text)) + func.octet_length(drafts.c.description)
    taken = select(func.sum(written + _BYTES_A_DRAFT)).where(drafts.c.namespace == namespace)
    if (await connection.scalar(taken) or 0) > MAX_DRAFT_BYTES:
        raise TooManyDrafts(namespace)


def _stored(searches: Sequence[Search]) -> dict[str, Any]:
    return {"searches": [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in searches]}


def _draft_of(row: Row[Any]) -> Draft:
    searches = [Search.model_validate(one) for one in row.searches]
    return Draft(row.name, row.description, Selection(row.selection), searches, row.author, row.created, row.changed)
