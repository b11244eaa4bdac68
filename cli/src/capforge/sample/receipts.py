"""Receipts and invoices of invented companies in several layouts. The same seed gives the same documents.

A folder holds `images/`, `train.jsonl` and `dev.jsonl`: a JSON object per document with `id`, `image`, `width`,
`height`, `fields` (as printed), `typed` (normalised) and `lines` (texts and boxes in pixels).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from capforge.sample.paper import Sheet
from capforge.sample.purchases import Purchase, invented, money

DEV_SHARE = 0.25


@dataclass(frozen=True)
class Sample:
    """One drawn document."""

    name: str
    jpeg: bytes
    sheet: Sheet
    purchase: Purchase

    @property
    def record(self) -> dict[str, Any]:
        """Its line in the JSON file."""
        lines = [
            {
                "text": line.text,
                "box": line.box,
                "words": [{"text": text, "box": box} for text, box in line.words],
            }
            for line in self.sheet.lines
        ]
        return {
            "id": self.name,
            "image": f"images/{self.name}.jpg",
            "width": self.sheet.width,
            "height": self.sheet.height,
            "fields": self.purchase.fields,
            "typed": self.purchase.typed,
            "lines": lines,
        }


def draw(seed: int, number: int) -> Sample:
    """Draw document `number` of data set `seed`."""
    rng = np.random.default_rng([seed, number])
    purchase = invented(rng)
    sheet = _LAYOUTS[int(rng.integers(len(_LAYOUTS)))](purchase)
    return Sample(f"doc_{number:05d}", sheet.jpeg(rng), sheet, purchase)


def write(folder: Path, documents: int, seed: int) -> Iterator[int]:
    """Write the data set and yield the number of documents done after each; the JSON files come last."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    dev = max(1, round(documents * DEV_SHARE))
    parts: dict[str, list[str]] = {"dev.jsonl": [], "train.jsonl": []}
    for number in range(documents):
        sample = draw(seed, number)
        (folder / sample.record["image"]).write_bytes(sample.jpeg)
        parts["dev.jsonl" if number < dev else "train.jsonl"].append(json.dumps(sample.record))
        yield number + 1
    for name, lines in parts.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def _till_receipt(purchase: Purchase) -> Sheet:
    """Narrow paper: everything below everything, the company in the middle."""
    sheet = Sheet(420, 520 + 26 * len(purchase.items))
    sheet.print(purchase.company, 210, 28, 24, "centre")
    for row, text in enumerate(purchase.address):
        sheet.print(text, 210, 66 + 22 * row, 17, "centre")
    sheet.print(f"Receipt {purchase.number}", 30, 132, 17)
    sheet.print(f"Date {purchase.shown_date}", 30, 156, 17)
    sheet.rule(184, 24)
    y = _items(sheet, purchase, y=196, left=30, right=390, size=17)
    sheet.rule(y + 6, 24)
    y = _sums(sheet, purchase, y=y + 16, left=30, right=390, size=18)
    paid = -(-purchase.total // 1000) * 1000
    sheet.print("Cash", 30, y, 17)
    sheet.print(money(paid), 390, y, 17, "right")
    sheet.print("Change", 30, y + 24, 17)
    sheet.print(money(paid - purchase.total), 390, y + 24, 17, "right")
    sheet.print("Thank you for your visit", 210, y + 66, 17, "centre")
    return sheet


def _invoice(purchase: Purchase) -> Sheet:
    """A wide page: the company at the left, number and date at the right, a table, the sums below it."""
    sheet = Sheet(760, 720 + 30 * len(purchase.items))
    sheet.print("INVOICE", 710, 44, 34, "right")
    sheet.print(purchase.company, 50, 48, 24)
    for row, text in enumerate(purchase.address):
        sheet.print(text, 50, 84 + 24 * row, 18)
    sheet.print("Invoice no.", 470, 160, 18)
    sheet.print(str(purchase.number), 710, 160, 18, "right")
    sheet.print("Invoice date", 470, 186, 18)
    sheet.print(purchase.shown_date, 710, 186, 18, "right")
    sheet.print("Description", 50, 240, 18)
    sheet.print("Amount", 710, 240, 18, "right")
    sheet.rule(268, 48)
    y = _items(sheet, purchase, y=280, left=50, right=710, size=18)
    sheet.rule(y + 8, 48)
    y = _sums(sheet, purchase, y=y + 24, left=470, right=710, size=19)
    sheet.print("Please pay within 14 days.", 50, y + 60, 18)
    return sheet


def _letter(purchase: Purchase) -> Sheet:
    """A letterhead at the right, the amount due on top, the sender again at the foot."""
    sheet = Sheet(700, 700 + 28 * len(purchase.items))
    sheet.print(purchase.company, 650, 40, 26, "right")
    for row, text in enumerate(purchase.address):
        sheet.print(text, 650, 78 + 24 * row, 18, "right")
    sheet.print("Bill", 50, 150, 28)
    sheet.print(f"Issued on {purchase.shown_date}", 50, 196, 18)
    sheet.print(f"Reference {purchase.number}", 50, 222, 18)
    y = _items(sheet, purchase, y=280, left=50, right=650, size=18)
    sheet.rule(y + 8, 48)
    y = _sums(sheet, purchase, y=y + 22, left=400, right=650, size=19)
    sheet.print("Questions? Write to office@example.com", 350, y + 70, 17, "centre")
    return sheet


_LAYOUTS: tuple[Callable[[Purchase], Sheet], ...] = (_till_receipt, _invoice, _letter)


def _items(sheet: Sheet, purchase: Purchase, *, y: int, left: int, right: int, size: int) -> int:
    """Print a line per item; return where the next line begins."""
    for name, count, price in purchase.items:
        sheet.print(f"{count} x {name}", left, y, size)
        sheet.print(money(count * price), right, y, size, "right")
        y += size + 8
    return y


def _sums(sheet: Sheet, purchase: Purchase, *, y: int, left: int, right: int, size: int) -> int:
    """Print subtotal, tax and total; return where the next line begins."""
    tax = f"Tax {100 * purchase.tax_share:.0f}%"
    for title, cents in (("Subtotal", purchase.subtotal), (tax, purchase.tax), ("TOTAL", purchase.total)):
        sheet.print(title, left, y, size)
        sheet.print(money(cents), right, y, size, "right")
        y += size + 8
    return y
