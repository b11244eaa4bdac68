"""Texts of strangers: which of them may name a class, and how they are shown in a message. Pure."""

from __future__ import annotations

import unicodedata
from typing import Any, TypeGuard

MAX_NAME_CHARS = 128
CLASS_NAME = f"a text of 1 to {MAX_NAME_CHARS} characters on one line"
"""What a class may be called, for messages."""
_UNFIT_FOR_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's control characters, halves of letters, line and paragraph separators."""
_SHOWN_CHARS = 60


def is_class_name(given: Any) -> TypeGuard[str]:
    """Tell whether a class may be called so (CLASS_NAME)."""
    return isinstance(given, str) and bool(given.strip()) and len(given) <= MAX_NAME_CHARS and fits_a_line(given)


def fits_a_line(text: str) -> bool:
    """Tell whether a text can stand in one line of a list, a log or a message as it is."""
    return text.isprintable() or not any(unicodedata.category(letter) in _UNFIT_FOR_A_LINE for letter in text)


def on_a_line(text: str) -> str:
    """Return the text with escapes for what does not fit a line."""
    if fits_a_line(text):
        return text
    return "".join(letter if fits_a_line(letter) else ascii(letter)[1:-1] for letter in text)


def shortened(text: str, most: int = _SHOWN_CHARS) -> str:
    """Return the text, or its beginning and a sign that more followed."""
    return text if len(text) <= most else f"{text[:most]}…"
