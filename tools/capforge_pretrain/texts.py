"""Random values of documents: names, addresses, amounts, dates, numbers, as they are written in many countries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from faker import Faker

from capforge_pretrain import vocabulary as words

LOCALES = (
    "en_US",
    "en_GB",
    "en_IN",
    "en_AU",
    "de_DE",
    "fr_FR",
    "es_ES",
    "it_IT",
    "nl_NL",
    "pt_PT",
    "pl_PL",
    "sv_SE",
    "id_ID",
)
_LANGUAGE_OF = {"de": 1, "fr": 2, "es": 3, "it": 4, "nl": 5, "pt": 6, "id": 7, "pl": 8}
_OWN_WORDS = 0.03
"""Share of labels in words that no list has: there the place alone tells."""
_POOL = 400
"""Names and addresses per locale that are drawn and mixed."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE_FORMS = (
    "{d:02}/{m:02}/{y}", "{d:02}-{m:02}-{y}", "{d:02}.{m:02}.{y}", "{d:02}/{m:02}/{s:02}", "{d:02}-{m:02}-{s:02}",
    "{y}-{m:02}-{d:02}", "{d} {n} {y}", "{d:02} {n} {y}", "{d:02}-{n}-{y}", "{n} {d}, {y}", "{d}.{m}.{y}",
    "{d}/{m}/{y}", "{d:02}{n}{y}",
)  # fmt: skip


@lru_cache(maxsize=32)
def pool(locale: str) -> dict[str, list[str]]:
    """Return names, companies, addresses (lines joined by a newline), cities, words of a locale."""
    fake = Faker(locale)
    fake.seed_instance(len(locale) * 7919 + sum(map(ord, locale)))
    return {
        "name": [fake.name() for _ in range(_POOL)],
        "surname": [fake.last_name() for _ in range(_POOL)],
        "company": [fake.company() for _ in range(_POOL)],
        "address": [fake.address() for _ in range(_POOL)],
        "city": [fake.city() for _ in range(_POOL)],
        "word": [fake.word() for _ in range(_POOL)],
        "phone": [fake.phone_number() for _ in range(_POOL)],
        "email": [fake.ascii_company_email() for _ in range(_POOL)],
        "domain": [fake.domain_name() for _ in range(_POOL)],
    }


@dataclass(frozen=True)
class Amount:
    """A number, and how it is written."""

    text: str
    value: str


@dataclass(frozen=True)
class Style:
    """What one document keeps to."""

    random: Random
    locale: str
    language: int
    decimal: str
    thousands: str
    currency: str
    currency_place: int
    """0 nowhere, 1 before, 2 before with a space, 3 behind."""
    date_form: str
    capitals: bool

    def label(self, concept: str) -> str:
        """Return what stands before such a value."""
        rows = words.LABELS[concept]
        if self.random.random() < _OWN_WORDS:
            return " ".join(syllables(self.random) for _ in range(self.random.randint(1, 2)))
        row = rows[self.language] if self.random.random() < 0.93 else rows[0]
        return self.random.choice(row)

    def phrase(self, rows: list[list[str]]) -> str:
        """Return a phrase in the document's language."""
        return self.random.choice(rows[self.language])

    def amount(self, value: float, *, plain: bool = False) -> Amount:
        """Return an amount with two decimals as this document writes it."""
        whole, cents = divmod(round(abs(value) * 100), 100)
        digits = f"{whole:,}".replace(",", self.thousands)
        text = f"{digits}{self.decimal}{cents:02}"
        if not plain and self.currency:
            before = {1: self.currency, 2: f"{self.currency} "}.get(self.currency_place, "")
            text = f"{before}{text}" + (f" {self.currency}" if self.currency_place == 3 else "")
        return Amount(text, f"{'-' if value < 0 else ''}{whole}.{cents:02}")

    def date(self, when: date) -> str:
        """Return a date as this document writes it."""
        name = _MONTHS[when.month - 1]
        return self.date_form.format(
            d=when.day, m=when.month, y=when.year, s=when.year % 100, n=name.upper() if self.capitals else name
        )

    def from_pool(self, what: str) -> str:
        """Return a name, a city and the like."""
        return self.random.choice(pool(self.locale)[what])


def style_of(random: Random) -> Style:
    """Draw what a document keeps to."""
    locale = random.choice(LOCALES)
    language = _LANGUAGE_OF.get(locale[:2], 0)
    comma = language not in {0, 7} and random.random() < 0.85
    return Style(
        random=random,
        locale=locale,
        language=language,
        decimal="," if comma else ".",
        thousands=random.choice((".", " ", "")) if comma else random.choice((",", ",", "")),
        currency=random.choice(("", "$", "€", "£", "EUR", "USD", "Rs", "zł", "kr", "CHF", "Rp", "R$", "AUD")),
        currency_place=random.choice((0, 1, 2, 3)),
        date_form=random.choice(_DATE_FORMS),
        capitals=random.random() < 0.45,
    )


def syllables(random: Random) -> str:
    """Return a name that no list has."""
    size = random.randint(1, 4)
    return "".join(
        random.choice("bcdfghjklmnprstvwyz") + random.choice(("a", "e", "i", "o", "u", "an", "er", "in", "on"))
        for _ in range(size)
    ).capitalize()


def company(style: Style) -> str:
    """Return a company's name of one to seven words."""
    random = style.random
    if random.random() < 0.3:
        return style.from_pool("company")
    parts = [_name_word(style) for _ in range(random.choice((1, 1, 2, 2, 3)))]
    if random.random() < 0.65:
        parts += random.sample(words.TRADES, random.choice((1, 1, 2)))
    if random.random() < 0.1:
        parts.insert(1, "&")
    if random.random() < 0.15:
        parts.append(f"({syllables(random)})")
    if random.random() < 0.55:
        parts.append(random.choice(words.LEGAL_FORMS))
    return " ".join(parts)


def _name_word(style: Style) -> str:
    kind = style.random.random()
    if kind < 0.5:
        return syllables(style.random)
    if kind < 0.6:
        return "".join(style.random.choice("ABCDEFGHIKLMNOPRSTUVXYZ") for _ in range(style.random.randint(1, 4)))
    return style.from_pool("surname" if kind < 0.85 else "word").capitalize()


def address_lines(style: Style) -> list[str]:
    """Return an address on one to five lines."""
    random = style.random
    lines = style.from_pool("address").split("\n") if random.random() < 0.35 else _wordy_address(style)
    if random.random() < 0.3:
        lines = [", ".join(lines)] if len(lines) < 3 else [", ".join(lines[:2]), *lines[2:]]
    comma = random.random() < 0.6
    return [text + ("," if comma and place < len(lines) - 1 else "") for place, text in enumerate(lines)]


def _wordy_address(style: Style) -> list[str]:
    random = style.random
    parts = []
    if random.random() < 0.6:
        parts.append(f"{random.choice(words.UNITS)} {_unit(random)}")
    if random.random() < 0.4:
        parts.append(f"{syllables(random)} {random.choice(words.PLACES)}")
    street = (
        f"{syllables(random)} {random.choice(words.STREETS)}"
        if random.random() < 0.5
        else f"{random.choice(words.STREETS)} {syllables(random)} {_unit(random)}"
    )
    parts.append(street if random.random() < 0.4 else f"{random.randint(1, 400)} {street}")
    if random.random() < 0.5:
        parts.append(
            f"{random.choice(words.PLACES)} {syllables(random)}"
            if random.random() < 0.5
            else f"{syllables(random)} {syllables(random)}"
        )
    postcode, city = (
        f"{random.randint(1000, 99999):05}",
        style.from_pool("city") if random.random() < 0.5 else f"{syllables(random)} {syllables(random)}",
    )
    parts.append(random.choice((f"{postcode} {city}", f"{city} {postcode}", f"{postcode}, {city}", f"{city}")))
    if random.random() < 0.5:
        parts.append(syllables(random) if random.random() < 0.6 else f"{syllables(random)} {syllables(random)}")
    return _wrapped(random, parts)


def _wrapped(random: Random, parts: list[str]) -> list[str]:
    """Put one, two or three parts on each line."""
    lines, place = [], 0
    joint = random.choice((", ", ", ", ",", " "))
    while place < len(parts):
        count = random.choice((1, 2, 2, 3))
        lines.append(joint.join(parts[place : place + count]))
        place += count
    return lines


def _unit(random: Random) -> str:
    return random.choice(
        (
            f"{random.randint(1, 99)}",
            f"{random.randint(1, 300)}-{random.choice('ABCG')}",
            f"{random.randint(1, 20)}/{random.randint(1, 99)}",
            f"{random.choice('ABCDEGKL')}{random.randint(1, 40)}",
        )
    )


def number(random: Random) -> str:
    """Return a document's number."""
    form = random.choice(
        ("########", "??-######", "####/##", "?#####", "######-#", "??#########", "#####", "???/##/####")
    )
    return "".join(
        str(random.randint(0, 9)) if one == "#" else random.choice("ABCDEFIKLNPRSTX") if one == "?" else one
        for one in form
    )


def day(random: Random) -> date:
    """Return a day of the last decades."""
    return date(2003, 1, 1) + timedelta(days=random.randint(0, 8000))
