"""How numbers are written in the world: groups of digits and what stands between them.

`1,234,567.89` `1.234.567,89` `1 234 567,89` `1'234'567.89` `12,34,567.89` `1234.5` `1,234`
"""

from __future__ import annotations

from collections.abc import Sequence

MAX_DIGITS = 18
"""Longer ones are codes."""
_CENTS = 2
_GROUP = 3
_MISREAD_MARKS = 2
"""With more of one mark, it is an address of a computer, not a number."""


def number(groups: Sequence[str], marks: Sequence[str], decimal_mark: str = "") -> str | None:
    """Return the plain decimal number (`1234.50`) that groups of digits and the marks between them spell, or None.

    `decimal_mark` (`.` or `,`) decides what could be either: `1.234`. Without it, three digits behind a single mark
    are thousands.
    """
    if sum(map(len, groups)) > MAX_DIGITS:
        return None
    if not marks:
        return _plain(groups[0])
    if (fraction := _with_fraction(groups, marks, decimal_mark)) is not None:
        return fraction
    if (whole := _whole(groups, marks)) is not None:
        return whole
    return _same_mark_twice(groups, marks)


def _with_fraction(groups: Sequence[str], marks: Sequence[str], decimal_mark: str) -> str | None:
    """Return the number whose last mark is another one than those before it, and may be a decimal mark."""
    if marks[-1] not in ".," or marks[-1] in marks[:-1]:
        return None
    if len(marks) == 1 and _could_be_thousands(groups) and marks[-1] != decimal_mark:
        return None
    whole = _whole(groups[:-1], marks[:-1])
    return f"{whole}.{groups[-1]}" if whole is not None else None


def _could_be_thousands(groups: Sequence[str]) -> bool:
    return len(groups[-1]) == _GROUP and len(groups[0]) <= _GROUP and not groups[0].startswith("0")


def _whole(groups: Sequence[str], marks: Sequence[str]) -> str | None:
    """Return the whole number that digits in groups spell, or None."""
    if not marks:
        return _plain(groups[0])
    if len(set(marks)) > 1 or len(groups[0]) > _GROUP or groups[0].startswith("0"):
        return None
    lengths = [len(group) for group in groups[1:]]
    western = all(length == _GROUP for length in lengths)
    indian = lengths[-1] == _GROUP and all(length == _CENTS for length in lengths[:-1]) and len(groups[0]) <= _CENTS
    eastern = all(length == _GROUP + 1 for length in lengths) and marks[0] == "," and len(lengths) > 1
    return _plain("".join(groups)) if western or indian or eastern else None


def _same_mark_twice(groups: Sequence[str], marks: Sequence[str]) -> str | None:
    """Return `1234.50` for `1.234.50`: one of the marks was misread."""
    if len(marks) != _MISREAD_MARKS or len(groups[-1]) != _CENTS or marks[-1] not in ".,":
        return None
    whole = _whole(groups[:-1], marks[:-1])
    return f"{whole}.{groups[-1]}" if whole is not None and all(len(one) == _GROUP for one in groups[1:-1]) else None


def _plain(digits: str) -> str:
    return digits.lstrip("0") or "0"
