"""Pages of submissions that end before they fill the memory, however large each of them is. Pure.

Read, entities take ten times their JSON, and a submission may have three MiB of it: two hundred of them at once would
end the gateway for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, Text, cast, func, select

from capforge_gateway.storage.vision_tables import vision_submissions as submissions

PAGE_BYTES = 4 * 1024 * 1024
"""Of entities in JSON, after which a page ends; its last submission may reach over it."""


def weighed(place: Sequence[Any]) -> tuple[Any, Any, Any]:
    """Return more columns of a row: its place in this order, what its entities take, and those of all rows up to it."""
    own = func.coalesce(func.octet_length(cast(submissions.c.entities, Text)), 0)
    through = func.sum(own).over(order_by=place, rows=(None, 0))
    return func.row_number().over(order_by=place).label("place"), own.label("own"), through.label("through")


def light(rows: Select[Any]) -> Select[Any]:
    """Select the first of weighed rows, by their places: as many as fit, at least one."""
    page = rows.subquery("page")
    return select(page).where(page.c.through - page.c.own < PAGE_BYTES).order_by(page.c.place)


def is_cut(rows: Sequence[Row[Any]]) -> bool:
    """Tell whether there may be more rows because those of the page are large, however few they are."""
    return bool(rows) and rows[-1].through >= PAGE_BYTES
