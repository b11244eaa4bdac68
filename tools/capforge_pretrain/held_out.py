"""Kinds of documents that are never trained on, with fields and words of their own: they show what carries over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from capforge_contracts.data_model import DataField, FieldType
from capforge_pretrain import texts
from capforge_pretrain.blocks import Sheet, fact_rows, paragraph
from capforge_pretrain.canvas import Canvas, Piece, line
from capforge_pretrain.kinds import Kind


@dataclass(frozen=True)
class HeldOut:
    """One kind, and what is asked of it."""

    kind: Kind
    fields: tuple[DataField, ...]


def _sheet(random: Random, width: float, size: float) -> Sheet:
    canvas = Canvas(random, width, size, random.uniform(1.2, 1.7), top=size)
    return Sheet(canvas, texts.style_of(random))


def _value(sheet: Sheet, concept: str, form: str) -> Piece:
    style, random = sheet.style, sheet.style.random
    if form == "date":
        when = texts.day(random)
        return sheet.piece(concept, style.date(when), when.isoformat())
    if form == "amount":
        amount = style.amount(random.uniform(5, 900))
        return sheet.piece(concept, amount.text, amount.value)
    if form == "name":
        return sheet.piece(concept, style.from_pool("name"))
    if form == "place":
        return sheet.piece(
            concept,
            f"{texts.syllables(random)} {texts.syllables(random)}"
            if random.random() < 0.4
            else texts.syllables(random),
        )
    return sheet.piece(concept, texts.number(random))


def _pairs(sheet: Sheet, rows: Sequence[tuple[str, str, tuple[str, ...]]]) -> list[tuple[str, Piece]]:
    pairs = [(sheet.style.random.choice(labels), _value(sheet, concept, form)) for concept, form, labels in rows]
    sheet.style.random.shuffle(pairs)
    return pairs


def laboratory_report(random: Random) -> Sheet:
    """Findings of a laboratory about a patient."""
    sheet = _sheet(random, 1000, random.uniform(14, 19))
    canvas = sheet.canvas
    canvas.write(
        line(
            sheet.piece(
                "laboratory", f"{texts.syllables(random)} {random.choice(('Diagnostics', 'Pathology', 'Medical Lab'))}"
            )
        ),
        500,
        align="middle",
        scale=1.4,
    )
    canvas.down(1.5)
    canvas.write(line("Report of findings", texts.number(random)), 60)
    canvas.down(2)
    rows = (
        ("patient", "name", ("Patient", "Patient name")),
        ("physician", "name", ("Physician", "Requested by", "Doctor")),
        ("collected", "date", ("Collected", "Sample taken")), ("reported", "date", ("Reported", "Report released")),
        ("born", "date", ("Born", "DOB")), ("sample", "number", ("Sample", "Specimen ID")),
    )  # fmt: skip
    fact_rows(sheet, _pairs(sheet, rows), 60, 940)
    canvas.down()
    for _ in range(random.randint(3, 9)):
        canvas.write(line(texts.syllables(random) + "ase"), 60)
        canvas.write(line(f"{random.uniform(0.1, 200):.1f}"), 450)
        canvas.write(line(f"{random.randint(1, 40)} - {random.randint(50, 300)}"), 650)
        canvas.down()
    paragraph(sheet, 60, 940, random.randint(0, 3))
    return sheet


def meter_bill(random: Random) -> Sheet:
    """What a household used and owes."""
    sheet = _sheet(random, 1000, random.uniform(14, 19))
    canvas = sheet.canvas
    canvas.write(
        line(
            sheet.piece(
                "provider", f"{texts.syllables(random)} {random.choice(('Energy', 'Water', 'Power & Light', 'Gas'))}"
            )
        ),
        60,
        scale=1.5,
    )
    canvas.down(2)
    canvas.write(line(random.choice(("Supply point", "Delivered at", "Premises"))), 60)
    canvas.down()
    for text in texts.address_lines(sheet.style):
        canvas.write(line(sheet.piece("premises", text)), 60)
        canvas.down()
    canvas.down()
    rows = (
        ("meter", "number", ("Meter", "Meter ID")), ("read_on", "date", ("Meter read on", "Reading taken")),
        ("debit", "date", ("Direct debit on", "We will collect on")),
        ("standing", "amount", ("Standing charge", "Base charge")),
        ("owed", "amount", ("You owe", "To be collected", "What you owe us")),
    )  # fmt: skip
    fact_rows(sheet, _pairs(sheet, rows), 60, 940)
    for _ in range(random.randint(2, 5)):
        canvas.write(line(random.choice(("Units", "Levy", "Peak", "Night")), str(random.randint(10, 900))), 60)
        canvas.write(line(sheet.style.amount(random.uniform(1, 90), plain=True).text), 940, align="right")
        canvas.down()
    return sheet


def boarding_pass(random: Random) -> Sheet:
    """Who flies where, when, on which seat."""
    sheet = _sheet(random, 900, random.uniform(16, 24))
    canvas = sheet.canvas
    canvas.write(line(f"{texts.syllables(random)} Air", "BOARDING PASS"), 40, scale=1.3)
    canvas.down(2)
    rows = (
        ("traveller", "name", ("PASSENGER", "Name of traveller")), ("origin", "place", ("FROM", "Origin")),
        ("destination", "place", ("TO", "Destination")), ("flight", "number", ("FLIGHT", "Flight no")),
        ("departs", "date", ("DEPARTS", "Flying on")), ("booking", "number", ("BOOKING", "Locator")),
    )  # fmt: skip
    fact_rows(sheet, _pairs(sheet, rows), 40, 860)
    canvas.write(
        line("GATE", str(random.randint(1, 60)), "SEAT", f"{random.randint(1, 40)}{random.choice('ABCDEF')}"), 40
    )
    canvas.down()
    return sheet


def _fields(**types: FieldType) -> tuple[DataField, ...]:
    return tuple(DataField(name=name, type=kind) for name, kind in types.items())


HELD_OUT = {
    "laboratory report": HeldOut(
        laboratory_report,
        _fields(
            laboratory=FieldType.WORD,
            patient=FieldType.WORD,
            physician=FieldType.WORD,
            collected=FieldType.DATE,
            sample=FieldType.WORD,
        ),
    ),
    "meter bill": HeldOut(
        meter_bill,
        _fields(
            provider=FieldType.WORD,
            premises=FieldType.WORD,
            read_on=FieldType.DATE,
            owed=FieldType.AMOUNT,
            meter=FieldType.WORD,
        ),
    ),
    "boarding pass": HeldOut(
        boarding_pass,
        _fields(
            traveller=FieldType.WORD,
            origin=FieldType.WORD,
            destination=FieldType.WORD,
            flight=FieldType.WORD,
            departs=FieldType.DATE,
        ),
    ),
}
