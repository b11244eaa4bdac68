"""Currencies beside a number. The names are price-parser's."""

from __future__ import annotations

import re

from price_parser import parser as prices

SYMBOL_IN_NUMBER = "€$£¥₹₽"
"""What stands in place of the decimal mark in some countries: 12€50."""
_MAX_CHARS = 6
_NAMES = frozenset(
    name.strip().casefold()
    for name in (*prices.OTHER_CURRENCY_SYMBOLS, *prices.SAFE_CURRENCY_SYMBOLS, "円", "元", "원")
    if 0 < len(name.strip()) <= _MAX_CHARS and not set(name.strip()) <= set("-.'")
)
_BEFORE = re.compile(r"(?:[^\W\d_]|[$\u00a2-\u00a5\u058f\u060b\u09f2\u09f3\u0e3f\u17db\u20a0-\u20cf.])+$")
_AFTER = re.compile(r"(?:[^\W\d_]|[$\u00a2-\u00a5\u058f\u060b\u09f2\u09f3\u0e3f\u17db\u20a0-\u20cf])+\.?")


def currency_before(plain: str, start: int) -> int | None:
    """Return where the currency begins that stands before `start`, with at most one space between, or None."""
    end = start - 1 if plain[start - 1 : start] == " " else start
    if end <= 0:
        return None
    match = _BEFORE.search(plain[max(0, end - _MAX_CHARS - 1) : end])
    name = match.group().casefold() if match else ""
    return end - len(name) if name in _NAMES or name.rstrip(".") in _NAMES else None


def currency_after(plain: str, end: int) -> int | None:
    """Return where the currency ends that stands behind `end`, with at most one space between, or None."""
    begin = end + 1 if plain[end : end + 1] == " " else end
    match = _AFTER.match(plain, begin, begin + _MAX_CHARS + 1)
    if match is None:
        return None
    name = match.group()
    if name.casefold() not in _NAMES:
        name = name.rstrip(".")
    return begin + len(name) if name.casefold() in _NAMES else None
