"""Parts of documents: who wrote it, label and value pairs, a table, its sums, words to the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from capforge_pretrain import texts, vocabulary
from capforge_pretrain.canvas import Canvas, Line, Piece, line
from capforge_pretrain.texts import Style


@dataclass
class Sheet:
    """One document while it is written."""

    canvas: Canvas
    style: Style
    values: dict[str, str] = field(default_factory=dict)
    """By concept: the normalised value of what is typed."""
    written: set[str] = field(default_factory=set)
    """Concepts whose value stands on the page."""

    def piece(self, concept: str, text: str, value: str | None = None) -> Piece:
        """Return a value to be written."""
        self.written.add(concept)
        if value is not None:
            self.values[concept] = value
        return Piece(text, concept)


@dataclass(frozen=True)
class Place:
    """Where a block stands."""

    x: float
    align: str = "left"


def contact_lines(sheet: Sheet) -> list[Line]:
    """Telephone, fax, e-mail, web, tax number, in any order; some may be missing."""
    style, random = sheet.style, sheet.style.random
    lines: list[Line] = []
    if random.random() < 0.7:
        lines.append(line(_label(style, "phone"), sheet.piece("phone", style.from_pool("phone"))))
        if random.random() < 0.3:
            fax = line(_label(style, "fax"), style.from_pool("phone"))
            lines[-1:] = [[*lines[-1], *fax]] if random.random() < 0.5 else [lines[-1], fax]
    if random.random() < 0.3:
        lines.append(line(_label(style, "email"), sheet.piece("email", style.from_pool("email"))))
    if random.random() < 0.3:
        lines.append(line(_label(style, "url"), sheet.piece("url", "www." + style.from_pool("domain"))))
    if random.random() < 0.5:
        lines.append(line(_label(style, "taxid"), sheet.piece("taxid", texts.number(random))))
    random.shuffle(lines)
    return lines


def _label(style: Style, concept: str) -> str:
    text = style.label(concept)
    return text + style.random.choice((":", "", " :", ":")) if text else ""


def issuer(sheet: Sheet, place: Place, company: str = "company", address: str = "address") -> None:
    """Name and address of who wrote the document."""
    canvas, style, random = sheet.canvas, sheet.style, sheet.style.random
    for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
        canvas.write(line(_beside(sheet)), place.x, align=place.align)
        canvas.down()
    scale = random.choice((1.0, 1.0, 1.2, 1.5, 1.9))
    name = texts.company(style).split()
    cut = random.randint(1, len(name)) if len(name) > 2 and random.random() < 0.2 else len(name)
    for part in (name[:cut], name[cut:]):
        if part:
            number = f"({texts.number(random)})" if part[-1] == name[-1] and random.random() < 0.15 else ""
            canvas.write(line(sheet.piece(company, " ".join(part)), number), place.x, align=place.align, scale=scale)
            canvas.down(scale=scale)
    extras = contact_lines(sheet)
    before = [one for one in extras if random.random() < 0.25]
    if random.random() < 0.15:
        before.insert(0, line(style.phrase(vocabulary.FOOTERS)))
    if random.random() < 0.2:
        before.append(line(_beside(sheet)))
    after = [one for one in extras if one not in before]
    shown = random.random() < 0.9
    lines = [line(sheet.piece(address, text)) for text in texts.address_lines(style)] if shown else []
    if random.random() < 0.2:
        after.insert(0, line(_beside(sheet)))
    for one in (*before, *lines, *after):
        canvas.write(one, place.x, align=place.align)
        canvas.down()


def _beside(sheet: Sheet) -> str:
    """Return what else stands beside a name: a brand, a branch, a person, a number, a slogan."""
    style, random = sheet.style, sheet.style.random
    match random.randrange(6):
        case 0:
            text = style.from_pool("name")
        case 1:
            text = texts.number(random)
        case 2:
            text = f"{style.phrase(vocabulary.TITLES)} {random.choice(('', texts.number(random)))}"
        case 3:
            text = f"{texts.syllables(random)} {random.choice(vocabulary.PLACES)}"
        case 4:
            text = " ".join(style.from_pool("word") for _ in range(random.randint(1, 4)))
        case _:
            unknown = f"{texts.syllables(random)} {texts.syllables(random)}"
            text = unknown if random.random() < 0.5 else style.from_pool("city")
    return text


def title(sheet: Sheet, place: Place) -> None:
    """What the document calls itself."""
    text = sheet.style.phrase(vocabulary.TITLES)
    if sheet.style.random.random() < 0.2:
        text = f"* {text} *"
    sheet.canvas.write(line(text), place.x, align=place.align, scale=sheet.style.random.choice((1.0, 1.3, 1.8)))
    sheet.canvas.down(1.2)


def facts(sheet: Sheet, concepts: Sequence[str]) -> list[tuple[str, Piece]]:
    """Label and value of some concepts."""
    return [(sheet.style.label(concept), fact(sheet, concept)) for concept in concepts]


def fact(sheet: Sheet, concept: str) -> Piece:
    """Return a value of a concept."""
    style, random = sheet.style, sheet.style.random
    if concept in {"date", "due", "start"}:
        return _day(sheet, concept)
    if concept in {"number", "taxid"}:
        text = texts.number(random)
    elif concept == "method":
        text = random.choice(vocabulary.METHODS)
    elif concept in {"email", "phone"}:
        text = style.from_pool(concept)
    elif concept == "customer" and random.random() < 0.4:
        text = texts.company(style)
    else:
        text = style.from_pool("name" if random.random() < 0.7 else "surname")
    return sheet.piece(concept, text)


def _day(sheet: Sheet, concept: str) -> Piece:
    random = sheet.style.random
    when = texts.day(random)
    timed = concept == "date" and random.random() < 0.4
    clock = f" {random.randint(7, 22):02}:{random.randint(0, 59):02}" if timed else ""
    return sheet.piece(concept, sheet.style.date(when) + clock, when.isoformat())


def fact_rows(sheet: Sheet, pairs: Sequence[tuple[str, Piece]], left: float, right: float) -> None:
    """Write label and value pairs: behind one another, in columns, or the value below the label."""
    canvas, random = sheet.canvas, sheet.style.random
    form = random.choice(("behind", "behind", "columns", "below", "pairs"))
    tab = left + (right - left) * random.uniform(0.25, 0.5)
    joint = random.choice((":", " :", "", ":"))
    for place, (label, value) in enumerate(pairs):
        if form == "behind":
            canvas.write(line(label + joint, value), left)
        elif form == "columns":
            canvas.write(line(label), left)
            canvas.write(line(joint.strip(), value), tab)
        elif form == "pairs":
            half = left if place % 2 == 0 else left + (right - left) * 0.52
            canvas.write(line(label + joint, value), half)
            if place % 2 == 0 and place < len(pairs) - 1:
                continue
        else:
            canvas.write(line(label), left)
            canvas.down()
            canvas.write(line(value), left + random.choice((0, 10)))
        canvas.down()


def address_block(sheet: Sheet, place: Place, who: str = "customer", where: str = "customer_address") -> None:
    """Somebody's name and address under one another."""
    canvas, style, random = sheet.canvas, sheet.style, sheet.style.random
    if random.random() < 0.7:
        canvas.write(line(style.label("customer") + random.choice((":", ""))), place.x, align=place.align)
        canvas.down()
    name = style.from_pool("name") if random.random() < 0.6 else texts.company(style)
    canvas.write(line(sheet.piece(who, name)), place.x, align=place.align)
    canvas.down()
    for text in texts.address_lines(style):
        canvas.write(line(sheet.piece(where, text)), place.x, align=place.align)
        canvas.down()


def paragraph(sheet: Sheet, left: float, right: float, lines: int) -> None:
    """Running text that nothing is asked of."""
    canvas, style = sheet.canvas, sheet.style
    room = int((right - left) / (canvas.size * 0.6))
    for _ in range(lines):
        text = ""
        while len(text) < room - 12:
            text += style.from_pool("word") + " "
        canvas.write(line(text.strip().capitalize()), left)
        canvas.down()


def later(sheet: Sheet, concept: str, after: str) -> Piece:
    """Return a date some days after another that is written already."""
    random = sheet.style.random
    first = date.fromisoformat(sheet.values[after])
    when = first + timedelta(days=random.randint(1, 60))
    return sheet.piece(concept, sheet.style.date(when), when.isoformat())
