"""Real receipts, and what people read on them."""

from __future__ import annotations

import io
import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from capforge_contracts.reading import Reading, SpanKind

_CENT = 0.005


@dataclass(frozen=True)
class Receipt:
    """One receipt with its gold words and fields."""

    file: Path
    words: Counter[str]
    fields: dict[str, Any]
    typed: dict[str, str]

    def turned(self, degrees: int) -> bytes:
        """Return the picture turned against the clock."""
        out = io.BytesIO()
        with Image.open(self.file) as image:
            image.rotate(degrees, expand=True).save(out, "PNG")
        return out.getvalue()


def receipts(folder: Path, split: str, count: int, seed: int) -> list[Receipt]:
    """Return some receipts of a split, the same for the same seed."""
    rows = [json.loads(row) for row in (folder / f"{split}.jsonl").read_text().splitlines()]
    random.Random(seed).shuffle(rows)  # noqa: S311 - a sample, not a secret
    return [
        Receipt(
            folder / row["image"],
            plain(word["text"] for line in row["lines"] for word in line["words"]),
            row["fields"],
            row["typed"],
        )
        for row in rows[:count]
    ]


def plain(words: Iterable[str]) -> Counter[str]:
    """Count words by their letters and digits, whatever the case."""
    return Counter(filter(None, (re.sub(r"[^A-Z0-9]", "", word.upper()) for word in words)))


def has_total(reading: Reading, total: str) -> bool:
    """Tell whether the total is among the amounts that were found."""
    amounts = (span.value for page in reading.pages for span in page.spans if span.kind is SpanKind.AMOUNT)
    return any(abs(float(amount) - float(total)) < _CENT for amount in amounts)


def has_date(reading: Reading, date: str) -> bool:
    """Tell whether the date is among those that were found, read either way."""
    spans = [span for page in reading.pages for span in page.spans if span.kind is SpanKind.DATE]
    return any(date in {span.value, span.us_value} for span in spans)
