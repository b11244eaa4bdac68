"""How many a search finds, and how often each class occurs among it: from searches to SQL. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, select, true, union
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from capforge_contracts.vision import Search, Selection
from capforge_gateway.storage.vision_search import found_by_any
from capforge_gateway.storage.vision_tables import vision_files as files
from capforge_gateway.storage.vision_tables import vision_submissions as submissions
from capforge_gateway.vision.ports import NEWEST

_MAX_CLASSES = 1000
"""The most frequent ones."""


def figures_of(namespace: str, searches: Sequence[Search], selection: Selection) -> tuple[Select[Any], Select[Any]]:
    """Select how many files and submissions are found, and how often each class occurs in them."""
    wanted = (files.c.id.label("file"), submissions.c.sequence, submissions.c.counts)
    parts = [one.with_only_columns(*wanted) for one in found_by_any(namespace, searches, selection, NEWEST)]
    keys = (union(*parts) if len(parts) > 1 else parts[0]).subquery("found")
    totals: Any = select(
        func.count(keys.c.sequence).label("submissions"), func.count(keys.c.file.distinct()).label("files")
    )
    finds_files_once = selection is Selection.LATEST and len(parts) == 1
    objects = _objects(keys) if finds_files_once else _objects_by_file(keys)
    summed = func.sum(objects.c.objects).label("objects")
    classes = select(objects.c.name, summed, func.count().label("files")).group_by(objects.c.name)
    return totals, classes.order_by(summed.desc(), objects.c.name).limit(_MAX_CLASSES)


def _objects(keys: Any) -> Any:
    """Select a row for each class of each submission."""
    each = func.jsonb_each_text(keys.c.counts).table_valued("key", "value", name="each").lateral()
    number = cast(each.c.value, BigInteger).label("objects")
    return select(each.c.key.label("name"), number).select_from(keys.join(each, true())).subquery("objects")


def _objects_by_file(keys: Any) -> Any:
    """Select a row for each class of each file; file by file, since sorting all objects takes several times as long."""
    counts = func.array_agg(keys.c.counts, type_=ARRAY(JSONB)).label("counts")
    by_file = select(counts).where(keys.c.sequence.is_not(None)).group_by(keys.c.file).subquery("by_file")
    said = func.unnest(by_file.c.counts).table_valued("counts", name="said").render_derived()
    each = func.jsonb_each_text(said.c.counts).table_valued("key", "value", name="each").lateral()
    objects = func.sum(cast(each.c.value, BigInteger)).label("objects")
    of_file = select(each.c.key.label("name"), objects).select_from(said.join(each, true())).group_by(each.c.key)
    inside = of_file.lateral("of_file")
    return select(inside.c.name, inside.c.objects).select_from(by_file.join(inside, true())).subquery("objects")
