"""Pictures are read by the real Tesseract: words, boxes, values, whichever way up."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from PIL import Image

from capforge_contracts.reading import PICTURE_LONG_SIDE, Engine, SpanKind
from tests.integration.candidates.conftest import Service
from tests.support.papers import LINES, RECEIPTS, coded, drawn, gold_words, recall, receipts, words_of

GOLD = " ".join(LINES).split()
TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
"""Against the clock: what must be turned back clockwise."""


def test_a_printed_page_is_read_with_its_values(candidates: Service) -> None:
    reading = candidates.read(coded(drawn()))
    (page,) = reading.pages
    assert (reading.engine, page.width, page.height, page.rotation) == (Engine.TESSERACT, 900, 1200, 0)
    assert recall(GOLD, words_of(reading)) > 0.9
    values = {(span.kind, span.value) for span in page.spans}
    assert {
        (SpanKind.AMOUNT, "51.50"),
        (SpanKind.DATE, "2021-03-17"),
        (SpanKind.EMAIL, "help@harbour.example"),
    } <= values


def test_a_word_lies_where_it_is_printed(candidates: Service) -> None:
    (page,) = candidates.read(coded(drawn())).pages
    total = next(word for word in page.words if word.text == "51.50")
    x0, y0, x1, y1 = total.box
    assert 60 / 900 < x0 < x1 < 0.5
    assert 80 + 6 * 64 - 5 < y0 * 1200 < y1 * 1200 < 80 + 6 * 64 + 40


def test_words_come_by_line_and_from_left_to_right(candidates: Service) -> None:
    (page,) = candidates.read(coded(drawn())).pages
    assert [(word.line, word.box[0]) for word in page.words] == sorted((word.line, word.box[0]) for word in page.words)
    line = next(word.line for word in page.words if word.text == "Total")
    assert [word.text for word in page.words if word.line == line] == ["Total", "amount", "due", "51.50"]


def test_a_reading_has_a_small_picture_of_the_upright_page(candidates: Service) -> None:
    (page,) = candidates.read(coded(drawn().transpose(TURNS[90]))).pages
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(page.picture), np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels.shape == (PICTURE_LONG_SIDE, 192)


@pytest.mark.parametrize("degrees", sorted(TURNS))
def test_a_turned_page_is_turned_back(candidates: Service, degrees: int) -> None:
    reading = candidates.read(coded(drawn().transpose(TURNS[degrees])))
    assert reading.pages[0].rotation == degrees
    assert recall(GOLD, words_of(reading)) > 0.9


@pytest.mark.parametrize(("tag", "turn"), [(6, Image.Transpose.ROTATE_90), (3, Image.Transpose.ROTATE_180)])
def test_a_photograph_that_says_which_way_up_it_is_needs_no_turn(
    candidates: Service, tag: int, turn: Image.Transpose
) -> None:
    exif = Image.Exif()
    exif[0x0112] = tag
    reading = candidates.read(coded(drawn().transpose(turn), "JPEG", exif=exif, quality=90))
    assert (reading.pages[0].rotation, reading.pages[0].height) == (0, 1200)
    assert recall(GOLD, words_of(reading)) > 0.9


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_every_kind_of_picture_is_read(candidates: Service, kind: str) -> None:
    answer = candidates.post(coded(drawn(), kind), f"image/{kind.lower()}")
    assert answer.status_code == 200, answer.text
    assert "51.50" in answer.text


def test_each_page_of_a_tiff_is_a_page(candidates: Service) -> None:
    second = drawn(["Second page", "Amount 77.10"])
    reading = candidates.read(coded(drawn(), "TIFF", save_all=True, append_images=[second], compression="tiff_lzw"))
    assert [page.page_id for page in reading.pages] == [0, 1]
    assert "77.10" in {span.value for span in reading.pages[1].spans}


@pytest.mark.parametrize("letter_pixels", [14, 60])
def test_small_and_large_print_is_read(candidates: Service, letter_pixels: int) -> None:
    page = drawn(letter_pixels=letter_pixels, size=(30 * letter_pixels, 30 * letter_pixels))
    assert recall(GOLD, words_of(candidates.read(coded(page)))) > 0.9


@pytest.mark.parametrize("shade", [255, 0, 128])
def test_a_picture_without_text_has_no_words(candidates: Service, shade: int) -> None:
    reading = candidates.read(coded(Image.new("L", (400, 300), shade)))
    assert (words_of(reading), reading.pages[0].rotation) == ([], 0)
    assert reading.pages[0].picture


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (40_000, 8)])
def test_pictures_of_odd_shapes_are_no_trouble(candidates: Service, size: tuple[int, int]) -> None:
    assert words_of(candidates.read(coded(Image.new("L", size, 255)))) == []


def test_the_same_bytes_have_the_same_reading(candidates: Service) -> None:
    page = coded(drawn())
    assert candidates.post(page).content == candidates.post(page).content


def test_the_engine_that_is_announced_made_the_reading(candidates: Service) -> None:
    announced = candidates.get("/engine").json()
    reading = candidates.read(coded(drawn()))
    assert announced == {"engine": reading.engine, "engineVersion": reading.engine_version}
    assert "+eng+" in reading.engine_version


def test_most_words_of_real_receipts_are_found(candidates: Service) -> None:
    shares = []
    for receipt in receipts(4):
        reading = candidates.read((RECEIPTS / receipt["image"]).read_bytes())
        shares.append(recall(gold_words(receipt), words_of(reading)))
    assert sum(shares) / len(shares) > 0.7, shares


@pytest.mark.parametrize("degrees", sorted(TURNS))
def test_a_turned_receipt_is_turned_back(candidates: Service, degrees: int) -> None:
    (receipt,) = receipts(1)
    with Image.open(RECEIPTS / receipt["image"]) as image:
        upright = words_of(candidates.read(coded(image)))
        reading = candidates.read(coded(image.transpose(TURNS[degrees])))
    assert reading.pages[0].rotation == degrees
    assert recall(upright, words_of(reading)) > 0.95
