"""Amounts: numbers as people write them, with or without a currency, also in pieces (`1 , 000 . 50`, `$ 98.78`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from capforge_candidates.values.currencies import SYMBOL_IN_NUMBER, currency_after, currency_before
from capforge_candidates.values.found import Found
from capforge_candidates.values.numbers import number
from capforge_contracts.reading import SpanKind

_GROUP = re.compile(r"\d+")
_MARK = re.compile(r" ?[.,'] ?| ")
_CENTS_BEHIND_SYMBOL = re.compile(rf"(?<![\d.,])(\d{{1,9}})[{SYMBOL_IN_NUMBER}](\d\d)(?!\d)")
_LOST_MARK = re.compile(r"(?<![\w.,/:'\-])(?<!\d )(\d{1,5}) (\d\d)(?![\w.,/:'%\-])(?! ?\d)")
"""`42 50`: an engine that missed the point, or cents that are printed small and high."""
_LONE_FRACTION = re.compile(r"(?<![\w.,'])[.,](\d{1,4})(?![\d.,])")
_NO_CENTS = re.compile(r"[.,](?:-{1,2}|=)(?!\d)")
_WITH_DECIMALS = re.compile(r"(?<![\d.,/\-])\d+(?:([.,'])\d{3})*([.,])(\d{1,2}|\d{4,6})(?![\d.,/\-]*\d)")
"""Two digits behind a mark are cents; one or more than three tell the mark where nothing has cents."""
_OPEN = re.compile(r"\( ?$")
_CLOSE = re.compile(r" ?\)")
_DASH_BEFORE = re.compile(r"(?:^|(?<=[^\d .,][ \x1f])|(?<=\x1f))- $")
_DASH_BEHIND = re.compile(r" -(?=$|\x1f)")
_THREE_DECIMALS = re.compile(r"(-?)(\d{1,3}) ?[.,] ?(\d{3})")
_REACH_CHARS = 4
_MAX_PIECES = 7
_CENTS = 2
_SIGNS = "-+"


@dataclass(frozen=True)
class _Group:
    """Digits, and what stands between them and the group before."""

    start: int
    end: int
    digits: str
    mark: str
    """A space, or `.`, `,`, `'`; empty: the group before is not part of a number with this one."""
    is_tight: bool
    """No space at the mark."""


def amounts(plain: str, decimal_mark: str = "") -> Iterator[Found]:
    """Yield the amounts of a line; `decimal_mark` is the page's (see `decimal_mark`)."""
    for run in _runs(plain):
        for first, last in _windows(run):
            yield from _amount(plain, run[first : last + 1], decimal_mark)
    for match in _CENTS_BEHIND_SYMBOL.finditer(plain):
        yield Found(SpanKind.AMOUNT, match.start(), match.end(), f"{int(match[1])}.{match[2]}")
    for match in _LOST_MARK.finditer(plain):
        yield _dressed(plain, match.start(), match.end(), f"{int(match[1])}.{match[2]}")
    for match in _LONE_FRACTION.finditer(plain):
        yield Found(SpanKind.AMOUNT, match.start(), match.end(), f"0.{match[1]}")


def decimal_mark(lines: Iterable[str]) -> str:
    """Return the mark that stands before cents on a page: `.` or `,`; empty where the page does not tell."""
    seen: Counter[str] = Counter()
    rare: Counter[str] = Counter()
    for plain in lines:
        for match in _WITH_DECIMALS.finditer(plain):
            told = seen if len(match[3]) == _CENTS else rare
            told[match[2]] += match[1] != match[2]
    for told in (seen, rare):
        if told["."] != told[","]:
            return "." if told["."] > told[","] else ","
    return ""


def _runs(plain: str) -> Iterator[list[_Group]]:
    """Yield groups of digits that stand together."""
    run: list[_Group] = []
    for match in _GROUP.finditer(plain):
        joint = _MARK.fullmatch(plain, run[-1].end, match.start()) if run else None
        if run and joint is None:
            yield run
            run = []
        mark = joint.group() if joint else ""
        run.append(_Group(match.start(), match.end(), match.group(), mark.strip() or mark[:1], " " not in mark))
    if run:
        yield run


def _windows(run: Sequence[_Group]) -> Iterator[tuple[int, int]]:
    """Yield first and last group of what may be a number: it begins and ends where a space is."""
    begins = [at for at, group in enumerate(run) if at == 0 or not group.is_tight]
    ends = [at - 1 for at in begins[1:]] + [len(run) - 1]
    for place, first in enumerate(begins):
        for last in ends[place : place + _MAX_PIECES]:
            yield first, last


def _amount(plain: str, groups: Sequence[_Group], decimal_mark: str) -> Iterator[Found]:
    marks = [group.mark for group in groups[1:]]
    value = number([group.digits for group in groups], marks, decimal_mark)
    is_loose = any(not group.is_tight for group in groups[1:])
    if value is None:
        if not is_loose and "," in marks:
            yield from _list(plain, groups, decimal_mark)
        return
    if is_loose and not _holds_together(plain, groups, value):
        return
    start, end = groups[0].start, groups[-1].end
    if _is_piece_of_code(plain, start, end, value):
        return
    dressed = _dressed(plain, start, end, value)
    yield dressed
    yield from _apart_from_sign(plain, dressed)


def _holds_together(plain: str, groups: Sequence[_Group], value: str) -> bool:
    """Tell whether a number with spaces in it is written consistently: thousands in threes, cents in twos.

    One digit behind a mark that stands tight at the number before (`22. 1`) is of that number too.
    """
    cents = value.partition(".")[2]
    if cents and not groups[-1].is_tight and (len(cents) != _CENTS or groups[-1].mark == " "):
        is_cut = len(cents) == 1 and plain[groups[-2].end] == groups[-1].mark
        if not is_cut:
            return False
    spaced = [group.mark == " " for group in groups[1:] if not (cents and group is groups[-1])]
    return all(spaced) or not any(spaced)


def _list(plain: str, groups: Sequence[_Group], decimal_mark: str) -> Iterator[Found]:
    """Yield the numbers of `12.50,13.50`: commas that stand between numbers."""
    first = 0
    for at in [*(at for at, group in enumerate(groups) if group.mark == "," and at), len(groups)]:
        part = groups[first:at]
        if 0 < len(part) < len(groups):
            yield from _amount(plain, part, decimal_mark)
        first = at


def _is_piece_of_code(plain: str, start: int, end: int, value: str) -> bool:
    """Tell whether the digits belong to a date, a time or a code; a number with a fraction may stand anywhere."""
    if "." in value:
        return False
    if start > 1 and plain[start - 1] in "-/:" and plain[start - 2].isdigit():
        return True
    if end + 1 < len(plain) and plain[end] in "-/:" and plain[end + 1].isdigit():
        return True
    before = start
    while before and plain[before - 1].isalpha():
        before -= 1
    after = end
    while after < len(plain) and plain[after].isalpha():
        after += 1
    return (before < start and plain[before - 1 : before].isdigit()) or (
        after > end and plain[after : after + 1].isdigit()
    )


def _dressed(plain: str, start: int, end: int, value: str) -> Found:
    """Return the amount with its sign and currency."""
    if no_cents := _NO_CENTS.match(plain, end):
        end = no_cents.end()
    start, negative = _sign(plain, start)
    before = currency_before(plain, start)
    if before is not None:
        start, sign = _sign(plain, before)
        negative = negative or sign
    elif (after := currency_after(plain, end)) is not None:
        end = after
    if plain[start - 1 : start] == "(" and plain[end : end + 1] == ")":
        start, end, negative = start - 1, end + 1, True
    elif plain[end : end + 1] == "-" and not plain[end + 1 : end + 2].strip():
        end, negative = end + 1, True
    is_zero = not value.strip("0.")
    return Found(SpanKind.AMOUNT, start, end, f"-{value}" if negative and not is_zero else value)


def _apart_from_sign(plain: str, one: Found) -> Iterator[Found]:
    """Yield the negative amount of `- 12.30`, `12.30 -`, `( 12.30 )`, where a dash may also be none of its sign."""
    if one.value.startswith("-") or not one.value.strip("0."):
        return
    start, end = one.start, one.end
    if _OPEN.search(plain[max(0, start - _REACH_CHARS) : start]) and (close := _CLOSE.match(plain, end)):
        start, end = plain.rindex("(", 0, start), close.end()
    elif before := _DASH_BEFORE.search(plain[max(0, start - _REACH_CHARS) : start]):
        start -= len(before.group())
    elif behind := _DASH_BEHIND.match(plain, end):
        end = behind.end()
    else:
        return
    yield Found(SpanKind.AMOUNT, start, end, f"-{one.value}")


def other_decimals(plain: str, found: Iterable[Found]) -> list[Found]:
    """Return what each `1.234` of a line means with three decimals, on a page that does not tell; prices have none."""
    return [
        Found(SpanKind.AMOUNT, one.start, one.end, f"{match[1]}{match[2]}.{match[3]}")
        for one in found
        if one.kind is SpanKind.AMOUNT and (match := _THREE_DECIMALS.fullmatch(plain, one.start, one.end))
    ]


def _sign(plain: str, start: int) -> tuple[int, bool]:
    """Return where the number begins with its sign, and whether that is a minus; a dash behind a word is none."""
    if start == 0 or plain[start - 1] not in _SIGNS:
        return start, False
    before = plain[start - 2 : start - 1]
    if before.isalnum() or (before and before in ":.-_="):
        return start, False
    return start - 1, plain[start - 1] == "-"
