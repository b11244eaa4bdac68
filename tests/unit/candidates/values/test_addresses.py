from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.reading import SpanKind
from tests.unit.candidates.values.printed import seeded, values

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
FORMATS = [phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164]
LOCAL = st.from_regex(r"[a-z][a-z0-9]{0,8}([._-][a-z0-9]{1,6})?", fullmatch=True)
HOST = st.from_regex(r"[a-z][a-z0-9]{2,10}(-[a-z0-9]{2,5})?", fullmatch=True)
ENDINGS = st.sampled_from(["com", "de", "co.uk", "com.my", "fr", "org", "io", "com.br", "info"])


@seeded
@given(LOCAL, HOST, ENDINGS, st.sampled_from(["{}", "mail:{}", "E-Mail: {}", "<{}>", "{}.", "({})", "{},"]))
def test_an_email_address_is_found(local: str, host: str, ending: str, line: str):
    address = f"{local}@{host}.{ending}"
    assert address in values(SpanKind.EMAIL, line.format(address))


@seeded
@given(LOCAL, HOST, ENDINGS, st.sampled_from(["{} @{}.{}", "{}@ {}.{}", "{} @ {}.{}", "{}@{} .{}", "{}@{}. {}"]))
def test_spaces_that_an_engine_puts_into_an_address_do_no_harm(local: str, host: str, ending: str, style: str):
    ending = ending.rpartition(".")[2]
    assert f"{local}@{host}.{ending}" in values(SpanKind.EMAIL, style.format(local, host, ending))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("john. doe@example.com", "john.doe@example.com"),
        ("john. doe@example.com", "doe@example.com"),
        ("anna@mail. example. com", "anna@mail.example.com"),
        ("anna @ example . co . uk", "anna@example.co.uk"),
        ("a@example.de/b@example.de", "b@example.de"),
        ("o'brien@example.ie", "o'brien@example.ie"),
        ("'anna@example.com'", "anna@example.com"),
        ("Write to anna@example.de. All is well", "anna@example.de"),
        ("anna@mail.example. co.uk", "anna@mail.example.co.uk"),
        ("anna@example . museum", "anna@example.museum"),
    ],
)
def test_an_address_in_pieces_is_found_whole(text: str, value: str):
    assert value in values(SpanKind.EMAIL, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("www. example. com", "www.example.com"),
        ("https : //example.com", "https://example.com"),
        ("https://example. com/pay", "https://example.com/pay"),
        ("portal.example.berlin/login", "portal.example.berlin/login"),
        ("see example.photography", "example.photography"),
    ],
)
def test_a_web_address_in_pieces_or_with_a_new_ending_is_found(text: str, value: str):
    assert value in values(SpanKind.URL, text)


@pytest.mark.parametrize("text", ["@home", "3 @ 4.50", "a@b", "@", "price@", "@@..com"])
def test_what_has_an_at_sign_is_no_address_for_that(text: str):
    assert not values(SpanKind.EMAIL, text)


@seeded
@given(
    st.sampled_from(["https://", "http://", "www.", "https://www.", ""]),
    HOST,
    ENDINGS,
    st.sampled_from(["", "/", "/shop?id=3", "/a/b.html"]),
    st.sampled_from(["{}", "web: {}", "({})", "{}."]),
)
def test_a_web_address_is_found(start: str, host: str, ending: str, path: str, line: str):
    address = f"{start}{host}.{ending}{path}"
    found = values(SpanKind.URL, line.format(address))
    assert address.removesuffix("/") in found


def test_scheme_and_host_are_told_in_lower_case():
    assert values(SpanKind.URL, "HTTPS://Shop.Example.COM/Path") == ["https://shop.example.com/Path"]


@pytest.mark.parametrize("text", ["D.I.Y.", "33.90", "e.g.", "No.Address.Zzzz", "no.abc", "info@shop.com"])
def test_points_alone_make_no_web_address(text: str):
    assert not values(SpanKind.URL, text)


@seeded
@given(st.sampled_from(REGIONS), st.sampled_from(FORMATS), st.sampled_from(["{}", "Tel: {}", "TEL:{}", "Fax {}"]))
def test_numbers_of_every_country_are_found(region: str, form: int, line: str):
    number = phonenumbers.example_number(region)
    text = phonenumbers.format_number(number, form)
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) in values(
        SpanKind.PHONE, line.format(text)
    ), text


@seeded
@given(st.sampled_from(REGIONS))
def test_national_numbers_are_found_as_their_digits(region: str):
    number = phonenumbers.example_number(region)
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = "".join(filter(str.isdigit, text))
    if len(digits) >= 6:
        assert digits in values(SpanKind.PHONE, f"Tel. {text}"), text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+49 (0)30 123456", "+4930123456"),
        ("0049 30 123456", "+4930123456"),
        ("(021) 555-0134", "0215550134"),
        ("03-8061 1888", "0380611888"),
        ("01.23.45.67.89", "0123456789"),
        ("+1-800-555-0199", "+18005550199"),
        ("630.440.1198x03649", "6304401198"),
        ("(07).5266.7869", "0752667869"),
        ("07182 045l3", "0718204513"),
        ("T+49 30 123456", "+4930123456"),
        ("+(49) 30 123456", "+4930123456"),
        ("030 123456 / 030 654321", "030123456"),
        ("030 123456 / 030 654321", "030654321"),
        ("030 / 12 34 56", "030123456"),
        ("030 123456 12.05.2024", "030123456"),
    ],
)
def test_what_people_print_is_understood(text: str, value: str):
    assert value in values(SpanKind.PHONE, text)


@pytest.mark.parametrize("text", ["12/01/2019 10:30", "3.50 7.00", "1.234.50", "12345", "1,234,567"])
def test_dates_and_amounts_are_no_numbers_to_call(text: str):
    assert not values(SpanKind.PHONE, text)
