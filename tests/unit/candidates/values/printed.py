"""Lines of text as an engine would give them: words with boxes, a character 0.01 wide."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import settings

from capforge_candidates.values import spans_of
from capforge_contracts.reading import ReadWord, Span, SpanKind

CHAR = 0.01
seeded = settings(max_examples=120, deadline=None, derandomize=True)
"""The same cases in every run, and no clock: the first one loads the names of months."""


def words_of(*lines: str) -> list[ReadWord]:
    """Each line's words; two spaces or more make a gap that wide."""
    words = []
    for number, line in enumerate(lines):
        at = 0
        for piece in line.split(" "):
            if piece:
                top = 0.03 * number
                box = [at * CHAR, top, (at + len(piece)) * CHAR, top + 0.02]
                words.append(ReadWord(text=piece, box=box, line=number))
            at += len(piece) + 1
    return words


def spans(*lines: str) -> list[Span]:
    return spans_of(words_of(*lines))


def of_kind(kind: SpanKind, *lines: str) -> list[Span]:
    return [span for span in spans(*lines) if span.kind is kind]


def values(kind: SpanKind, *lines: str) -> list[str]:
    return [span.value for span in of_kind(kind, *lines)]


def span_with(found: Sequence[Span], value: str) -> Span:
    return next(span for span in found if span.value == value)
