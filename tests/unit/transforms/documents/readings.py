"""A small reading: two pages of words with the values that they spell."""

from __future__ import annotations

from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord, Span, SpanKind

CHAR = 0.01


def page(page_id: int, *lines: str, spans: tuple[Span, ...] = ()) -> ReadPage:
    words = []
    for number, line in enumerate(lines):
        at = 0
        for text in line.split():
            top = 0.05 * number
            words.append(ReadWord(text=text, box=[at * CHAR, top, (at + len(text)) * CHAR, top + 0.03], line=number))
            at += len(text) + 1
    return ReadPage(page_id=page_id, width=1000, height=1400, words=words, spans=list(spans))


def span(kind: SpanKind, words: list[int], content: str, value: str, us_value: str | None = None) -> Span:
    return Span(kind=kind, words=words, content=content, value=value, us_value=us_value, box=[0.1, 0.1, 0.2, 0.2])


def reading(*pages: ReadPage) -> Reading:
    return Reading(sha256="a" * 64, engine=Engine.GIVEN, engine_version="given", pages=list(pages))


RECEIPT = reading(
    page(
        0,
        "Corner Shop",
        "Total 12.00 on 01/02/2019",
        "Tel 030-123456 x@y.de",
        spans=(
            span(SpanKind.AMOUNT, [3], "12.00", "12.00"),
            span(SpanKind.DATE, [5], "01/02/2019", "2019-02-01", "2019-01-02"),
            span(SpanKind.PHONE, [7], "030-123456", "030123456"),
            span(SpanKind.EMAIL, [8], "x@y.de", "x@y.de"),
        ),
    ),
    page(1, "Total 12.50", spans=(span(SpanKind.AMOUNT, [1], "12.50", "12.50"),)),
)
