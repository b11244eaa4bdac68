"""Text as hashed pieces: whole word, its ends, its shape, its letters in threes. The same everywhere, no vocabulary."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache

BUCKETS = 8192
"""Pieces are hashed into 1..BUCKETS; 0 is no piece."""
GRAMS = 14
"""Pieces of one token at most."""
_TRIGRAMS = GRAMS - 4
_DIGIT = re.compile(r"\d")
_RUNS = re.compile(r"(.)\1+")


def folded(text: str) -> str:
    """Return the text in lower case, without accents, each digit as 0: numbers of one form are one word."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(one for one in decomposed if not unicodedata.combining(one))
    return _DIGIT.sub("0", text.casefold())


def bare(text: str) -> str:
    """Return what equality of texts is judged by: letters and digits alone, without case and accents."""
    decomposed = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(one for one in decomposed.casefold() if one.isalnum())


def shape_of(text: str) -> str:
    """Return the form of a text, runs as one: `Ab-12` is `Xx-0`."""
    kinds = "".join(_letter_kind(one) for one in text)
    return _RUNS.sub(r"\1\1", kinds)


@lru_cache(maxsize=65536)
def word_grams(text: str) -> tuple[int, ...]:
    """Return the hashed pieces of a word, at most GRAMS."""
    low = folded(text)
    core = low.strip(" .,:;()[]{}*#-_'\"!?/\\|<>=") or low
    pieces = [f"w:{core}", f"p:{core[:4]}", f"s:{core[-3:]}", f"x:{shape_of(text)[:8]}"]
    pieces.extend(f"t:{three}" for three in _threes(core))
    return tuple(_hashed(piece) for piece in pieces[:GRAMS])


def span_grams(kind: str, content: str, rest: str) -> tuple[int, ...]:
    """Return the hashed pieces of a typed value: kind, form, and the text around it in its own words (`TOTAL:`)."""
    pieces = [f"k:{kind}", f"f:{kind}:{shape_of(content)[:10]}"]
    own = [_hashed(piece) for piece in pieces]
    return tuple(own + list(word_grams(rest)))[:GRAMS] if rest else tuple(own)


def _threes(core: str) -> Iterator[str]:
    framed = f"^{core}$"
    if len(framed) < 3:  # noqa: PLR2004 - a piece is three characters
        return
    for start in range(min(len(framed) - 2, _TRIGRAMS)):
        yield framed[start : start + 3]


def _hashed(piece: str) -> int:
    return zlib.crc32(piece.encode()) % BUCKETS + 1


def _letter_kind(one: str) -> str:
    if one.isdigit():
        return "0"
    if one.isalpha():
        return "X" if one.isupper() else "x"
    return one
