"""Days and months that exist, as ISO text."""

from __future__ import annotations

from datetime import date

_MONTHS = 12
_CENTURY_TURNS = 70
"""Two digits below it are of this century."""
_BUDDHIST = range(2400, 2700)
_BUDDHIST_AHEAD = 543
_TWO_DIGITS = 2
ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867, "民國": 1911, "民国": 1911}
"""Japan's and Taiwan's: the year before their first one."""


def full_year(digits: str) -> int:
    """Return the year of the common era that two or four digits mean; a Buddhist year (Thailand) is 543 ahead."""
    year = int(digits)
    if len(digits) <= _TWO_DIGITS:
        return year + (2000 if year < _CENTURY_TURNS else 1900)
    return year - _BUDDHIST_AHEAD if year in _BUDDHIST else year


def day_of(year: int, month: int, day: int) -> str | None:
    """Return `YYYY-MM-DD`, or None where there is no such day."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def month_of(year: int, month: int) -> str | None:
    """Return `YYYY-MM`, or None where there is no such month."""
    return f"{year:04}-{month:02}" if 1 <= month <= _MONTHS and year else None


def day_first(first: int, second: int, year: int) -> str | None:
    """Return the day as Europe writes it."""
    return day_of(year, second, first)


def month_first(first: int, second: int, year: int) -> str | None:
    """Return the day as the United States write it."""
    return day_of(year, first, second)


def year_first(year: int, first: int, second: int) -> str | None:
    """Return the day of `2019-01-12`; where that is impossible, of `2019-12-01` with the day before the month."""
    return day_of(year, first, second) or day_of(year, second, first)
