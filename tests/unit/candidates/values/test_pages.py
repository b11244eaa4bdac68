from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_candidates.values import spans_of
from capforge_candidates.values.spans import MAX_SPANS
from capforge_contracts.reading import ReadWord, Span, SpanKind
from tests.unit.candidates.values.printed import seeded, spans, words_of

MAX_SECONDS = 10.0
"""Of the processor, for 100 words of 256 characters each: they take a quarter. Quadratic work would take an hour."""
HOSTILE = [
    *("1", "1.", "1,", "1 ", "0 ", ".1", "1'", "1-", "1/1/", "+1", "€1", "1e5", "1年1月", "99999999"),
    *("a@", "@", "a@b.", "www.", "http://", "a.", "a", "(", "-", "May ", "May.1.2", "O1.O", "1O", "a1", "%a", "\uff0e"),
    *("1.5.24 03.05. ", "1 May - 2 May 2024 ", "1-2 May 2024 ", "1 2 3 4 ", "(1 ) ", "a. b@c.de. ", "1 / 2 ", "- 1 "),
]


def page(text: str, words: int) -> list[ReadWord]:
    """All on one line."""
    step = 1 / words
    return [ReadWord(text=text, box=[n * step, 0.1, (n + 0.9) * step, 0.2], line=0) for n in range(words)]


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_takes_long_or_becomes_much(piece: str):
    words = page((piece * 256)[:256], 100)
    start = time.process_time()
    found = spans_of(words)
    assert time.process_time() - start < MAX_SECONDS
    assert len(found) <= MAX_SPANS


@seeded
@given(st.lists(st.text(max_size=12) | st.from_regex(r"[0-9.,/ €$-]{1,12}", fullmatch=True), max_size=12))
def test_any_words_give_spans_that_point_into_them(texts: list[str]):
    words = [
        ReadWord(text=text, box=[n * 0.05, 0.1, n * 0.05 + 0.04, 0.2], line=n // 4) for n, text in enumerate(texts)
    ]
    for span in spans_of(words):
        check(span, words)


def check(span: Span, words: list[ReadWord]) -> None:
    assert span.words == list(range(span.words[0], span.words[-1] + 1))
    assert len({words[at].line for at in span.words}) == 1
    assert span.content.strip() in " ".join(words[at].text for at in span.words)
    x0, y0, x1, y1 = span.box
    assert x0 < x1
    assert y0 < y1
    assert x0 >= words[span.words[0]].box[0] - 1e-9
    assert x1 <= words[span.words[-1]].box[2] + 1e-9
    if span.kind is SpanKind.AMOUNT:
        assert float(span.value) == float(span.value)


def test_spans_come_in_the_order_of_the_page():
    found = spans("a 1.00", "b 12/01/2019 2.00", "c 3.00")
    assert [span.words[0] for span in found] == sorted(span.words[0] for span in found)


def test_the_same_words_give_the_same_spans():
    words = words_of("TOTAL RM 1 234,50", "12 Jan 2019 info @ shop.com +49 30 123456")
    assert spans_of(words) == spans_of(list(words))


def test_values_do_not_cross_lines():
    assert not [span for span in spans("12 January", "2019") if span.kind is SpanKind.DATE]


def test_narrow_words_are_no_columns():
    printed = {"issued": 0.06, "1": 0.003, "/": 0.003, "5": 0.003, "/ ": 0.003, "2024": 0.04}
    lefts = [0.0, 0.08, 0.10, 0.12, 0.14, 0.16]
    words = [
        ReadWord(text=text.strip(), box=[left, 0.0, left + width, 0.02], line=0)
        for left, (text, width) in zip(lefts, printed.items(), strict=True)
    ]
    assert "2024-05-01" in [span.value for span in spans_of(words)]


def test_a_page_without_words_has_no_values():
    assert spans_of([]) == []
