"""From searches to SQL: the one place that knows what each filter means in the tables. Pure.

A condition about a submission holds for no file without one (SQL's own three values do that), so a file that nobody
annotated is found only by searches that name the status and ask nothing else about submissions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    exists,
    literal,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from capforge_contracts.vision import CLASS, AnnotationStatus, Search, Selection
from capforge_gateway.storage.vision_tables import vision_files as files
from capforge_gateway.storage.vision_tables import vision_submissions as submissions

_DIGEST_CHARS = 64
_newer = submissions.alias("newer")
Keys = Select[Any]
"""Selects `file`, `sha256`, `created` of files and `sequence` (null: nothing was said) of submissions."""


def found_by(namespace: str, search: Search, selection: Selection, as_of: int) -> Keys:
    """Select what one search finds."""
    return _found_by(namespace, [search], selection, as_of)


def found_by_any(namespace: str, searches: Sequence[Search], selection: Selection, as_of: int) -> Sequence[Keys]:
    """Select what any of the searches finds, by parts that may overlap: one for each capability that is searched.

    A part finds each submission once and looks at the tables once, however many searches it is made of.
    """
    of_capability: dict[str | None, list[Search]] = {}
    for search in searches:
        of_capability.setdefault(search.capability, []).append(search)
    return [_found_by(namespace, together, selection, as_of) for together in of_capability.values()]


def _found_by(namespace: str, searches: Sequence[Search], selection: Selection, as_of: int) -> Keys:
    """Select what any of the searches finds, all of one capability: their latest submissions are the same."""
    capability = searches[0].capability
    in_scope = _scope(submissions, namespace, capability, as_of)
    wants_unannotated = any(AnnotationStatus.UNANNOTATED in search.statuses for search in searches)
    keys = select(
        files.c.id.label("file"), files.c.sha256, files.c.created, submissions.c.sequence.label("sequence")
    ).select_from(files.join(submissions, in_scope, isouter=wants_unannotated))
    keys = keys.where(files.c.namespace == namespace, files.c.deleted.is_(None))
    keys = keys.where(or_(*(and_(*_of_status(one), *_of_file(one), *_of_submission(one)) for one in searches)))
    if selection is Selection.LATEST:
        place, last = (tuple_(table.c.status, table.c.sequence) for table in (_newer, submissions))
        keys = keys.where(not_(exists().where(_scope(_newer, namespace, capability, as_of), place > last)))
    return keys


def _scope(table: Any, namespace: str, capability: str | None, as_of: int) -> ColumnElement[bool]:
    """Return what makes a submission one of the file in hand that counts at all."""
    mine = [table.c.namespace == namespace, table.c.file == files.c.id, table.c.sequence <= as_of]
    if capability is not None:
        mine.append(table.c.capability == capability)
    return and_(*mine)


def _of_status(search: Search) -> list[ColumnElement[bool]]:
    said = [one.value for one in search.statuses if one is not AnnotationStatus.UNANNOTATED]
    wanted = [submissions.c.status == one_of(said)] if said else []
    if AnnotationStatus.UNANNOTATED in search.statuses:
        wanted.append(submissions.c.sequence.is_(None))
    return [or_(*wanted)]


def _of_file(search: Search) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search.files:
        digests = [name for name in search.files if len(name) == _DIGEST_CHARS]
        ids = [name for name in search.files if len(name) != _DIGEST_CHARS]
        by_id = files.c.id == any_(literal(ids, ARRAY(Uuid(as_uuid=False))))
        conditions.append(or_(by_id, files.c.sha256 == one_of(digests)))
    if search.sources:
        conditions.append(files.c.source == one_of(search.sources))
    if search.content_types:
        conditions.append(files.c.content_type == one_of(search.content_types))
    if search.metadata:
        conditions.append(files.c.metadata.contains(search.metadata))
    if search.uploaded_from:
        conditions.append(files.c.created >= search.uploaded_from)
    if search.uploaded_until:
        conditions.append(files.c.created < search.uploaded_until)
    return conditions


def _of_submission(search: Search) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    wanted = {CLASS: list(search.classes_present)} if search.classes_present else {}
    for attribute, value in search.attributes.items():
        wanted[attribute] = [*wanted.get(attribute, []), value]
    if wanted:
        conditions.append(submissions.c.observed.contains(wanted))
    if search.classes_absent:
        conditions.append(not_(submissions.c.observed[CLASS].has_any(_texts(search.classes_absent))))
    if search.users:
        conditions.append(submissions.c.annotator == one_of(search.users))
    if search.training_runs:
        conditions.append(submissions.c.runs.overlap(_texts(search.training_runs)))
    if search.submitted_from:
        conditions.append(submissions.c.time >= search.submitted_from)
    if search.submitted_until:
        conditions.append(submissions.c.time < search.submitted_until)
    return conditions


def one_of(values: Sequence[str]) -> Any:
    """Return what a column may equal: one parameter, however many values."""
    return any_(_texts(values))


def _texts(values: Sequence[str]) -> ColumnElement[Any]:
    return literal(list(values), ARRAY(Text))
