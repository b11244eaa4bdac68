"""A reading: the words of a document and the typed values that they spell, made once per document and engine.

The candidates service makes it; the gateway keeps it as a blob; trainer and gateway see documents through it alone, so
that a model sees in production what it saw in training.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from capforge_contracts.model import Stored

PICTURE_LONG_SIDE = 256
"""Pixels of the longer side of a page's picture."""

RelativeBox = Annotated[list[float], Field(min_length=4, max_length=4)]
"""[x0, y0, x1, y1], shares of the upright page's width and height (0-1), origin top-left, x1 > x0, y1 > y0."""


class Engine(StrEnum):
    """What read the words."""

    TESSERACT = "tesseract"
    EASYOCR = "easyocr"
    TEXT_LAYER = "text-layer"
    """The PDF's own text."""
    GIVEN = "given"
    """The client sent them."""


class ReadWord(Stored):
    """One word on the page."""

    text: str
    box: RelativeBox
    line: int
    """Words of one printed line have the same number; words come in reading order: by line, then left to right."""
    confidence: float = 1.0
    """The engine's, 0-1."""


class SpanKind(StrEnum):
    """What a span spells."""

    AMOUNT = "Amount"
    DATE = "Date"
    EMAIL = "Email"
    URL = "Url"
    PHONE = "Phone"


class Span(Stored):
    """Neighbouring words, or a part of one, that spell one typed value."""

    kind: SpanKind
    words: Annotated[list[int], Field(min_length=1)]
    """Positions in the page's words, ascending."""
    content: str
    """As it stands on the page: `$1,000.50`."""
    value: str
    """Normalised: a plain decimal number, `YYYY-MM-DD` (day first unless that is impossible), an address, a number."""
    us_value: str | None = None
    """Of a date that is another day when the month is read first."""
    box: RelativeBox


class ReadPage(Stored):
    """One page, upright."""

    page_id: int
    """From 0."""
    width: int
    """Pixels of the raster that was read; relative boxes are shares of it."""
    height: int
    rotation: int = 0
    """Degrees clockwise (0, 90, 180, 270) that were applied to make it upright."""
    words: list[ReadWord] = []
    spans: list[Span] = []
    picture: str = ""
    """Base64 of a grey PNG of the upright page, its longer side PICTURE_LONG_SIDE; empty: none was made."""


class Reading(Stored):
    """All pages of one document."""

    sha256: str
    """Of the document's bytes."""
    engine: Engine
    engine_version: str
    """Names everything that decides the content: `tesseract-5.3.0+eng+values-1`."""
    pages: list[ReadPage]


class GivenWord(Stored):
    """A word that the client read itself."""

    text: Annotated[str, Field(min_length=1, max_length=512)]
    box: RelativeBox
    line: int | None = None


class GivenPage(Stored):
    """The words of one page as the client sends them; lines are found where they are not given."""

    words: list[GivenWord]
