"""The value of several words: one place for it, used by labels and by decoding."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Protocol

Box = Sequence[float]
_TOUCHING = 2e-5
"""Boxes that are this near were one printed word: the parts of it have no space between them."""
_SHARED_HEIGHT = 0.5
_COMB = 4
"""From so many single characters in a row on, they are one text, each written into a box of its own."""
_HYPHENS = ("-", "\u00ad", "\u2010")
_SOFT_HYPHEN = "\u00ad"
_MARKS_BEHIND = ",;:/|=\u2192\u27a1\u2794"
"""What stands between a value and what follows it, and is no part of it."""
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


class Placed(Protocol):
    """Anything that stands somewhere on a page: a candidate, a labelled value, a predicted one."""

    @property
    def page_id(self) -> int: ...

    @property
    def words(self) -> Sequence[int]: ...

    @property
    def box(self) -> Sequence[float]: ...

    @property
    def content(self) -> str: ...


def assemble(parts: Iterable[Placed]) -> str:
    """Return the text of all parts in reading order. Words come in reading order on each page."""
    ordered = sorted(parts, key=_place)
    return text_of([(part.content, part.box) for part in ordered])


def text_of(words: Sequence[tuple[str, Box]]) -> str:
    """Return the text of words in reading order, each with its box.

    One space stands between words, none between pieces of one printed word. A word that was parted at the end of a
    line is whole again, characters in boxes of their own are one word, and a line that is written from right to left
    is read so. A mark that only leads on to what follows is left out.
    """
    text = ""
    for line in map(_line_text, _lines(words)):
        text = _continued(text, line)
    text = text.replace(_SOFT_HYPHEN, "").strip()
    return text.rstrip(_MARKS_BEHIND).rstrip() or text


def _continued(text: str, line: str) -> str:
    """A hyphen at the end of a line was put there by the line's end if a small letter follows; else it is a word's."""
    if text[-1:] not in _HYPHENS or not text[-2:-1].isalnum():
        return f"{text} {line}"
    return text[:-1] + line if line[:1].islower() else text + line


def _place(part: Placed) -> tuple[int, tuple[int, ...], float]:
    return part.page_id, tuple(part.words), part.box[0]


def _lines(words: Sequence[tuple[str, Box]]) -> Iterator[list[tuple[str, Box]]]:
    line: list[tuple[str, Box]] = []
    for word in words:
        if line and not _is_behind(line[-1][1], word[1]):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _is_behind(one: Box, other: Box) -> bool:
    """Tell whether the second box stands right of the first one on the same line."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min(one[3] - one[1], other[3] - other[1])
    return shared > _SHARED_HEIGHT * smaller and other[0] >= one[0]


def _line_text(line: Sequence[tuple[str, Box]]) -> str:
    words: list[str] = []
    right = -1.0
    for text, box in line:
        if words and abs(box[0] - right) <= _TOUCHING:
            words[-1] += text
        else:
            words.append(text)
        right = box[2]
    words = list(_without_combs(words))
    return " ".join(reversed(words) if _is_right_to_left(words) else words)


def _without_combs(words: Sequence[str]) -> Iterator[str]:
    for is_single, group in groupby(words, key=lambda word: len(word) == 1):
        some = list(group)
        if is_single and len(some) >= _COMB:
            yield "".join(some)
        else:
            yield from some


def _is_right_to_left(words: Sequence[str]) -> bool:
    """Tell whether every word with letters is of a script that runs from right to left."""
    kinds = [kind for word in words if (kind := _direction(word))]
    return bool(kinds) and all(kind in _RIGHT_TO_LEFT for kind in kinds)


def _direction(word: str) -> str:
    letters = (unicodedata.bidirectional(one) for one in word if one.isalpha())
    return next(letters, "")
