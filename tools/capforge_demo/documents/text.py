"""What of a text counts when a person compares it with another."""

from __future__ import annotations


def letters(text: str) -> str:
    """Return its letters and digits, without case."""
    return "".join(char for char in text.upper() if char.isalnum())
