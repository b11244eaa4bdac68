"""Attributes of an object, as labelling programs write them beside a box. Pure."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from typing import Any

MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE_CHARS = 128
MAX_VALUE_CHARS = 1024
ALLOWED = (
    f"an object of at most {MAX_ATTRIBUTES} texts, numbers, true or false; names of 1 to {MAX_ATTRIBUTE_CHARS}"
    f" characters, values of at most {MAX_VALUE_CHARS}, without control characters"
)
_UNFIT = frozenset({"Cc", "Cs"})
_SPACE = frozenset("\n\t")


def read_attributes(raw: Any) -> dict[str, str] | str:
    """Return the values as texts, or what is wrong; what is null or empty is not known and left out."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        return "is no object"
    if len(raw) > MAX_ATTRIBUTES:
        return f"has {len(raw)} entries"
    found: dict[str, str] = {}
    for name, value in raw.items():
        if not isinstance(name, str) or not 0 < len(name) <= MAX_ATTRIBUTE_CHARS or not fits(name):
            return "has a name that is not allowed"
        text = _text(value)
        if text is None or len(text) > MAX_VALUE_CHARS or not fits(text):
            return f"{name} has a value that is not allowed"
        if text:
            found[name] = text
    return found


def fits(text: str) -> bool:
    """Tell whether a text has no control characters (but line breaks and tabs) and no halves of letters."""
    if text.isprintable():
        return True
    return not any(unicodedata.category(letter) in _UNFIT and letter not in _SPACE for letter in text)


def _text(value: Any) -> str | None:
    """Return how a value is written; None where it is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return json.dumps(value) if isinstance(value, bool | int | float) else None
