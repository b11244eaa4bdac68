"""The forms of a text that values are found in: as long as it is, character by character."""

from __future__ import annotations

import unicodedata

_LIKENESSES = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63", "-"),
        **dict.fromkeys("\u2018\u2019\u201b\u2032\u00b4\u0060\u02bc", "'"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000\r\n\v\f\t", " "),
        "\u066b": ".",  # Arabic decimal mark
        "\u066c": ",",  # Arabic mark of thousands
        "\u3001": ",",
        "\u3002": ".",
        "\u2044": "/",
        "\u2215": "/",
    }
)
_WIDE = range(0xFF01, 0xFF5F)
"""Wide forms of ASCII, in its order."""
_WIDE_AHEAD = 0xFEE0
_DOTLESS = "\u0131"
"""Turkish: its capital is I, as in every other language."""


def plain_text(text: str) -> str:
    """Return the text with the digits 0-9, one kind of dash, apostrophe, point, comma and space."""
    if text.isascii() and "`" not in text:
        return text
    return "".join(map(_plain, text.translate(_LIKENESSES)))


def folded(text: str) -> str:
    """Return the text in lower case without accents, as long as before."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    return chr(ord(letter) - _WIDE_AHEAD) if ord(letter) in _WIDE else letter


def _folded(letter: str) -> str:
    base = "i" if letter == _DOTLESS else unicodedata.normalize("NFD", letter)[0]
    lower = base.lower()
    return lower if len(lower) == 1 else base
