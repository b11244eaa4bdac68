"""What people of some ninety locales write, as Faker makes it up: none of it was chosen by us."""

from __future__ import annotations

import pytest
from faker import Faker
from faker.config import AVAILABLE_LOCALES

from capforge_contracts.reading import SpanKind
from tests.unit.candidates.values.printed import values

_BROKEN = {"bn_BD", "fr_QC"}
"""Faker's own price of the first raises; the second is an old name."""
LOCALES = sorted({locale for locale in AVAILABLE_LOCALES if "_" in locale} - _BROKEN)
EACH = 5
SHORTEST = 6
"""Digits; shorter numbers (of the police) are no candidates."""


def digits(text: str) -> str:
    return "".join(str(int(letter)) for letter in text if letter.isdecimal())


@pytest.fixture(params=LOCALES, scope="module")
def somebody(request: pytest.FixtureRequest) -> Faker:
    faker = Faker(request.param)
    faker.seed_instance(7)
    return faker


def test_what_people_write_is_found(somebody: Faker):
    for _ in range(EACH):
        price, mail, page = somebody.pricetag(), somebody.email(), somebody.url()
        amounts = {value.strip("-").replace(".", "").lstrip("0") for value in values(SpanKind.AMOUNT, f"total {price}")}
        assert digits(price).lstrip("0") in amounts, price
        assert mail.lower() in [value.lower() for value in values(SpanKind.EMAIL, f"mail {mail}")], mail
        assert page.removesuffix("/") in values(SpanKind.URL, f"see {page}"), page


def test_numbers_that_people_call_are_found(somebody: Faker):
    if not hasattr(somebody, "phone_number"):  # Faker has none of this locale
        return
    for _ in range(EACH):
        phone = somebody.phone_number()
        number = digits(phone.lower().partition("x")[0])
        found = [digits(value) for value in values(SpanKind.PHONE, f"tel {phone}")]
        assert len(number) < SHORTEST or any(value.endswith(number[-SHORTEST:]) for value in found), phone
