"""The text that a PDF page holds itself, as words with boxes."""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from capforge_candidates.engines.port import FoundWord
from capforge_candidates.faults import Code, Fault

_CHARS_PER_WORD = 40
"""More than that on the average is no text; it bounds the time that one page takes."""
_SUBPIXELS = 16
"""PDFium answers in whole device units; so many of them are one pixel."""
_UNREADABLE_SHARE = 0.1
_PICTURE_SHARE = 0.5
_SCAN_MAX_WORDS = 20
"""A picture that covers the page, and no more words than that: a stamp or a page number on a scan."""
_QUARTER_DEGREES = 90
_PRIVATE_USE = "Co"
_REPLACEMENT = "\ufffd"
_LINE_BREAKS = "\r\n"
_PARTED = "\x02"
"""What PDFium says for a hyphen at the end of a line: there a word goes on below, and no space follows."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class TextLayer:
    """Words in pixels of the page as it is rendered, and how it must be turned so that most of them are upright."""

    words: Sequence[FoundWord]
    turn: int


@dataclass(frozen=True)
class Char:
    """One character of the page."""

    text: str
    box: Box | None
    """None: between words (PDFium makes spaces and line breaks up)."""
    angle: float = 0.0
    """Radians clockwise, on the page before /Rotate."""
    unmapped: bool = False
    """The font does not tell which character it is."""


def text_layer(page: pdfium.PdfPage, scale: float, max_words: int) -> TextLayer | None:
    """Return the page's own words, None where it has none that can be relied on; raises Fault (TooManyWords)."""
    text = page.get_textpage()
    try:
        count = text.count_chars()
        if count > max_words * _CHARS_PER_WORD:
            raise _too_many(max_words)
        chars = list(_chars(page, text, scale, count))
    finally:
        text.close()
    words = words_of(chars)
    if len(words) > max_words:
        raise _too_many(max_words)
    if not is_reliable(chars, len(words), _picture_share(page)):
        return None
    return TextLayer(words, turn_of(chars, page.get_rotation()))


def words_of(chars: Sequence[Char]) -> list[FoundWord]:
    """Join the characters between spaces and ends of lines; a word's box is the union of theirs."""
    words: list[FoundWord] = []
    letters: list[Char] = []
    line = 0
    for char in [*chars, Char(" ", None)]:
        if char.box is not None and not char.text.isspace():
            letters.append(replace(char, text="-") if char.text == _PARTED else char)
            if char.text != _PARTED:
                continue
        if letters:
            text = unicodedata.normalize("NFKC", "".join(letter.text for letter in letters)).strip()
            if text:
                words.append(FoundWord(text, _union([letter.box for letter in letters if letter.box]), line, 1.0))
            letters = []
        line += char.text in _LINE_BREAKS
    return words


def is_reliable(chars: Sequence[Char], words: int, picture_share: float) -> bool:
    """Tell whether the text can stand for what a person sees on the page."""
    seen = [char for char in chars if char.box is not None and not char.text.isspace() and char.text != _PARTED]
    if not words or not seen:
        return False
    unreadable = sum(char.unmapped or _is_unreadable(char.text) for char in seen)
    if unreadable > _UNREADABLE_SHARE * len(seen):
        return False
    return picture_share < _PICTURE_SHARE or words > _SCAN_MAX_WORDS


def turn_of(chars: Sequence[Char], page_rotation: int) -> int:
    """Return the degrees clockwise that make most characters upright, on a page shown turned by /Rotate."""
    angles = Counter(round(math.degrees(char.angle) / _QUARTER_DEGREES) for char in chars if char.box is not None)
    most = angles.most_common(1)[0][0] if angles else 0
    return -(most * _QUARTER_DEGREES + page_rotation) % 360


def _chars(page: pdfium.PdfPage, text: pdfium.PdfTextPage, scale: float, count: int) -> Iterator[Char]:
    size = [math.ceil(side * scale) * _SUBPIXELS for side in page.get_size()]
    for at in range(count):
        code = pdfium_c.FPDFText_GetUnicode(text, at)
        letter = chr(code) if code else _REPLACEMENT
        if letter.isspace() or pdfium_c.FPDFText_IsGenerated(text, at) == 1:
            yield Char(letter, None)
            continue
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        pdfium_c.FPDFText_GetCharBox(text, at, left, right, bottom, top)
        corners = [_device(page, size, x.value, y.value) for x, y in ((left, top), (right, bottom))]
        angle = pdfium_c.FPDFText_GetCharAngle(text, at)
        unmapped = pdfium_c.FPDFText_HasUnicodeMapError(text, at) == 1
        yield Char(letter, _box(corners), max(angle, 0.0), unmapped)


def _device(page: pdfium.PdfPage, size: Sequence[int], x: float, y: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, size[0], size[1], 0, x, y, across, down)
    return across.value / _SUBPIXELS, down.value / _SUBPIXELS


def _box(corners: Sequence[tuple[float, float]]) -> Box:
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _union(boxes: Sequence[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _picture_share(page: pdfium.PdfPage) -> float:
    """Return the share of the page that its largest picture covers."""
    width, height = page.get_size()
    largest = 0.0
    for picture in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        if pdfium_c.FPDFPageObj_GetBounds(picture, left, bottom, right, top):
            largest = max(largest, (right.value - left.value) * (top.value - bottom.value))
    return largest / float(width * height)


def _is_unreadable(text: str) -> bool:
    return text == _REPLACEMENT or unicodedata.category(text[0]) in {_PRIVATE_USE, "Cc", "Cn"}


def _too_many(max_words: int) -> Fault:
    return Fault(Code.TOO_MANY_WORDS, f"a page of the PDF has very much text; allowed: at most {max_words} words")
