"""Dates: all in digits in every order and with every mark, with a month's name, without a day (`YYYY-MM`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from capforge_candidates.values.calendars import ERAS, day_first, day_of, full_year, month_first, month_of, year_first
from capforge_candidates.values.found import Found
from capforge_candidates.values.named_dates import named_dates
from capforge_candidates.values.text import LineText
from capforge_contracts.reading import SpanKind

_MARK = r" ?[./\-,'] ?| "
_NOT_INSIDE = r"(?<!\d)(?<!\d[./\-])"
_TIME_OR_END = r"(?!\d)|(?=\d{1,2}[:.]\d\d)"
"""Nothing more of a number, or a time that was read as one with the date."""
_YEAR = r"(?:1[89]|2[014569])\d\d"
_YEAR_LAST = re.compile(rf"{_NOT_INSIDE}(\d{{1,2}})(?:{_MARK})(\d{{1,2}})(?:{_MARK})({_YEAR})(?:{_TIME_OR_END})")
_ONE_MARK_LOST = re.compile(rf"{_NOT_INSIDE}(\d\d)(?:[./\-](\d\d)|(\d\d)[./\-])((?:19|20)\d\d)(?!\d)")
_YEAR_FIRST = re.compile(rf"(?<!\d)({_YEAR})(?:{_MARK})(\d{{1,2}})(?:{_MARK})(\d{{1,2}})(?:(?!\d)|(?=T\d))")
_SHORT = re.compile(
    rf"{_NOT_INSIDE}(\d{{1,2}})( ?[./\-'] ?)(\d{{1,2}}) ?[./\-'] ?(\d\d)(?:(?!\d)(?![./\-]\d)|(?=[0-2]\d:[0-5]\d))"
)
_COMPACT = re.compile(r"(?<!\d)(\d{8})(?!\d)")
_MONTH_YEAR = re.compile(rf"{_NOT_INSIDE}(\d{{1,2}}) ?[./\-] ?({_YEAR})(?!\d)(?![./\-]\d)")
_YEAR_MONTH = re.compile(rf"{_NOT_INSIDE}({_YEAR}) ?[./\-] ?(\d{{1,2}})(?!\d)(?![./\-]\d)")
_SHORT_MONTH_YEAR = re.compile(r"(?<![\d./\-])(\d\d)/(\d\d)(?![\d/])")
_VIETNAMESE = re.compile(r"(?:ngay )?(?<!\d)(\d{1,2}),? thang (\d{1,2}),? nam (\d{4})(?!\d)")
_ROMAN = re.compile(
    rf"{_NOT_INSIDE}(\d{{1,2}})[./\- ]{{1,2}}(X|IX|IV|V?I{{1,3}}|V|XI{{1,2}})[./\- ]{{1,2}}({_YEAR})(?!\d)"
)
_ROMANS = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_PERIOD = re.compile(r"(?<![\w./\-])(\d[\d./]{3,9})-(\d[\d./]{3,9})(?![\w./\-])")
_DIGIT = re.compile(r"\d")
_ERA = re.compile(rf"({'|'.join(ERAS)}) ?(\d{{1,3}}|元) ?年 ?(\d{{1,2}}) ?月(?: ?(\d{{1,2}}) ?日)?")
_SIGNS = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월](?: ?(\d{1,2}) ?[日일])?")


def dates(plain: str, line: LineText) -> Iterator[Found]:
    """Yield the dates of a line, read in `plain`: its own, or that with letters mended into digits."""
    for text in (plain, _without_glue(plain)) if "-" in plain and _PERIOD.search(plain) else (plain,):
        yield from _numeric(text)
        yield from _without_day(text)
    yield from named_dates(plain, line.months)
    yield from _signs(plain)
    for match in _VIETNAMESE.finditer(line.folded):
        yield from _found(match, day_of(full_year(match[3]), int(match[2]), int(match[1])))


def _without_glue(plain: str) -> str:
    """Return the line with a space for the dash of `01/05/24-15/05/24`, between two dates of one form."""
    return _PERIOD.sub(
        lambda match: f"{match[1]} {match[2]}" if _are_alike(match[1], match[2]) else match.group(), plain
    )


def _are_alike(one: str, other: str) -> bool:
    form = _DIGIT.sub("0", one)
    return form == _DIGIT.sub("0", other) and not form.isdigit()


def _numeric(plain: str) -> Iterator[Found]:
    for match in _YEAR_LAST.finditer(plain):
        one, two, year = int(match[1]), int(match[2]), full_year(match[3])
        yield from _found(match, day_first(one, two, year), month_first(one, two, year))
    for match in _ONE_MARK_LOST.finditer(plain):
        one, two, year = int(match[1]), int(match[2] or match[3]), full_year(match[4])
        yield from _found(match, day_first(one, two, year), month_first(one, two, year))
    for match in _YEAR_FIRST.finditer(plain):
        yield from _found(match, year_first(full_year(match[1]), int(match[2]), int(match[3])))
    for match in _SHORT.finditer(plain):
        first, second, third = match[1], match[3], match[4]
        year = full_year(third)
        last = day_first(int(first), int(second), year) or year_first(full_year(first), int(second), int(third))
        yield from _found(match, last, month_first(int(first), int(second), year))
    for match in _ROMAN.finditer(plain):
        yield from _found(match, day_of(full_year(match[3]), _ROMANS.index(match[2]) + 1, int(match[1])))
    for match in _COMPACT.finditer(plain):
        digits = match[1]
        begin = day_of(full_year(digits[:4]), int(digits[4:6]), int(digits[6:]))
        yield from _found(match, begin or day_of(full_year(digits[4:]), int(digits[2:4]), int(digits[:2])))


def _signs(plain: str) -> Iterator[Found]:
    for match in _SIGNS.finditer(plain):
        year, month = full_year(match[1]), int(match[2])
        yield from _found(match, day_of(year, month, int(match[3])) if match[3] else month_of(year, month))
    for match in _ERA.finditer(plain):
        year, month = ERAS[match[1]] + (1 if match[2] == "元" else int(match[2])), int(match[3])
        yield from _found(match, day_of(year, month, int(match[4])) if match[4] else month_of(year, month))


def _without_day(plain: str) -> Iterator[Found]:
    for match in _MONTH_YEAR.finditer(plain):
        yield from _found(match, month_of(full_year(match[2]), int(match[1])))
    for match in _YEAR_MONTH.finditer(plain):
        yield from _found(match, month_of(full_year(match[1]), int(match[2])))
    for match in _SHORT_MONTH_YEAR.finditer(plain):
        yield from _found(match, month_of(full_year(match[2]), int(match[1])))


def _found(match: re.Match[str], value: str | None, us_value: str | None = None) -> Iterator[Found]:
    value, other = value or us_value, us_value
    if value is not None:
        yield Found(SpanKind.DATE, match.start(), match.end(), value, other if other != value else None)
