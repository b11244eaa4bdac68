"""Days that say only a part of themselves: the first day of a period, and days whose year the page tells.

`1-15 May 2024` `1. bis 15. Mai 2024` `01.05. - 15.05.2024` `1 May - 15 June 2024` `May 1-15, 2024`; `03.05.` and
`3 May` on a page with full dates.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from capforge_candidates.values.calendars import day_of
from capforge_candidates.values.found import Found
from capforge_candidates.values.months import Month
from capforge_candidates.values.named_dates import ORDINAL
from capforge_contracts.reading import SpanKind

_DAY_CHARS = len("YYYY-MM-DD")
_REACH_CHARS = 40
"""So far before the last day of a period its first one is looked for."""
_TO = r"(?: ?[\-&] ?| (?:[^\W\d_]{1,5}|[^\W\d_]/[^\W\d_]) )"
"""Between first and last: a dash, or a short word of any language: `to`, `bis`, `au`, `t/m`."""
_FREE = r"(?<![\d.,:/\-])(?<!\d )"
_DAY_TO = re.compile(rf"{_FREE}(\d{{1,2}}){ORDINAL}{_TO}$")
_DAY_MONTH_TO = re.compile(rf"{_FREE}((\d{{1,2}}) ?[./] ?(\d{{1,2}})[./]?){_TO}$")
_TO_END = re.compile(rf"{_TO}$")
_DAYS_AND_YEAR = re.compile(rf"\.? ?(\d{{1,2}}){ORDINAL}{_TO}(\d{{1,2}}){ORDINAL},? ((?:19|20)\d\d)(?!\d)")
_POINTS = re.compile(r"(?<![\w.,:/\-])(\d\d)\. ?(\d\d)\.(?![\w./\-])")
_STROKE = re.compile(r"(?<![\w.,:/\-])(\d\d)/(\d\d)(?![\w.,:/\-])")
_NEAR = r"[ .\-]{0,2}(?:[^\W\d_]{1,2} )?"
_DAY_BEFORE = re.compile(rf"(?<![\w.,:/\-])(\d{{1,2}}){ORDINAL}{_NEAR}$")
_DAY_BEHIND = re.compile(r"[ .\-]{1,2}(\d{1,2})(?:st|nd|rd|th)?(?![\w.,:/\-])")


def anchor_of(values: Iterable[str]) -> date | None:
    """Return the day that a page's days without a year are near to: the last one of the year it names most."""
    days = [date.fromisoformat(value) for value in values if len(value) == _DAY_CHARS]
    years = Counter(day.year for day in days)
    most = max(years, key=lambda year: (years[year], year), default=None)
    return max((day for day in days if day.year == most), default=None)


def periods(plain: str, months: Sequence[Month], found: Sequence[Found]) -> Iterator[Found]:
    """Yield the first days of the periods whose last days were found in a line; `months` are those that it names."""
    for one in found:
        if one.kind is SpanKind.DATE and len(one.value) == _DAY_CHARS:
            yield from _first_day(plain, months, one)
    for start, end, month in months:
        if match := _DAYS_AND_YEAR.match(plain, end):
            for day in (match[1], match[2]):
                yield from _day(int(match[3]), month, int(day), start, match.end())


def days_without_year(plain: str, months: Sequence[Month], found: Sequence[Found], anchor: date) -> Iterator[Found]:
    """Yield the days of a line that have no year; each is the one nearest to the page's anchor."""
    taken = _covered(len(plain), found)
    for match in _POINTS.finditer(plain):
        if not any(taken[match.start() : match.end()]):
            yield from _nearest(anchor, int(match[2]), int(match[1]), match.start(), match.end())
    for match in _STROKE.finditer(plain):
        first, second = int(match[1]), int(match[2])
        yield from _either(anchor, first, second, match.start(), match.end())
    for start, end, value in _named(plain, months):
        if not any(taken[start:end]):
            yield from _nearest(anchor, *value, start, end)


def _first_day(plain: str, months: Sequence[Month], last: Found) -> Iterator[Found]:
    offset = max(0, last.start - _REACH_CHARS)
    before = plain[offset : last.start]
    until = date.fromisoformat(last.value)
    to = _TO_END.search(before)
    if to is None:
        return
    near = months[bisect_left(months, offset, key=_begin) : bisect_left(months, last.start, key=_begin)]
    named = [one for one in _named(plain, near) if one[1] == offset + to.start()]
    if named:
        start, end, (month, day) = named[0]
        yield from _nearest(until, month, day, start, end, is_before=True)
    elif match := _DAY_MONTH_TO.search(before):
        start, end = offset + match.start(1), offset + match.end(1)
        yield from _either(until, int(match[2]), int(match[3]), start, end, is_before=True)
    elif (match := _DAY_TO.search(before)) and int(match[1]) < until.day:
        yield from _day(until.year, until.month, int(match[1]), offset + match.start(1), last.end)


def _begin(month: Month) -> int:
    return month[0]


def _named(plain: str, months: Iterable[Month]) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Yield start, end, (month, day) of `3 May`, `3. Mai`, `15MAY`, `May 3`."""
    for start, end, month in months:
        offset = max(0, start - _REACH_CHARS)
        before, behind = _DAY_BEFORE.search(plain[offset:start]), _DAY_BEHIND.match(plain, end)
        point = end + (plain[end : end + 1] == ".")
        if before:
            yield offset + before.start(1), point if plain[point : point + 1] in {"", " "} else end, (
                month, int(before[1]),
            )  # fmt: skip
        elif behind:
            yield start, behind.end(), (month, int(behind[1]))


def _either(anchor: date, first: int, second: int, start: int, end: int, *, is_before: bool = False) -> Iterator[Found]:
    """Yield the day of `03/05`, day first and month first."""
    day_first = next(_nearest(anchor, second, first, start, end, is_before=is_before), None)
    month_first = next(_nearest(anchor, first, second, start, end, is_before=is_before), None)
    found = day_first or month_first
    if found:
        other = month_first.value if month_first and month_first.value != found.value else None
        yield Found(SpanKind.DATE, start, end, found.value, other)


def _nearest(anchor: date, month: int, day: int, start: int, end: int, *, is_before: bool = False) -> Iterator[Found]:
    """Yield the day nearest to the anchor; of those not behind it, if it must be before."""
    days = [date.fromisoformat(value) for year in range(-1, 2) if (value := day_of(anchor.year + year, month, day))]
    if is_before:
        days = [one for one in days if one <= anchor]
    if days:
        nearest = min(days, key=lambda one: abs((one - anchor).days))
        yield Found(SpanKind.DATE, start, end, nearest.isoformat())


def _day(year: int, month: int, day: int, start: int, end: int) -> Iterator[Found]:
    if value := day_of(year, month, day):
        yield Found(SpanKind.DATE, start, end, value)


def _covered(length: int, found: Iterable[Found]) -> bytearray:
    """Return for each character whether it is a part of a date."""
    taken = bytearray(length)
    for one in found:
        if one.kind is SpanKind.DATE:
            taken[one.start : one.end] = b"\x01" * (one.end - one.start)
    return taken
