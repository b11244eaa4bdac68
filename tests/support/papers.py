"""Pages drawn for tests, and real receipts where they are there."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from capforge_contracts.reading import Reading

RECEIPTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "receipts"
LINES = (
    "Blue Harbour Supplies Ltd",
    "14 Canal Street, Bristol",
    "Invoice number 20417",
    "Date of issue 17/03/2021",
    "Three boxes of envelopes 45.20",
    "Delivery to the front door 6.30",
    "Total amount due 51.50",
    "Questions: help@harbour.example",
)


def drawn(lines: Sequence[str] = LINES, letter_pixels: int = 32, size: tuple[int, int] = (900, 1200)) -> Image.Image:
    """Return a page with these lines of print."""
    page = Image.new("L", size, 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(letter_pixels)
    for at, line in enumerate(lines):
        pen.text((60, 80 + at * letter_pixels * 2), line, fill=0, font=font)
    return page


def coded(page: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return the picture as a file."""
    out = io.BytesIO()
    page.save(out, kind, **options)
    return out.getvalue()


def receipts(count: int) -> list[dict[str, Any]]:
    """Return the first dev receipts with their gold lines; skips the test where the data is not there."""
    listed = RECEIPTS / "dev.jsonl"
    if not listed.is_file():
        pytest.skip(f"no receipts at {listed}")
    with listed.open() as rows:
        return [json.loads(row) for _, row in zip(range(count), rows, strict=False)]


def gold_words(receipt: dict[str, Any]) -> list[str]:
    """Return what people read on a receipt."""
    return [word["text"] for line in receipt["lines"] for word in line["words"]]


def words_of(reading: Reading) -> list[str]:
    """Return all words of a reading."""
    return [word.text for page in reading.pages for word in page.words]


def recall(gold: Iterable[str], found: Iterable[str]) -> float:
    """Return the share of gold words that were found, letters and digits only, whatever the case."""
    wanted, there = (Counter(filter(None, map(_plain, words))) for words in (gold, found))
    return (wanted & there).total() / wanted.total()


def _plain(word: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", word.upper())
