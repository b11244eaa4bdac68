"""Words that were printed or read without the space between them: `Nr.:4711`, `Tel.030`, `BERLIN/PARIS`.

A text is put together from whole words, so what is glued to another word can never be an answer by itself. Nothing is
lost by parting too much: pieces that touch are joined without a space again (capforge_transforms.documents.text).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from capforge_contracts.reading import ReadWord

_MAX_CHARS = 256
"""Longer ones are no words that anybody prints."""
_LABEL = r"[^\W\d_](?:[^\W\d_]|[.\-/()'#°])+"
_JOINTS = (
    re.compile(rf"^{_LABEL}(?:[:=]|[:=]?[\u2192\u27a1\u2794|])(?=[^\s:=/\\])"),
    re.compile(r"^[^\W\d_]:(?=[^\s:=/\\].)"),
    re.compile(r"^[^\W\d_]{2,12}\.(?=[+(]+\d|\d[\w\-/]{2})"),
    re.compile(r"^[^\W\d_]{2,}(?=#\d)"),
    re.compile(r"^[^\W\d_]{2,}/(?=[^\W\d_]{2,}(?:$|/))"),
    re.compile(r"^[^\W_]+[\u2192\u27a1\u2794|](?=[^\W_])"),
)
"""What ends the first piece of a glued word: a label's colon; a short form's point before a number (`No.53,` in an
address stays one word); the sign of a number; a stroke between two words; an arrow or a bar."""
_MAX_PIECES = 8
_ARROWS = frozenset("\u2192\u27a1\u2794|")
_ADDRESS = re.compile(r"@|://|^www\.|^mailto:", re.IGNORECASE)


def parted(words: Iterable[ReadWord]) -> list[ReadWord]:
    """Return the words, the glued ones in pieces whose boxes touch."""
    return [piece for word in words for piece in (_pieces(word) if _may_be_glued(word.text) else (word,))]


def _may_be_glued(text: str) -> bool:
    if not text or text.isalnum() or len(text) > _MAX_CHARS:
        return False
    return not (text[0].isdigit() and _ARROWS.isdisjoint(text))


def _pieces(word: ReadWord) -> Iterator[ReadWord]:
    begin, text = 0, word.text
    for _ in range(_MAX_PIECES - 1):
        end = _joint(text[begin:])
        if not end:
            break
        yield _piece(word, begin, begin + end)
        begin += end
    yield word if begin == 0 else _piece(word, begin, len(text))


def _joint(text: str) -> int:
    """Return how long the first piece is; 0 where there is only one."""
    for joint in _JOINTS:
        match = joint.match(text)
        if match is None:
            continue
        if not _ADDRESS.search(match.group()) and not _ADDRESS.match(text):
            return match.end()
    return 0


def _piece(word: ReadWord, begin: int, end: int) -> ReadWord:
    """Return a part of a word with its share of the box."""
    x0, y0, x1, y1 = word.box
    step = (x1 - x0) / len(word.text)
    left = x0 if begin == 0 else round(x0 + begin * step, 5)
    right = x1 if end == len(word.text) else round(x0 + end * step, 5)
    return word.model_copy(update={"text": word.text[begin:end], "box": [left, y0, right, y1]})
