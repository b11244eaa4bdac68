# ruff: noqa: RUF001 - the point is that people write in all scripts
from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from capforge_contracts.reading import SpanKind
from tests.unit.candidates.values.printed import of_kind, seeded, span_with, values, words_of

CURRENCIES = [
    "",
    "$",
    "€",
    "£",
    "¥",
    "₹",
    "RM",
    "CHF",
    "kr",
    "zł",
    "R$",
    "Rp",
    "USD",
    "EUR",
    "Kč",
    "₪",
    "฿",
    "S$",
    "Rs.",
]
STYLES = [
    (",", "."),
    (".", ","),
    (" ", ","),
    (" ", "."),
    ("'", "."),
    ("\u2019", "."),
    ("", "."),
    ("", ","),
    ("\u00a0", ","),
]
"""Mark of thousands and decimal mark."""
LABELS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzéüñçşłЖД合計"), min_size=3, max_size=9)


def amounts(*lines: str) -> list[Decimal]:
    return [Decimal(value) for value in values(SpanKind.AMOUNT, *lines)]


def grouped(digits: str, mark: str, *, indian: bool = False) -> str:
    head, tail = digits[:-3], digits[-3:]
    size = 2 if indian else 3
    groups = []
    while head:
        groups.insert(0, head[-size:])
        head = head[:-size]
    return mark.join([*groups, tail])


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Decimal]:
    """An amount as somebody in the world may write it, and what it is."""
    whole, cents = draw(st.integers(0, 10**9)), draw(st.integers(0, 99))
    thousands, mark = draw(st.sampled_from(STYLES))
    number = f"{grouped(str(whole), thousands)}{mark}{cents:02}"
    currency, glue = draw(st.sampled_from(CURRENCIES)), draw(st.sampled_from(["", " "]))
    text = draw(st.sampled_from([f"{currency}{glue}{number}", f"{number}{glue}{currency}"])).strip()
    return text, Decimal(f"{whole}.{cents:02}")


@seeded
@given(written(), LABELS, st.sampled_from(["{label} {text}", "{label}: {text}", "{label}:{text}", "{text} {label}"]))
@example(("1 234,50", Decimal("1234.50")), "total", "{label} {text}")
@example(("1.000,50 €", Decimal("1000.50")), "summe", "{label} {text}")
def test_an_amount_is_found_however_it_is_written(amount: tuple[str, Decimal], label: str, line: str):
    text, value = amount
    assert value in amounts(line.format(label=label, text=text))


@seeded
@given(st.integers(1, 10**9), st.sampled_from([mark for mark, _ in STYLES]))
def test_a_whole_amount_is_found(whole: int, mark: str):
    assert Decimal(whole) in amounts(f"total {grouped(str(whole), mark)}")


@seeded
@given(st.integers(1, 10**9), st.integers(0, 99))
def test_indian_groups_are_understood(whole: int, cents: int):
    text = f"{grouped(str(whole), ',', indian=True)}.{cents:02}"
    assert Decimal(f"{whole}.{cents:02}") in amounts(f"Rs. {text}/-")


@seeded
@given(st.integers(1000, 10**9), st.integers(0, 99), st.randoms())
def test_spaces_that_an_engine_puts_around_the_marks_do_no_harm(whole: int, cents: int, random: Random):
    text = f"{grouped(str(whole), ',')}.{cents:02}"
    broken = "".join(random.choice([f" {one}", f"{one} ", f" {one} ", one]) if one in ",." else one for one in text)
    assert Decimal(f"{whole}.{cents:02}") in amounts(f"total {broken}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,000,876.93", "1000876.93"),
        ("$98.78", "98.78"),
        ("$ 98.78", "98.78"),
        ("RM 5.00", "5.00"),
        ("TOTAL:33.90", "33.90"),
        ("TOTAL33.90", "33.90"),
        ("33.90TL", "33.90"),
        ("(12.00)", "-12.00"),
        ("($12.00)", "-12.00"),
        ("-5.00", "-5.00"),
        ("-$5.00", "-5.00"),
        ("$-5.00", "-5.00"),
        ("−5,00", "-5.00"),
        ("5.00-", "-5.00"),
        ("Saldo:-5.00", "5.00"),
        ("glucose 22. 1 mg", "22.1"),
        ("- 12.30", "-12.30"),
        ("Saldo - 12,30 €", "-12.30"),
        ("Saldo - 12,30 €", "12.30"),
        ("12,30 -", "-12.30"),
        ("( 12.30 )", "-12.30"),
        ("( € 12.30 )", "-12.30"),
        ("0.00", "0.00"),
        ("-0.00", "0.00"),
        (".50", "0.50"),
        ("12€50", "12.50"),
        ("10,-", "10"),
        ("10.--", "10"),
        ("500/-", "500"),
        ("6%", "6"),
        ("1.234.50", "1234.50"),
        ("1,234,50", "1234.50"),
        ("42 50", "42.50"),
        ("1.234", "1234"),
        ("0.500", "0.500"),
        ("1234.500", "1234.500"),
        ("007", "7"),
        ("2x3.50", "3.50"),
        ("3.50x2", "3.50"),
        ("35.5X25.5CM", "25.5"),
        ("12.50/15.50", "15.50"),
        ("12.50,13.50", "13.50"),
        ("1,234円", "1234"),
        ("１，２３４円", "1234"),
        ("￥１２３．４５", "123.45"),
        ("١٬٢٣٤٫٥٠", "1234.50"),
        ("१२,३४५.५०", "12345.50"),
        ("๑๒๓.๕๐", "123.50"),
        ("1O.5O", "10.50"),
        ("l2.3S", "12.35"),
        ("Rs5O8.97", "508.97"),
    ],
)
def test_what_people_print_is_understood(text: str, value: str):
    assert value in values(SpanKind.AMOUNT, text)


@pytest.mark.parametrize(
    "text", ["12/05/2019", "2019-05-12", "12:30:45", "192.168.100.10", "EZ10HD05", "03-8061", "1" * 19]
)
def test_dates_times_and_codes_are_no_amounts(text: str):
    assert not values(SpanKind.AMOUNT, text)


def test_what_may_be_one_number_or_two_is_both():
    assert {"1", "1234.50", "234.50"} == set(values(SpanKind.AMOUNT, "1 234,50"))


def test_numbers_in_different_columns_are_not_put_together():
    assert set(values(SpanKind.AMOUNT, "1      234,50")) == {"1", "234.50"}


@pytest.mark.parametrize("text", ["5.0 - 7.5", "12.50 - 15.50", "- 0.00", "12.50 - paid"])
def test_a_dash_between_two_values_is_no_minus(text: str):
    assert not [value for value in values(SpanKind.AMOUNT, text) if value.startswith("-")]


def test_three_digits_behind_a_mark_are_thousands_and_decimals_where_nothing_tells():
    assert set(values(SpanKind.AMOUNT, "weight 27.177kg")) == {"27177", "27.177"}
    assert set(values(SpanKind.AMOUNT, "sum € 27.177")) == {"27177"}
    assert set(values(SpanKind.AMOUNT, "weight 27.177kg", "paid 3,50")) == {"27177", "3.50"}
    assert set(values(SpanKind.AMOUNT, "weight 27.177kg", "sodium 5.4")) == {"27.177", "5.4"}


@pytest.mark.parametrize(("page", "value"), [("12,50", "1234"), ("12.50", "1.234")])
def test_a_page_tells_what_its_point_means(page: str, value: str):
    assert value in values(SpanKind.AMOUNT, f"a {page}", f"b {page}", "c 1.234")


def test_a_part_of_a_word_has_its_part_of_the_box():
    (word,) = words_of("TOTAL:33.90")
    (span,) = of_kind(SpanKind.AMOUNT, "TOTAL:33.90")
    assert (span.content, span.words) == ("33.90", [0])
    assert span.box == pytest.approx([0.06, word.box[1], 0.11, word.box[3]])


def test_a_value_of_several_words_has_all_their_boxes():
    span = span_with(of_kind(SpanKind.AMOUNT, "total $ 1 , 000 . 50"), "1000.50")
    assert (span.content, span.words) == ("$ 1 , 000 . 50", [1, 2, 3, 4, 5, 6])
    assert span.box[0] == pytest.approx(0.06)
    assert span.box[2] == pytest.approx(0.20)
