"""PDFs with the PDFium of the image, which is newer than the one that the mindee client allows beside it."""

from __future__ import annotations

import pytest

from capforge_candidates.document import read_document
from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.page import Limits
from capforge_contracts.reading import Engine
from tests.support.papers import words_of
from tests.support.pdfs import Page, Text, written

LIMITS = Limits(max_pages=5, max_pixels=50_000_000)
AWAY = Fault(Code.ENGINE_AWAY, "no engine in this test")
TEXT = Text("Total due 51.50", 300, 400)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_text_is_read_and_turned_upright(degrees: int) -> None:
    page = Page([Text(TEXT.text, TEXT.x, TEXT.y, degrees=degrees)])
    reading = read_document(written([page]), AWAY, LIMITS)
    assert (reading.engine, reading.pages[0].rotation) == (Engine.TEXT_LAYER, degrees)
    assert words_of(reading) == ["Total", "due", "51.50"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (written([Page([TEXT])], encrypted=True), Code.ENCRYPTED_DOCUMENT),
        (written([Page([TEXT])] * 6), Code.TOO_MANY_PAGES),
        (written([]), Code.EMPTY_DOCUMENT),
        (b"%PDF-1.4 no more", Code.BROKEN_DOCUMENT),
        (written([Page()]), Code.ENGINE_AWAY),
    ],
    ids=["encrypted", "six pages", "no pages", "broken", "needs an engine"],
)
def test_faults_are_told_apart(data: bytes, code: Code) -> None:
    with pytest.raises(Fault) as refused:
        read_document(data, AWAY, LIMITS)
    assert refused.value.code is code
