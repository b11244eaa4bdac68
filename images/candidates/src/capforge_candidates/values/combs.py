"""Values whose characters are printed or written one by one, into boxes of their own, as forms ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from capforge_candidates.values.calendars import day_first, day_of, full_year, month_first
from capforge_candidates.values.found import Found
from capforge_candidates.values.text import LineText
from capforge_contracts.reading import ReadWord, SpanKind

_MIN_CHARS = 4
_WIDEST_STEP = 2.5
"""Between two characters, in steps of the narrowest: more is another value."""
_MAY_BE = re.compile(rf"(?<!\S)[\d.,/\-](?:\s[\d.,/\-]){{{_MIN_CHARS - 1}}}(?!\S)")
_DATE = re.compile(r"(\d\d)(\d\d)(\d\d|(?:19|20)\d\d)")
_YEAR_FIRST = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_MARKS = ".,/-"


def combs(line: LineText, words: Sequence[ReadWord]) -> Iterator[LineText]:
    """Yield the texts of a line that are made of single characters at even steps."""
    if not _MAY_BE.search(line.text):
        return
    run: list[int] = []
    for at in range(line.first, line.first + len(line.starts)):
        text = words[at].text
        if len(text) == 1 and (text.isdigit() or text in _MARKS):
            run.append(at)
            continue
        yield from _texts(run, words)
        run = []
    yield from _texts(run, words)


def comb_dates(line: LineText) -> Iterator[Found]:
    """Yield the day that six or eight digits are, day first or month first."""
    if match := _DATE.fullmatch(line.plain):
        one, two, year = int(match[1]), int(match[2]), full_year(match[3])
        value, us_value = day_first(one, two, year), month_first(one, two, year)
        if found := value or us_value:
            yield Found(SpanKind.DATE, 0, len(line.plain), found, us_value if us_value != found else None)
    match = _YEAR_FIRST.fullmatch(line.plain)
    if match and (value := day_of(int(match[1]), int(match[2]), int(match[3]))):
        yield Found(SpanKind.DATE, 0, len(line.plain), value)


def _texts(run: Sequence[int], words: Sequence[ReadWord]) -> Iterator[LineText]:
    if len(run) < _MIN_CHARS:
        return
    steps = [words[right].box[0] - words[left].box[0] for left, right in pairwise(run)]
    widest = _WIDEST_STEP * max(min(steps), 1e-6)
    begin = 0
    for at, step in enumerate([*steps, float("inf")]):
        if step > widest:
            if at + 1 - begin >= _MIN_CHARS:
                yield _joined(run[begin : at + 1], words)
            begin = at + 1


def _joined(run: Sequence[int], words: Sequence[ReadWord]) -> LineText:
    return LineText("".join(words[at].text for at in run), run[0], tuple(range(len(run))))
