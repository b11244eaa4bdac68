"""Characters in boxes of their own."""

from __future__ import annotations

import pytest

from capforge_contracts.reading import SpanKind
from tests.unit.candidates.values.printed import of_kind, spans, values


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        ("1 5 0 5 2 0 2 4", SpanKind.DATE, "2024-05-15"),
        ("1 5 . 0 5 . 2 0 2 4", SpanKind.DATE, "2024-05-15"),
        ("1 5 0 5 2 4", SpanKind.DATE, "2024-05-15"),
        ("2 0 2 4 0 5 1 5", SpanKind.DATE, "2024-05-15"),
        ("1  5  0  5  2  0  2  4", SpanKind.DATE, "2024-05-15"),
        ("1 2 3 4 , 5 6", SpanKind.AMOUNT, "1234.56"),
        ("9 8 7 6", SpanKind.AMOUNT, "9876"),
    ],
)
def test_single_characters_at_even_steps_are_one_value(line: str, kind: SpanKind, value: str):
    assert value in values(kind, f"Born: {line}")


def test_it_has_the_boxes_of_all_its_characters():
    (span,) = [one for one in of_kind(SpanKind.DATE, "Born: 1 5 0 5 2 0 2 4") if one.value == "2024-05-15"]
    assert span.words == list(range(1, 9))
    assert span.content == "15052024"
    assert (span.box[0], span.box[2]) == pytest.approx((0.06, 0.21))


def test_month_and_day_may_be_the_other_way_round():
    (span,) = [one for one in of_kind(SpanKind.DATE, "0 5 0 6 2 0 2 4") if one.value == "2024-06-05"]
    assert span.us_value == "2024-05-06"


@pytest.mark.parametrize("line", ["1 2 3", "1 2 a 3 4", "1     2     3 4 5"])
def test_a_few_digits_that_happen_to_stand_alone_are_none(line: str):
    assert not [one for one in spans(line) if len(one.content) > 3 and " " not in one.content]
