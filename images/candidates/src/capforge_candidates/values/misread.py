"""Letters that engines read for digits: `1O.5O` is probably 10.50."""

from __future__ import annotations

import re

_LIKE_DIGITS = "OoQDIl|iZzSBGg"
_DIGITS = str.maketrans(_LIKE_DIGITS, "00001111225866")
_GROUP = rf"[\d{re.escape(_LIKE_DIGITS)}]"
_TOKEN = re.compile(rf"(?:(?<![^\W_])|(?<=[^\W\d_])(?=\d)){_GROUP}{{1,8}}(?:[.,/\-']{_GROUP}{{1,8}}){{1,8}}(?![^\W_])")
_SHORT_TOKEN = re.compile(
    r"(?<![^\W_])[12]\d\d[BSZz](?![^\W_])"
    r"|(?<![^\W_])(?:\d[\dOoIl|]{1,3}|[OoIl|]\d[\dOoIl|]{0,2})(?![\dOoIl|])"
    r"|(?<=[^\W\d_])\d[\dOoIl|]{1,3}(?![^\W_])"
)
"""A year; a day or year; a year behind a month's name."""
_CODE = re.compile(rf"(?<![^\W_]){_GROUP}{{2,16}}(?![^\W_])")
_GROUPS = re.compile(r"[.,/\-']")
_LAST_GROUP_DIGITS = frozenset({2, 4})
"""Cents or a year. Not three: `5.00S` is 5.00 and a letter."""


def mended(plain: str) -> str:
    """Return the line as long as before, with digits for the letters inside what is otherwise a number or a date."""
    if plain.isdigit():
        return plain
    return _TOKEN.sub(_mend, plain)


def mended_days(plain: str) -> str:
    """Return the line as long as before, with digits for letters in what may be a day or a year: `l7 AUG 2O12`.

    More of it becomes digits than should, so it is only good for looking for dates.
    """
    return _SHORT_TOKEN.sub(lambda match: match.group().translate(_DIGITS), plain)


def mended_codes(plain: str) -> str:
    """Return the line as long as before, with digits for letters in groups that are mostly digits: `045l3`.

    More of it becomes digits than should, so it is only good for looking for phone numbers.
    """
    return _CODE.sub(_mend_code, plain)


def _mend_code(match: re.Match[str]) -> str:
    group = match.group()
    return group.translate(_DIGITS) if 2 * sum(map(str.isdigit, group)) > len(group) else group


def _mend(match: re.Match[str]) -> str:
    token = match.group()
    groups = _GROUPS.split(token)
    if not any(map(str.isdigit, token)) or len(groups[-1]) not in _LAST_GROUP_DIGITS:
        return token
    return token.translate(_DIGITS)
