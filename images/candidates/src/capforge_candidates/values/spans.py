"""All typed values of one page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from capforge_candidates.values.addresses import emails, urls
from capforge_candidates.values.amounts import amounts, decimal_mark, other_decimals
from capforge_candidates.values.combs import comb_dates, combs
from capforge_candidates.values.dates import dates
from capforge_candidates.values.found import Found
from capforge_candidates.values.letters import folded
from capforge_candidates.values.misread import mended, mended_codes, mended_days
from capforge_candidates.values.months import named_months
from capforge_candidates.values.named_dates import named_dates
from capforge_candidates.values.periods import anchor_of, days_without_year, periods
from capforge_candidates.values.phones import phones
from capforge_candidates.values.text import LineText, line_texts
from capforge_contracts.reading import ReadWord, Span, SpanKind

VALUES_VERSION = "values-2"
"""Part of an engine version: raise it when the same words give other spans."""

MAX_SPANS = 5000
"""Of one page: no page that people print has as many, and what a stranger sends must stay small."""

_WITH_YEAR = re.compile(r"\D\d{4}(?!\d)|(?<!\d)\d{4}\D")
"""A date like this is no phone number; `20.12.34` may be both."""
_KINDS = {kind: position for position, kind in enumerate(SpanKind)}


def spans_of(words: Sequence[ReadWord]) -> list[Span]:
    """Return the values that a page's words spell, by their place; words are in reading order with line numbers.

    Spans may overlap: `1 234,50` is one amount or two, and only the page as a whole tells which.
    """
    lines = line_texts(words)
    mark = decimal_mark(line.plain for line in lines)
    found: list[tuple[LineText, list[Found]]] = []
    count = 0
    for line in lines:
        texts = [line, *combs(line, words)]
        found += [(text, _once(_finders(text, mark) if text is line else _in_combs(text))) for text in texts]
        count += sum(len(own) for _, own in found[-len(texts) :])
        if count >= MAX_SPANS:
            break
    _complete(found, mark)
    pieces = sorted(((at, one) for at, (_, own) in enumerate(found) for one in own), key=_order)
    return [_span(found[at][0], one, words) for at, one in pieces[:MAX_SPANS]]


def _complete(found: Sequence[tuple[LineText, list[Found]]], mark: str) -> None:
    """Add what only a line's other values, or the page's, can tell."""
    anchor = anchor_of(one.value for _, own in found for one in own if one.kind is SpanKind.DATE)
    for line, own in found:
        if not mark:
            own.extend(other_decimals(line.plain, own))
        if anchor is not None and line.has_digits:
            own.extend([*periods(line.plain, line.months, own)])
            own.extend([*days_without_year(line.plain, line.months, own, anchor)])


def _in_combs(line: LineText) -> Iterator[Found]:
    yield from amounts(line.plain)
    yield from dates(line.plain, line)
    yield from comb_dates(line)


def _order(piece: tuple[int, Found]) -> tuple[int, int, int, int]:
    at, one = piece
    return at, one.start, one.end, _KINDS[one.kind]


def _once(found: Iterable[Found]) -> list[Found]:
    """Return one value of a kind for each place, the last that was found there."""
    return list({(one.kind, one.start, one.end): one for one in found}.values())


def _span(line: LineText, one: Found, words: Sequence[ReadWord]) -> Span:
    return Span(
        kind=one.kind,
        words=line.words(one.start, one.end),
        content=line.text[one.start : one.end],
        value=one.value,
        us_value=one.us_value,
        box=line.box(one.start, one.end, words),
    )


def _finders(line: LineText, mark: str) -> Iterator[Found]:
    """Yield what mending finds first: where both find a value at one place, the text as it stands wins."""
    yield from emails(line.plain)
    yield from urls(line.plain)
    if not line.has_digits:
        return
    if (better := mended(line.plain)) != line.plain:
        yield from amounts(better, mark)
        yield from dates(better, line)
    if (better := mended_days(line.plain)) != line.plain:
        yield from named_dates(better, named_months(folded(better)))
    yield from amounts(line.plain, mark)
    found = list(dates(line.plain, line))
    yield from found
    if (better := mended_codes(line.plain)) != line.plain:
        yield from phones(better)
    yield from phones(line.plain, [one for one in found if _WITH_YEAR.search(line.plain, one.start, one.end)])
