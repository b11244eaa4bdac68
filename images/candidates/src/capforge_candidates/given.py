"""Words that the client read itself."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from capforge_candidates.faults import Code, Fault
from capforge_contracts.reading import GivenPage, GivenWord

_PAGES = TypeAdapter(list[GivenPage])
_FAULTS_SHOWN = 5


def given_pages(text: str | bytes) -> list[GivenPage]:
    """Parse the JSON list of pages; raises Fault naming each wrong field."""
    try:
        pages = _PAGES.validate_json(text)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:_FAULTS_SHOWN]]
        raise Fault(Code.BAD_WORDS, f"the words are not a JSON list of pages: {'; '.join(faults)}") from error
    for page, words in enumerate(pages):
        for at, word in enumerate(words.words):
            if not _is_box(word):
                where = f"{page}.words.{at}.box"
                raise Fault(Code.BAD_WORDS, f"{where}: {word.box}; allowed: x0 < x1 and y0 < y1, shares of 0 to 1")
    return pages


def _is_box(word: GivenWord) -> bool:
    x0, y0, x1, y1 = word.box
    return 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
