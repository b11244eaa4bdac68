# ruff: noqa: RUF001 - people write with all kinds of dashes and apostrophes
"""Values as somebody in the world writes them, each with what it means and the name of its form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import phonenumbers
from faker import Faker

from benchmarks.candidate_generality.tongues import TONGUES, Tongue
from capforge_contracts.data_model import Convention

_THIN, _HARD = "\u2009", "\u00a0"
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


@dataclass(frozen=True)
class Said:
    """A value on paper."""

    text: str
    """Spaces part words; a hard or thin space does not."""
    value: str
    """Normalised."""
    form: str
    """By which misses are counted."""


class Writer:
    """Somebody who writes one document: always the same language, marks and habits."""

    def __init__(self, random: Random, tongue: str = "") -> None:
        """Draw who it is."""
        self.random = random
        self.tongue_name = tongue or random.choice(list(TONGUES))
        self.tongue: Tongue = TONGUES[self.tongue_name]
        self.convention = Convention.US if self.tongue_name == "en-US" else Convention.EU
        self.faker = Faker(self.tongue.locale)
        self.faker.seed_instance(random.getrandbits(32))
        self.currency = random.choice(self.tongue.currency)
        self._thousands, self._mark, self._number_form = self._marks()
        self._date = random.choice(self._date_forms())

    def label(self, concept: str) -> str:
        """Return what the writer calls it."""
        return self.tongue.labels[concept]

    def day(self) -> date:
        """Return a day of the last decades."""
        return date(2004, 1, 1) + timedelta(days=self.random.randrange(9000))

    def sum_of(self, low: float, high: float) -> int:
        """Return cents."""
        return self.random.randint(round(low * 100), round(high * 100))

    def amount(self, cents: int, *, bare: bool = False) -> Said:
        """Write an amount with the document's marks; `bare`: without currency."""
        whole, rest = divmod(abs(cents), 100)
        number = f"{self._grouped(whole)}{self._mark}{rest:02}"
        value, form = f"{'-' if cents < 0 else ''}{whole}.{rest:02}", self._number_form
        if self.tongue_name == "de-CH" and self.random.random() < 0.3:
            number, value, form = f"{self._grouped(whole)}.\u2013", f"{'-' if cents < 0 else ''}{whole}", "12.–"
        if cents < 0:
            number, form = self._negative(number)
        if bare or form in {"12,30-", "12,30 -"}:
            return Said(number, value, form)
        style = self.random.choice(("{c}{n}", "{c} {n}", "{n} {c}", "{n}{c}"))
        return Said(style.format(c=self.currency, n=number), value, form)

    def whole(self, number: int) -> Said:
        """Write a whole number, perhaps with its unit."""
        return Said(self._grouped(number), str(number), "whole number")

    def date(self, day: date) -> Said:
        """Write a day as this document does."""
        form, write = self._date
        return Said(write(day), day.isoformat(), form)

    def month(self, day: date) -> Said:
        """Write a month without a day."""
        name = self.tongue.months[day.month - 1]
        forms = {"05/2024": f"{day:%m/%Y}", "May 2024": f"{name} {day.year}", "2024-05": f"{day:%Y-%m}",
                 "05.2024": f"{day:%m.%Y}"}  # fmt: skip
        form = self.random.choice(list(forms))
        return Said(forms[form], f"{day:%Y-%m}", form)

    def period(self, begin: date, end: date) -> tuple[str, str]:
        """Write from-to on one line; return the text and its form."""
        until = self.random.choice((f" {self.tongue.until} ", " - ", " \u2013 ", "-", "\u2013"))
        name, month = self.tongue.months[end.month - 1], self.tongue.months[begin.month - 1]
        same = (begin.year, begin.month) == (end.year, end.month)
        forms = {"both in full": f"{self.date(begin).text}{until}{self.date(end).text}"}
        if not until.strip().isalpha() and same and self.convention is Convention.US:
            forms["May 1-15, 2024"] = f"{name} {begin.day}{until}{end.day}, {end.year}"
        elif same:
            forms["1-15 May 2024"] = f"{begin.day}{until}{end.day} {name} {end.year}"
        elif begin.year == end.year:
            forms["1 May - 15 June 2024"] = f"{begin.day} {month}{until}{end.day} {name} {end.year}"
        if begin.year == end.year and self.tongue.comma:
            forms["01.05. - 15.05.2024"] = f"{begin:%d.%m.}{until}{end:%d.%m.%Y}"
        form = self.random.choice(list(forms))
        return forms[form], form

    def phone(self) -> Said:
        """Write a number that may exist."""
        number = phonenumbers.example_number_for_type(self.tongue.region, self.random.choice((0, 1)))
        code, digits = number.country_code, phonenumbers.national_significant_number(number)
        changed = digits[:3] + "".join(self.random.choice("123456789") for _ in digits[3:])
        number = phonenumbers.parse(f"+{code}{changed}")
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        abroad = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        plain, far = "".join(filter(str.isdigit, national)), f"+{code}{changed}"
        trunk = plain.removesuffix(changed)
        forms = {
            "national": (national, plain),
            "international": (abroad, far),
            "+49.30.123": (abroad.replace(" ", "."), far),
            "extension": (f"{national} ext. {self.random.randint(10, 99)}", plain),
            "0049": (f"00{far[1:]}", far),
        }
        if trunk == "0":
            forms["+49 (0)"] = (f"+{code} (0){changed[:2]} {changed[2:]}", far)
        form = self.random.choice(list(forms))
        return Said(*forms[form], form)

    def mail(self) -> Said:
        """Write an e-mail address."""
        first, last = self._ascii(self.faker.first_name()), self._ascii(self.faker.last_name())
        forms = {"plain": f"{first}.{last}@{last}.example", "plus tag": f"{first}+{last}@{last}-mail.com",
                 "sub domain": f"{first}_{last}@mail.{last}.co.uk"}  # fmt: skip
        form = self.random.choice(list(forms))
        return Said(forms[form], forms[form], form)

    def page(self) -> Said:
        """Write a web address."""
        last = self._ascii(self.faker.last_name())
        forms = {"www": f"www.{last}.com", "no scheme": f"{last}.{self.random.choice(('de', 'com', 'io', 'fr'))}",
                 "path": f"{last}.com/in/{last}-{self.random.randint(1, 99)}", "scheme": f"https://{last}.org/a",
                 "new ending": f"{last}.{self.random.choice(('studio', 'berlin', 'bank', 'photography'))}"}  # fmt: skip
        form = self.random.choice(list(forms))
        return Said(forms[form], forms[form], form)

    def code(self, pattern: str) -> str:
        """Return a number: # is a digit, ? a letter."""
        draw = self.random
        return "".join(
            str(draw.randint(0, 9)) if one == "#" else draw.choice("ABCDEFGHJKLMNPRSTUVWXYZ") if one == "?" else one
            for one in pattern
        )

    def _marks(self) -> tuple[str, str, str]:
        if self.tongue_name == "de-CH":
            return self.random.choice((("'", ".", "1'234.50"), ("\u2019", ".", "1’234.50")))
        if self.tongue_name == "en-IN":
            return "in", ".", "1,23,456.00"
        if not self.tongue.comma:
            return ",", ".", "1,234.56"
        return self.random.choice(
            ((".", ",", "1.234,56"), (_HARD, ",", "1 234,56 hard"), (_THIN, ",", "1 234,56 thin"),
             (" ", ",", "1 234,56 two words"), ("", ",", "1234,56"))
        )  # fmt: skip

    def _grouped(self, whole: int) -> str:
        if self._thousands != "in":
            return f"{whole:,}".replace(",", self._thousands)
        head, tail = str(whole)[:-3], str(whole)[-3:]
        groups = []
        while head:
            groups.insert(0, head[-2:])
            head = head[:-2]
        return ",".join([*groups, tail])

    def _negative(self, number: str) -> tuple[str, str]:
        return self.random.choice(
            ((f"-{number}", "-12.30"), (f"({number})", "(12.30)"), (f"{number}-", "12,30-"), (f"- {number}", "- 12.30"),
             (f"\u2212{number}", "−12.30"), (f"{number} -", "12,30 -"))
        )  # fmt: skip

    def _date_forms(self) -> list[tuple[str, Callable[[date], str]]]:
        tongue = self.tongue
        forms: list[tuple[str, Callable[[date], str]]] = [("2024-05-01", lambda day: day.isoformat())]
        numeric = "%m/%d/%Y" if self.convention is Convention.US else self.random.choice(("%d.%m.%Y", "%d/%m/%Y"))
        forms.append((numeric, lambda day: day.strftime(numeric)))
        forms.append((f"{numeric} short", lambda day: day.strftime(numeric.replace("%Y", "%y"))))
        for form in tongue.named_day:
            forms.append((form, lambda day, form=form: _named(form, day, tongue.months)))
            forms.append((f"{form} short", lambda day, form=form: _named(form, day, tongue.short)))
            forms.append((f"{form} capitals", lambda day, form=form: _named(form, day, tongue.months).upper()))
        return forms

    def _ascii(self, name: str) -> str:
        return "".join(one for one in name.lower() if one.isascii() and one.isalpha()) or "mail"


def _named(form: str, day: date, names: tuple[str, ...]) -> str:
    return form.format(d=day.day, y=day.year, name=names[day.month - 1], th=_ORDINALS.get(day.day, "th"))
