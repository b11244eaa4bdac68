"""Dates with a month's name: `12 January 2019`, `Jan. 12th, '19`, `2019-Jan-12`, `12JAN19`, `12 de enero de 2019`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from capforge_candidates.values.calendars import day_of, full_year, month_of
from capforge_candidates.values.found import Found
from capforge_candidates.values.months import Month
from capforge_contracts.reading import SpanKind

_YEAR = r"((?:1[89]|2[014569])\d\d(?!\d)|'?\d\d(?![^\W_]))"
_FULL_YEAR_DIGITS = 4
_LINK = r"(?: ?[.,/\-'] ?| )*(?:[^\W\d_]{1,3}(?: ?[.'] ?| ))?"
"""Marks, and a short word of any language: `de`, `of`, `den`."""
ORDINAL = r"(?:[^\W\d_]{1,3}|[.ºª°])?"
"""Behind a day's digits: `st`, `º`, a point."""
_DAY_BEFORE = re.compile(rf"(?<!\d)(?<!\d[.,:])(\d{{1,2}}){ORDINAL}{_LINK}(?:[^\W\d_]{{2}} )?$")
"""Two words may stand between: `1st day of May`."""
_YEAR_BEFORE = re.compile(rf"(?<!\d)((?:1[89]|2[014569])\d\d)[^\W\d_]?{_LINK}$")
_DAY_BEHIND = re.compile(rf"\.?{_LINK}(\d{{1,2}}){ORDINAL}(?![\d:])")
_YEAR_BEHIND = re.compile(rf"\.?{_LINK}{_YEAR}(?![:/]\d)")
_SHORT_YEAR_BEHIND = re.compile(r" ?[./\-'] ?'?(\d\d)(?!\d)(?![:/.\-]\d)")
"""Without a day before it, two digits behind a month are a year if a mark stands between."""
_REACH_CHARS = 20
"""A day or year stands this near to the month's name."""


def named_dates(plain: str, months: Iterable[Month]) -> Iterator[Found]:
    """Yield the dates of a line that name their month; `months` are those that it names."""
    for start, end, month in months:
        yield from _around(plain, start, end, month)


def _around(plain: str, start: int, end: int, month: int) -> Iterator[Found]:
    """Yield the fullest dates around a month's name: `5 DEC 28, 2008` may be one day or another."""
    before = plain[max(0, start - _REACH_CHARS) : start]
    offset = start - len(before)
    day, year = _DAY_BEFORE.search(before), _YEAR_BEHIND.match(plain, end, end + _REACH_CHARS)
    value = day_of(full_year(year[1].strip("'")), month, int(day[1])) if day and year else None
    found = [Found(SpanKind.DATE, offset + day.start(1), year.end(1), value)] if day and year and value else []
    found += filter(None, [_month_first(plain, start, end, month)])
    if not found:
        found += filter(None, [_year_first(plain, before, start, end, month, year)])
    yield from found


def _year_first(plain: str, before: str, start: int, end: int, month: int, year: re.Match[str] | None) -> Found | None:
    """Return the date of `2019 Jan 12`, else the month of `January 2019`, `2019 January`."""
    offset = start - len(before)
    year_before = _YEAR_BEFORE.search(before)
    behind = _DAY_BEHIND.match(plain, end, end + _REACH_CHARS)
    if year_before and behind and (value := day_of(full_year(year_before[1]), month, int(behind[1]))):
        return Found(SpanKind.DATE, offset + year_before.start(1), behind.end(1), value)
    if found := _month_and_year(plain, start, end, month, year):
        return found
    if year_before and (value := month_of(full_year(year_before[1]), month)):
        return Found(SpanKind.DATE, offset + year_before.start(1), end, value)
    return None


def _month_and_year(plain: str, start: int, end: int, month: int, year: re.Match[str] | None) -> Found | None:
    """Return the month of `January 2019`, `Jan-19`."""
    if year is None or not year[1].isdigit() or len(year[1]) < _FULL_YEAR_DIGITS:
        year = _SHORT_YEAR_BEHIND.match(plain, end, end + _REACH_CHARS)
    value = month_of(full_year(year[1]), month) if year else None
    return Found(SpanKind.DATE, start, year.end(1), value) if year and value else None


def _month_first(plain: str, start: int, end: int, month: int) -> Found | None:
    """Return the date of `January 12, 2019`."""
    day = _DAY_BEHIND.match(plain, end, end + _REACH_CHARS)
    year = _YEAR_BEHIND.match(plain, day.end(), day.end() + _REACH_CHARS) if day else None
    if (
        day
        and year
        and year.start(1) > day.end(1)
        and (value := day_of(full_year(year[1].strip("'")), month, int(day[1])))
    ):
        return Found(SpanKind.DATE, start, year.end(1), value)
    return None
