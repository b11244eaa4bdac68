"""The same papers as PDF files with their own text, each page turned by quarters, read as the service reads them."""

from __future__ import annotations

from benchmarks.candidate_generality.paper import HEIGHT, LETTER, LINE, WIDTH, Ink, Paper
from capforge_candidates.document import read_document
from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.page import Limits
from capforge_contracts.reading import Reading
from tests.support.pdfs import Page, Text, written

TURNS = (0, 90, 180, 270)
_POINTS = 595 / WIDTH
_SIZE = LETTER * _POINTS / 0.6
"""Of the letters, in points: Courier's are 0.6 of it wide, as wide as on paper."""
_FONTS = (b"/BaseFont /Helvetica", b"/BaseFont /Courier  ")
_LIMITS = Limits(5, 40_000_000)
_NO_ENGINE = Fault(Code.READING_FAILED, "no page here is a picture")


def printed(paper: Paper, turn: int) -> bytes | None:
    """Return the file; None where its letters are not those of the one font."""
    size = (WIDTH * _POINTS, HEIGHT * _POINTS)
    try:
        return written([Page([_text(ink) for ink in inks], size, turn) for inks in paper.pages]).replace(*_FONTS)
    except UnicodeEncodeError:
        return None


def read(file: bytes) -> Reading:
    """Read the file."""
    return read_document(file, _NO_ENGINE, _LIMITS)


def _text(ink: Ink) -> Text:
    x0, y0, _, _ = ink.box
    return Text(ink.text, x0 * _POINTS, (HEIGHT - y0 - LINE * 0.8) * _POINTS, _SIZE)
