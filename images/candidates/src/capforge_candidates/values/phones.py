"""Phone numbers, national and international."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import phonenumbers

from capforge_candidates.values.found import Found
from capforge_contracts.reading import SpanKind

_PHONE = re.compile(
    r"(?:(?<![\w.,/\-])|(?<=[^\W\d_])(?=\+))(?:\+ ?\(?|\(\+?)?"
    r"\d(?:[ ./\-()]{0,3}\d){5,16}(?:(?!\w)(?![./\-]\d)|(?=[xX]\d))"
)
"""An extension (`x12`) may follow: it is not part of the number."""
_MIN_DIGITS, _MAX_DIGITS = 6, 15
_MIN_DIGITS_WITH_POINTS = 8
"""Fewer in groups of different lengths are amounts: `1.234.50`."""
_STROKE = re.compile(r" [/-] ")
_STROKE_CHARS = 3
_BLANK = "\x1f"
_NOT_DIGITS = re.compile(r"\D")
_CENTS = re.compile(r"(?<![\d.])\d+\.\d\d(?![\d.])")


def phones(plain: str, taken: Sequence[Found] = ()) -> Iterator[Found]:
    """Yield what may be a phone number: with a country's code as E.164, else its digits.

    `taken` are stretches that only a number with `+` may begin in. What stands beside a stroke or a taken stretch is
    also read without it: `030 123456 / 030 654321` are two numbers, `030 / 12 34 56` is one.
    """
    for match in _PHONE.finditer(plain):
        if "+" in match.group() or not _is_taken(match.start(), taken):
            yield from _number(match)
    for text in _cut(plain, taken):
        for match in _PHONE.finditer(text):
            yield from _number(match)


def _cut(plain: str, taken: Sequence[Found]) -> Iterator[str]:
    """Yield the line, as long as before, without strokes between words, and without what is taken."""
    if _STROKE.search(plain):
        yield _STROKE.sub(_BLANK * _STROKE_CHARS, plain)
    if taken:
        letters = list(plain)
        for one in taken:
            letters[one.start : one.end] = _BLANK * (one.end - one.start)
        yield "".join(letters)


def _number(match: re.Match[str]) -> Iterator[Found]:
    text = match.group()
    value = _value(text)
    if value is not None and ("+" in text or not _has_cents(text, len(value))):
        yield Found(SpanKind.PHONE, match.start(), match.end(), value)


def _value(text: str) -> str | None:
    digits = _NOT_DIGITS.sub("", text)
    if not _MIN_DIGITS <= len(digits) <= _MAX_DIGITS + 2:
        return None
    international = f"+{digits}" if "+" in text else f"+{digits[2:]}" if digits.startswith("00") else None
    if international is None:
        return digits if len(digits) <= _MAX_DIGITS else None
    try:
        number = phonenumbers.parse(international)
    except phonenumbers.NumberParseException:
        return digits
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_taken(start: int, taken: Sequence[Found]) -> bool:
    return any(one.start <= start < one.end for one in taken)


def _has_cents(text: str, digits: int) -> bool:
    """Tell whether this is a row of amounts, as `3.50 7.00`, or one in groups, as `1.234.50`."""
    if _CENTS.search(text):
        return True
    is_even = len({len(group) for group in text.split(".")}) == 1
    return "." in text and digits < _MIN_DIGITS_WITH_POINTS and not is_even
