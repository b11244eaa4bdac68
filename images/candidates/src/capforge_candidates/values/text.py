"""The text of a printed line, and the way back from its characters to words and boxes."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from capforge_candidates.values.letters import folded, plain_text
from capforge_candidates.values.months import Month, named_months
from capforge_contracts.reading import ReadWord

FAR = "\x1f"
"""Stands between words that are too far apart to spell one value."""
_FAR_CHARS = 3.0
"""From this gap on, in widths of a character."""
_MAX_WORDS = 400
"""A longer line is read in pieces, so that no line of a stranger takes long."""
_MAX_CHARS = 256
"""What is read of one word."""
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class LineText:
    """The words of one line, joined by a space, or FAR; the other forms are as long, character by character."""

    text: str
    """As it stands on the page."""
    first: int
    """Position of the first word in the page's words."""
    starts: Sequence[int]
    """Of each word in `text`."""

    @cached_property
    def plain(self) -> str:
        """With the digits 0-9, one kind of dash, apostrophe, point, comma and space."""
        return plain_text(self.text)

    @cached_property
    def folded(self) -> str:
        """`plain` in lower case without accents."""
        return folded(self.plain)

    @cached_property
    def months(self) -> Sequence[Month]:
        """Those that it names."""
        return tuple(named_months(self.folded))

    @cached_property
    def has_digits(self) -> bool:
        """Whether it can spell a number or a date at all."""
        return _DIGIT.search(self.plain) is not None

    def words(self, start: int, end: int) -> list[int]:
        """Return the positions of the words that a stretch touches."""
        return [self.first + at for at in self._touched(start, end)]

    def box(self, start: int, end: int, words: Sequence[ReadWord]) -> list[float]:
        """Return the box of a stretch; a word is cut in proportion to its characters."""
        boxes = []
        for at in self._touched(start, end):
            word, begin = words[self.first + at], self.starts[at]
            length = max(min(len(word.text), _MAX_CHARS), 1)
            x0, y0, x1, y1 = word.box
            left, right = max(start - begin, 0) / length, min((end - begin) / length, 1.0)
            boxes.append((x0 + (x1 - x0) * left, y0, x0 + (x1 - x0) * right, y1))
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return [min(lefts), min(tops), max(rights), max(bottoms)]

    def _touched(self, start: int, end: int) -> range:
        return range(bisect_right(self.starts, start) - 1, bisect_left(self.starts, end))


def line_texts(words: Sequence[ReadWord]) -> list[LineText]:
    """Return the lines of a page in order; words of one line stand together."""
    return [_line_text(words, piece) for piece in _pieces(words)]


def _pieces(words: Sequence[ReadWord]) -> Iterator[range]:
    for _, group in groupby(range(len(words)), key=lambda at: words[at].line):
        positions = list(group)
        for begin in range(0, len(positions), _MAX_WORDS):
            piece = positions[begin : begin + _MAX_WORDS]
            yield range(piece[0], piece[-1] + 1)


def _line_text(words: Sequence[ReadWord], piece: range) -> LineText:
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    usual = _letter_width([words[position] for position in piece])
    for position in piece:
        if position > piece.start:
            parts.append(_between(words[position - 1], words[position], usual))
            length += 1
        starts.append(length)
        text = words[position].text[:_MAX_CHARS]
        parts.append(text)
        length += len(text)
    return LineText("".join(parts), piece.start, tuple(starts))


def _between(left: ReadWord, right: ReadWord, usual: float) -> str:
    """Return what stands between two words; for those of narrow letters (`1 / 1`) the line's usual width counts."""
    gap = right.box[0] - left.box[2]
    if gap <= _FAR_CHARS * usual:
        return " "
    return FAR if gap > _FAR_CHARS * _letter_width((left, right)) else " "


def _letter_width(words: Sequence[ReadWord]) -> float:
    return sum(word.box[2] - word.box[0] for word in words) / max(sum(len(word.text) for word in words), 1)
