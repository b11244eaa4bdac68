"""A document's bytes to its reading. Runs in a reading process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from capforge_candidates.engines.port import Engine, FoundWord, Pixels
from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.kinds import pages_of
from capforge_candidates.files.page import Limits, RawPage
from capforge_candidates.parted import parted
from capforge_candidates.raster import small_picture, turned, turned_word
from capforge_candidates.upright import read_upright
from capforge_candidates.values import spans_of
from capforge_candidates.version import engine_version, given_version, parts_version
from capforge_contracts.reading import Engine as EngineName
from capforge_contracts.reading import GivenPage, Reading, ReadPage, ReadWord, RelativeBox
from capforge_transforms.documents.lines import lined, ordered


@dataclass(frozen=True)
class UprightPage:
    """A page that has been read."""

    grey: Pixels
    rotation: int
    words: Sequence[FoundWord]
    by: EngineName
    lines_known: bool
    """The words' line numbers are the engine's or the client's; else they are found from the boxes."""


def read_document(
    data: bytes, engine: Engine | Fault, limits: Limits, given: Sequence[GivenPage] | None = None
) -> Reading:
    """Return the reading; raises Fault. An engine that is away matters only where a page needs it."""
    raw_pages = pages_of(data, limits)
    if given is not None and len(given) != len(raw_pages):
        raise Fault(
            Code.BAD_WORDS, f"words of {len(given)} pages were sent for a document of {len(raw_pages)}; one list a page"
        )
    pages, by = [], set()
    for at, raw in enumerate(raw_pages):
        page = _given(raw, given[at], limits) if given is not None else _upright(raw, engine)
        by.add(page.by)
        pages.append(_read_page(at, page))
    return Reading(
        sha256=hashlib.sha256(data).hexdigest(),
        engine=_most_of_all(by),
        engine_version=given_version(given) if given is not None else _version(engine),
        pages=pages,
    )


def _given(raw: RawPage, page: GivenPage, limits: Limits) -> UprightPage:
    grey = raw.pixels()
    height, width = grey.shape
    words = _given_words(page, width, height, limits.max_words)
    lines_known = all(word.line is not None for word in page.words)
    return UprightPage(grey, 0, words, EngineName.GIVEN, lines_known)


def _given_words(page: GivenPage, width: int, height: int, max_words: int) -> list[FoundWord]:
    """Return the words in pixels of the page; raises Fault (TooManyWords)."""
    if len(page.words) > max_words:
        raise Fault(Code.TOO_MANY_WORDS, f"{len(page.words)} words were sent for a page; allowed: at most {max_words}")
    found = []
    for word in page.words:
        x0, y0, x1, y1 = word.box
        box = (x0 * width, y0 * height, x1 * width, y1 * height)
        found.append(FoundWord(word.text, box, word.line or 0, 1.0))
    return found


def _upright(raw: RawPage, engine: Engine | Fault) -> UprightPage:
    grey = raw.pixels()
    if raw.text is not None:
        height, width = grey.shape
        words = [turned_word(word, width, height, raw.text_turn) for word in raw.text]
        return UprightPage(turned(grey, raw.text_turn), raw.text_turn, words, EngineName.TEXT_LAYER, lines_known=False)
    if isinstance(engine, Fault):
        raise engine
    rotation, upright, found = read_upright(engine, grey)
    return UprightPage(upright, rotation, found, engine.name, engine.knows_lines)


def _read_page(at: int, page: UprightPage) -> ReadPage:
    height, width = page.grey.shape
    words = [
        ReadWord(text=word.text, box=box, line=word.line, confidence=round(word.confidence, 4))
        for word in page.words
        if (box := relative(word.box, width, height)) is not None
    ]
    words = ordered(parted(words)) if page.lines_known else lined(parted(words))
    return ReadPage(
        page_id=at,
        width=width,
        height=height,
        rotation=page.rotation,
        words=words,
        spans=spans_of(words),
        picture=small_picture(page.grey),
    )


def relative(box: Sequence[float], width: int, height: int) -> RelativeBox | None:
    """Return the box as shares of the page, cut at its edges; None where nothing of it lies on the page."""
    x0, x1 = (round(min(max(x / width, 0.0), 1.0), 5) for x in (box[0], box[2]))
    y0, y1 = (round(min(max(y / height, 0.0), 1.0), 5) for y in (box[1], box[3]))
    return [x0, y0, x1, y1] if x1 > x0 and y1 > y0 else None


def _most_of_all(by: set[EngineName]) -> EngineName:
    """Name the OCR engine where it read any page: that decides whether a better engine could read it better."""
    return next((name for name in by if name is not EngineName.TEXT_LAYER), EngineName.TEXT_LAYER)


def _version(engine: Engine | Fault) -> str:
    return parts_version() if isinstance(engine, Fault) else engine_version(engine)
