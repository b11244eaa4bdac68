"""Kinds of documents. Those held out are never trained on: they show what carries over."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from capforge_pretrain import texts
from capforge_pretrain.blocks import (
    Place,
    Sheet,
    address_block,
    fact,
    fact_rows,
    facts,
    issuer,
    later,
    paragraph,
    title,
)
from capforge_pretrain.canvas import Canvas, line
from capforge_pretrain.sums import items_of, sums, table
from capforge_pretrain.vocabulary import FOOTERS

Kind = Callable[[Random], Sheet]


def _sheet(random: Random, width: float, size: float) -> Sheet:
    canvas = Canvas(random, width, size, random.uniform(1.1, 1.8), top=size * random.uniform(0.5, 4))
    return Sheet(canvas, texts.style_of(random))


def _footer(sheet: Sheet, place: Place) -> None:
    for _ in range(sheet.style.random.randint(0, 4)):
        sheet.canvas.write(line(sheet.style.phrase(FOOTERS)), place.x, align=place.align)
        sheet.canvas.down()


def _some(sheet: Sheet, concepts: tuple[str, ...], least: int) -> list[str]:
    random = sheet.style.random
    return random.sample(concepts, random.randint(least, len(concepts)))


def receipt(random: Random) -> Sheet:
    """A till's narrow strip."""
    sheet = _sheet(random, 500, random.uniform(13, 24))
    canvas, left, right = sheet.canvas, random.uniform(5, 40), random.uniform(440, 495)
    head = random.choice((Place(250, "middle"), Place(250, "middle"), Place(left)))
    blocks = ["title", "facts", "customer"] if random.random() < 0.2 else ["title", "facts"]
    blocks = [block for block in blocks if random.random() < 0.85]
    random.shuffle(blocks)
    issuer(sheet, head)
    canvas.gap()
    dated = random.random() < 0.8
    for block in blocks:
        if block == "title":
            title(sheet, random.choice((head, Place(250, "middle"))))
        elif block == "customer":
            address_block(sheet, Place(left))
        else:
            names = _some(sheet, ("number", "person", "customer"), 0) + (["date"] if dated else [])
            random.shuffle(names)
            fact_rows(sheet, facts(sheet, names), left, right)
        canvas.gap()
    items = items_of(sheet)
    table(sheet, items, left, right)
    canvas.gap(1)
    sums(sheet, items, random.choice((left, 200)), right)
    canvas.gap()
    if "date" not in sheet.written and random.random() < 0.9:
        canvas.write(line(fact(sheet, "date"), random.choice(("", texts.number(random)))), random.choice((left, 150)))
        canvas.down()
    _footer(sheet, Place(250, "middle"))
    return sheet


def invoice(random: Random) -> Sheet:
    """A page with two parties, a table, sums."""
    sheet = _sheet(random, 1000, random.uniform(13, 20))
    canvas, left, right = sheet.canvas, random.uniform(40, 100), random.uniform(880, 960)
    issuer(sheet, random.choice((Place(left), Place(right, "right"), Place(500, "middle"))))
    canvas.gap(4)
    if random.random() < 0.7:
        title(sheet, random.choice((Place(left), Place(500, "middle"), Place(right, "right"))))
    top = canvas.top
    address_block(sheet, Place(left))
    below, canvas.top = canvas.top, top if random.random() < 0.6 else canvas.top
    half = random.uniform(520, 620) if canvas.top == top else left
    names = ["date", *_some(sheet, ("number", "person", "method", "taxid", "start"), 1)]
    pairs = facts(sheet, names)
    if random.random() < 0.5:
        pairs.append((sheet.style.label("due"), later(sheet, "due", "date")))
    random.shuffle(pairs)
    fact_rows(sheet, pairs, half, right)
    canvas.top = max(below, canvas.top)
    canvas.gap(3)
    items = items_of(sheet, 12)
    table(sheet, items, left, right)
    canvas.gap()
    sums(sheet, items, random.uniform(500, 650), right)
    canvas.gap(4)
    _footer(sheet, random.choice((Place(left), Place(500, "middle"))))
    return sheet


def letter(random: Random) -> Sheet:
    """Running text between two addresses and a name."""
    sheet = _sheet(random, 1000, random.uniform(14, 20))
    canvas, left, right = sheet.canvas, random.uniform(60, 120), random.uniform(850, 930)
    issuer(sheet, random.choice((Place(left), Place(right, "right"))))
    canvas.gap(4)
    address_block(sheet, Place(left))
    canvas.gap(3)
    when = fact(sheet, "date")
    canvas.write(
        line(random.choice(("", sheet.style.from_pool("city") + ",")), when),
        right if random.random() < 0.6 else left,
        align="right" if random.random() < 0.6 else "left",
    )
    canvas.down(2)
    fact_rows(sheet, facts(sheet, _some(sheet, ("number",), 0)), left, right)
    paragraph(sheet, left, right, random.randint(3, 9))
    if random.random() < 0.5:
        amount = sheet.style.amount(random.uniform(10, 5000))
        canvas.write(line(sheet.style.label("total"), sheet.piece("total", amount.text, amount.value)), left)
        canvas.down()
    paragraph(sheet, left, right, random.randint(1, 5))
    canvas.down(2)
    canvas.write(line(sheet.piece("person", sheet.style.from_pool("name"))), left)
    canvas.down()
    return sheet


def form(random: Random) -> Sheet:
    """Labels and what was filled in."""
    sheet = _sheet(random, 1000, random.uniform(14, 22))
    canvas, left, right = sheet.canvas, random.uniform(40, 90), random.uniform(880, 960)
    if random.random() < 0.8:
        issuer(sheet, random.choice((Place(left), Place(500, "middle"))))
        canvas.gap(2)
    title(sheet, Place(500, "middle"))
    names = [
        "date",
        *_some(sheet, ("customer", "person", "number", "email", "phone", "due", "start", "taxid", "method"), 4),
    ]
    random.shuffle(names)
    pairs = facts(sheet, names)
    for concept in _some(sheet, ("total", "tax", "subtotal"), 0):
        amount = sheet.style.amount(random.uniform(5, 9000))
        pairs.append((sheet.style.label(concept), sheet.piece(concept, amount.text, amount.value)))
    fact_rows(sheet, pairs, left, right)
    paragraph(sheet, left, right, random.randint(0, 4))
    return sheet


def payslip(random: Random) -> Sheet:
    """Earnings and deductions of one person in two columns."""
    sheet = _sheet(random, 1000, random.uniform(14, 20))
    canvas, left, right = sheet.canvas, random.uniform(40, 90), random.uniform(880, 960)
    issuer(sheet, Place(left))
    canvas.gap(3)
    pairs = facts(sheet, ["customer", "date", *_some(sheet, ("number", "taxid", "start"), 1)])
    fact_rows(sheet, pairs, left, right)
    canvas.gap(3)
    table(sheet, items_of(sheet, 6), left, right)
    canvas.gap(2)
    sums(sheet, items_of(sheet, 4), left, right)
    return sheet


def ticket(random: Random) -> Sheet:
    """A small card with large words."""
    sheet = _sheet(random, 600, random.uniform(18, 30))
    left, right = random.uniform(20, 60), random.uniform(540, 585)
    issuer(sheet, random.choice((Place(left), Place(300, "middle"))))
    title(sheet, Place(left))
    pairs = facts(sheet, ["date", *_some(sheet, ("customer", "number", "start", "person"), 2)])
    amount = sheet.style.amount(random.uniform(2, 300))
    pairs.append((sheet.style.label("total"), sheet.piece("total", amount.text, amount.value)))
    random.shuffle(pairs)
    fact_rows(sheet, pairs, left, right)
    return sheet


KINDS: dict[str, Kind] = {
    "receipt": receipt, "invoice": invoice, "letter": letter, "form": form, "payslip": payslip, "ticket": ticket,
}  # fmt: skip
SHARES = {"receipt": 4, "invoice": 3, "letter": 1, "form": 1.5, "payslip": 0.7, "ticket": 0.8}
