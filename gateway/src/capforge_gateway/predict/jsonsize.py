"""How many values a JSON text can hold, told before it is parsed. Pure.

15 MB of `[],[],[]…` become 400 MB of Python objects and hold up the process for a second; counting commas and
brackets takes milliseconds and is never too low.
"""

from __future__ import annotations

MAX_PARTS = 2_000_000
"""Of a tensor in JSON: enough for 640 x 640 pixels, at most about 130 MB while it is parsed."""
_QUICK_BYTES = 64 * 1024


def has_too_many_parts(body: bytes, size: int, allowed: int = MAX_PARTS) -> bool:
    """Tell whether the first `size` bytes may hold more than `allowed` values."""
    if size <= min(_QUICK_BYTES, allowed):
        return False
    return sum(body.count(mark, 0, size) for mark in (b",", b"[", b"{")) > allowed
