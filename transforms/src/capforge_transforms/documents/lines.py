"""Printed lines and reading order from geometry, for engines and clients that give words alone.

- Words of one printed line have the same number; numbers go from the top down.
- A line may be slanted: each word is compared with the word before it on its line, not with the line's mean.
- The order in which words are given does not matter, but for words that lie exactly upon one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from capforge_contracts.reading import GivenPage, ReadWord

_SHARED_HEIGHT = 0.5
"""Two neighbours stand on one line if they share this much of the smaller one's height."""
_SMALLEST_HEIGHT = 1e-9
_NEARNESS = 0.5
"""What the width of the page costs, in shares of a height: on a slanted page the nearest line is the right one."""


def lined(words: Sequence[ReadWord]) -> list[ReadWord]:
    """Return the words in reading order with line numbers from their boxes; the given numbers are ignored."""
    boxes = [word.box for word in words]
    lines: list[_Line] = []
    for at in sorted(range(len(words)), key=lambda at: boxes[at][:2]):
        line = _line_of(boxes[at], lines)
        if line is None:
            lines.append(_Line([at], boxes[at]))
        else:
            line.words.append(at)
            line.last = boxes[at]
    lines.sort(key=lambda line: sum(boxes[at][1] + boxes[at][3] for at in line.words) / len(line.words))
    return [words[at].model_copy(update={"line": number}) for number, line in enumerate(lines) for at in line.words]


def ordered(words: Iterable[ReadWord]) -> list[ReadWord]:
    """Return words that know their lines in reading order: by line, then left to right."""
    return sorted(words, key=lambda word: (word.line, word.box[0]))


def words_given(page: GivenPage) -> list[ReadWord]:
    """Return a client's words in reading order; lines are found where one word or more does not say its line."""
    words = [ReadWord(text=word.text, box=word.box, line=word.line or 0) for word in page.words]
    return ordered(words) if all(word.line is not None for word in page.words) else lined(words)


@dataclass(slots=True)
class _Line:
    """A line that is being put together from the left."""

    words: list[int]
    last: Sequence[float]
    """Box of its last word."""


def _line_of(box: Sequence[float], lines: Iterable[_Line]) -> _Line | None:
    best, best_likeness = None, -1.0
    left, top, _, bottom = box
    for line in lines:
        _, last_top, last_right, last_bottom = line.last
        overlap = min(bottom, last_bottom) - max(top, last_top)
        if overlap <= 0:
            continue
        shared = overlap / max(min(bottom - top, last_bottom - last_top), _SMALLEST_HEIGHT)
        likeness = shared - _NEARNESS * max(left - last_right, 0.0)
        if shared > _SHARED_HEIGHT and likeness > best_likeness:
            best, best_likeness = line, likeness
    return best
