"""Purchases of invented companies: what receipts and invoices say, before they are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

_FIRST_DAY = date(2022, 1, 1)
_DAYS = 1200
_NAMES = [
    "Alder",
    "Birch",
    "Cedar",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Harbour",
    "Indigo",
    "Juniper",
    "Kestrel",
    "Lantern",
    "Maple",
    "Nordic",
    "Orchard",
]
_TRADES = (
    "Bakery",
    "Books",
    "Hardware",
    "Pharmacy",
    "Stationery",
    "Garage",
    "Optics",
    "Flowers",
    "Coffee",
    "Electric",
    "Textiles",
    "Foods",
)
_FORMS = ("Ltd", "GmbH", "& Sons", "Inc.", "S.A.", "Co.", "")
_STREETS = ("Mill", "Station", "Church", "Garden", "Market", "River", "Castle", "School", "Bridge", "Forest")
_KINDS = ("Street", "Road", "Lane", "Avenue", "Square")
_TOWNS = (
    "Ashford",
    "Brookfield",
    "Claremont",
    "Dunmore",
    "Eastvale",
    "Fairhaven",
    "Glenside",
    "Hillcrest",
    "Kingsport",
    "Lakewood",
)
_GOODS = (
    "Paper",
    "Ink",
    "Cable",
    "Lamp",
    "Bread",
    "Coffee",
    "Tea",
    "Screws",
    "Paint",
    "Brush",
    "Soap",
    "Glass",
    "Battery",
    "Notebook",
    "Pencil",
    "Tape",
)
_DATE_FORMS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %B %Y", "%Y-%m-%d")
_TAX_SHARES = (0.06, 0.1, 0.19)


@dataclass(frozen=True)
class Purchase:
    """What a document says, before it is laid out."""

    company: str
    address: tuple[str, str]
    """Street, and town with its code."""
    day: date
    shown_date: str
    items: tuple[tuple[str, int, int], ...]
    """Name, count, price of one in cents."""
    tax_share: float
    number: int

    @property
    def subtotal(self) -> int:
        """In cents."""
        return sum(count * price for _, count, price in self.items)

    @property
    def tax(self) -> int:
        """In cents."""
        return round(self.subtotal * self.tax_share)

    @property
    def total(self) -> int:
        """In cents."""
        return self.subtotal + self.tax

    @property
    def fields(self) -> dict[str, str]:
        """The gold values as they are printed."""
        return {
            "company": self.company,
            "date": self.shown_date,
            "address": ", ".join(self.address),
            "total": money(self.total),
        }

    @property
    def typed(self) -> dict[str, str]:
        """The gold values of typed fields, normalised."""
        return {"date": self.day.isoformat(), "total": money(self.total)}


def money(cents: int) -> str:
    """Return `12.05`."""
    return f"{cents // 100}.{cents % 100:02d}"


def invented(rng: np.random.Generator) -> Purchase:
    """Make one up."""

    def one(words: Sequence[str]) -> str:
        return str(words[int(rng.integers(len(words)))])

    day = _FIRST_DAY + timedelta(days=int(rng.integers(_DAYS)))
    goods = [one(_GOODS) for _ in range(int(rng.integers(2, 6)))]
    return Purchase(
        company=" ".join(f"{one(_NAMES)} {one(_TRADES)} {one(_FORMS)}".split()),
        address=(
            f"{rng.integers(1, 180)} {one(_STREETS)} {one(_KINDS)}",
            f"{rng.integers(10000, 99999)} {one(_TOWNS)}",
        ),
        day=day,
        shown_date=day.strftime(one(_DATE_FORMS)),
        items=tuple((name, int(rng.integers(1, 5)), int(rng.integers(90, 4900))) for name in goods),
        tax_share=float(_TAX_SHARES[int(rng.integers(len(_TAX_SHARES)))]),
        number=int(rng.integers(1000, 99999)),
    )
