"""PDFs: their own text where it can be relied on, else OCR; pages turned upright."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from capforge_contracts.reading import Engine
from tests.integration.candidates.conftest import Service
from tests.support.papers import LINES, drawn, recall, words_of
from tests.support.pdfs import Page, Text, written

INVOICE = (
    Text("Invoice 20417", 72, 760),
    Text("Total", 72, 700),
    Text("$1,234.50", 400, 700),
    Text("3 March 2021", 72, 650),
)
GOLD = " ".join(LINES).split()


def scanned(*, turned: int = 0, texts: tuple[Text, ...] = ()) -> Page:
    """A page that is a picture, as a scanner makes it."""
    image = drawn(size=(900, 1270)).rotate(turned, expand=True)
    pixels = np.asarray(image)
    return Page(texts, grey=pixels.tobytes(), grey_size=image.size)


def test_a_pdf_with_text_is_read_without_an_engine(candidates: Service) -> None:
    reading = candidates.read(written([Page(INVOICE)]))
    (page,) = reading.pages
    assert reading.engine is Engine.TEXT_LAYER
    assert words_of(reading) == ["Invoice", "20417", "Total", "$1,234.50", "3", "March", "2021"]
    assert [word.line for word in page.words] == [0, 0, 1, 1, 2, 2, 2]
    assert {"1234.50", "2021-03-03"} <= {span.value for span in page.spans}


def test_words_of_a_pdf_lie_where_they_are_printed(candidates: Service) -> None:
    (page,) = candidates.read(written([Page(INVOICE)])).pages
    x0, y0, x1, y1 = next(word.box for word in page.words if word.text == "Total")
    assert x0 == pytest.approx(72 / 595, abs=0.005)
    assert y1 == pytest.approx((842 - 700) / 842, abs=0.005)
    assert x1 - x0 == pytest.approx(26.7 / 595, abs=0.005)
    assert y0 < y1


def test_a_word_that_a_lines_end_parts_stays_on_its_lines(candidates: Service) -> None:
    texts = [Text("Lessor: Wohnungsgenossen-", 72, 760), Text("schaft Nord, flat 12", 72, 745)]
    (page,) = candidates.read(written([Page(texts)])).pages
    assert [(word.text, word.line) for word in page.words[:3]] == [
        ("Lessor:", 0), ("Wohnungsgenossen-", 0), ("schaft", 1),
    ]  # fmt: skip
    assert page.words[1].box[3] < page.words[2].box[3]


def test_glued_words_are_parted(candidates: Service) -> None:
    (page,) = candidates.read(written([Page([Text("Nr.:4711", 72, 760)])])).pages
    assert [word.text for word in page.words] == ["Nr.:", "4711"]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_text_that_runs_another_way_is_turned_upright(candidates: Service, degrees: int) -> None:
    texts = [Text("Total due 51.50", 300, 400, degrees=degrees)]
    (page,) = candidates.read(written([Page(texts)])).pages
    assert page.rotation == degrees
    assert [word.text for word in page.words] == ["Total", "due", "51.50"]
    assert len({word.line for word in page.words}) == 1


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_pages_own_rotation_is_honoured(candidates: Service, rotate: int) -> None:
    """Text that is turned against the page's rotation is upright on the screen."""
    texts = [Text("Total due 51.50", 300, 400, degrees=rotate)]
    (page,) = candidates.read(written([Page(texts, rotate=rotate)])).pages
    assert (page.rotation, [word.text for word in page.words]) == (0, ["Total", "due", "51.50"])


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_scanned_page_is_read_by_the_engine(candidates: Service, turned: int) -> None:
    reading = candidates.read(written([scanned(turned=turned)]))
    assert (reading.engine, reading.pages[0].rotation) == (Engine.TESSERACT, turned)
    assert recall(GOLD, words_of(reading)) > 0.9


def test_a_stamp_on_a_scan_does_not_stand_for_the_page(candidates: Service) -> None:
    reading = candidates.read(written([scanned(texts=(Text("page 1 of 1", 280, 20),))]))
    assert reading.engine is Engine.TESSERACT
    assert recall(GOLD, words_of(reading)) > 0.9


def test_pages_with_text_and_scans_may_stand_together(candidates: Service) -> None:
    reading = candidates.read(written([Page(INVOICE), scanned(), Page()]))
    assert [page.page_id for page in reading.pages] == [0, 1, 2]
    assert reading.engine is Engine.TESSERACT
    assert [bool(page.words) for page in reading.pages] == [True, True, False]


def test_letters_that_the_font_does_not_name_are_read_from_the_picture(candidates: Service) -> None:
    image = Image.new("L", (10, 10), 255)
    page = Page([Text("\x01\x02\x03 \x04\x05\x06", 100, 500)], grey=image.tobytes(), grey_size=image.size)
    assert candidates.read(written([page])).engine is Engine.TESSERACT


@pytest.mark.parametrize("size", [(14_400.0, 14_400.0), (10_000.0, 2.0), (40.0, 40.0)], ids=["huge", "ribbon", "tiny"])
def test_pages_of_any_size_are_rendered_within_bounds(candidates: Service, size: tuple[float, float]) -> None:
    (page,) = candidates.read(written([Page(size=size)])).pages
    assert page.width * page.height <= 12_100_000
    assert max(page.width, page.height) <= 16_001


def test_what_was_filled_into_a_form_is_read_with_its_page(candidates: Service) -> None:
    page = Page([Text("Total", 72, 700)], fields=[Text("88.40", 140, 697)])
    (read,) = candidates.read(written([page])).pages
    assert [word.text for word in read.words] == ["Total", "88.40"]
    assert {word.line for word in read.words} == {0}
