"""What a finder says: a stretch of a line's text that spells a value."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_contracts.reading import SpanKind


@dataclass(frozen=True)
class Found:
    """A value between two characters of a line's text."""

    kind: SpanKind
    start: int
    end: int
    """Exclusive."""
    value: str
    us_value: str | None = None
    """Of a date that is another day when the month is read first."""
