from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.reading import SpanKind
from tests.unit.candidates.values.printed import of_kind, seeded, span_with, values

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 1))
LENGTHS = st.integers(1, 300).map(lambda days: timedelta(days=days))


def dates(*lines: str) -> list[str]:
    return values(SpanKind.DATE, *lines)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1-15 May 2024", "2024-05-01", "2024-05-15"),
        ("1. - 15. Mai 2024", "2024-05-01", "2024-05-15"),
        ("1. bis 15. Mai 2024", "2024-05-01", "2024-05-15"),
        ("du 1er au 15 mai 2024", "2024-05-01", "2024-05-15"),
        ("1 t/m 15 mei 2024", "2024-05-01", "2024-05-15"),
        ("1 & 15 May 2024", "2024-05-01", "2024-05-15"),
        ("01.-15.05.2024", "2024-05-01", "2024-05-15"),
        ("01.05.-15.06.2024", "2024-05-01", "2024-06-15"),
        ("01.05. - 15.06.2024", "2024-05-01", "2024-06-15"),
        ("20.12. - 10.01.2025", "2024-12-20", "2025-01-10"),
        ("1 May - 15 June 2024", "2024-05-01", "2024-06-15"),
        ("20 Dec to 10 Jan 2025", "2024-12-20", "2025-01-10"),
        ("del 1 de mayo al 15 de junio de 2024", "2024-05-01", "2024-06-15"),
        ("May 1-15, 2024", "2024-05-01", "2024-05-15"),
        ("May 1 - June 15, 2024", "2024-05-01", "2024-06-15"),
        ("01.05.2024-15.05.2024", "2024-05-01", "2024-05-15"),
        ("01/05/24-15/05/24", "2024-05-01", "2024-05-15"),
        ("01/2019-03/2021", "2019-01", "2021-03"),
    ],
)
def test_both_ends_of_a_period_are_found(text: str, first: str, last: str):
    assert {first, last} <= set(dates(f"Period: {text}")), text


@seeded
@given(DAYS, LENGTHS, st.sampled_from([" - ", "-", " to ", " bis ", " au "]))
def test_the_first_day_takes_the_year_of_the_last(first: date, length: timedelta, to: str):
    last = first + length
    text = f"{first.day} {MONTHS[first.month - 1]}{to}{last.day} {MONTHS[last.month - 1]} {last.year}"
    assert {first.isoformat(), last.isoformat()} <= set(dates(text)), text


def test_a_first_day_is_read_by_the_fields_convention():
    span = span_with(of_kind(SpanKind.DATE, "03/04 - 05/06/2024"), "2024-04-03")
    assert span.us_value == "2024-03-04"


@pytest.mark.parametrize("text", ["03.05.", "03. 05.", "3 May", "3. Mai", "03MAY", "May 3", "3 de mayo"])
def test_a_day_without_a_year_is_of_the_pages_year(text: str):
    assert "2024-05-03" in dates("Statement of 31.05.2024", f"{text} salary", "02.05.2024 rent")


@pytest.mark.parametrize(("row", "value"), [("20.12.", "2024-12-20"), ("05.01.", "2025-01-05")])
def test_it_is_the_year_that_is_nearest(row: str, value: str):
    assert value in dates("Statement of 10.01.2025", f"{row} salary")


def test_the_year_that_the_page_names_most_counts():
    assert "2024-05-03" in dates("born 01.05.1980", "from 01.05.2024 to 31.05.2024", "03.05. salary")


def test_days_and_months_in_digits_may_be_either_and_may_be_a_month():
    found = of_kind(SpanKind.DATE, "of 31.05.2024", "03/05 salary")
    assert span_with(found, "2024-05-03").us_value == "2024-03-05"
    assert span_with(found, "2005-03")


@pytest.mark.parametrize("text", ["03.05. salary", "3 May", "1.2. The tenant", "12.30"])
def test_a_page_without_full_dates_tells_no_year(text: str):
    assert not dates(text)


@pytest.mark.parametrize("text", ["1.2. The tenant pays", "12.30 each", "45.13. no", "03.05.7 x"])
def test_numbers_of_paragraphs_and_amounts_are_no_days(text: str):
    assert dates("of 31.05.2024", text) == ["2024-05-31"]


def test_two_halves_of_a_number_are_no_period():
    assert not dates("1. 2012-0021")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("15 V 2024 r.", "2024-05-15"),
        ("15/XII/2024", "2024-12-15"),
        ("15.VIII.2024", "2024-08-15"),
        ("the 1st day of May, 2024", "2024-05-01"),
    ],
)
def test_what_contracts_and_offices_write_is_understood(text: str, value: str):
    assert value in dates(text)
