"""A table of what was bought, and the sums below it: subtotal, tax, total, paid, change, in many orders and forms."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_pretrain import texts, vocabulary
from capforge_pretrain.blocks import Sheet
from capforge_pretrain.canvas import line


@dataclass(frozen=True)
class Item:
    """One thing bought."""

    name: str
    count: int
    price: float

    @property
    def amount(self) -> float:
        """What it costs in all."""
        return round(self.count * self.price, 2)


def items_of(sheet: Sheet, most: int = 9) -> list[Item]:
    """Draw what was bought."""
    style, random = sheet.style, sheet.style.random
    top = random.choice((20, 60, 300, 3000))
    found = []
    for _ in range(random.randint(1, most)):
        name = " ".join(style.from_pool("word") for _ in range(random.randint(1, 4)))
        if random.random() < 0.3:
            name += f" {random.randint(1, 900)}{random.choice(('g', 'ml', 'cm', 'kg', 'x', 'W'))}"
        found.append(Item(name, random.choice((1, 1, 1, 1, 2, 3, 5, 10)), round(random.uniform(0.5, top), 2)))
    return found


def table(sheet: Sheet, items: list[Item], left: float, right: float) -> None:
    """Write the items: on one line each, or name and numbers on two."""
    canvas, style, random = sheet.canvas, sheet.style, sheet.style.random
    stops = [left + (right - left) * share for share in (0.55, 0.75, 1.0)]
    if random.random() < 0.7:
        heads = random.sample(vocabulary.COLUMNS[style.language], 3)
        canvas.write(line(heads[0]), left)
        for head, stop in zip(heads[1:], stops[1:], strict=False):
            canvas.write(line(head), stop, align="right")
        canvas.down()
    two_lines = random.random() < 0.4
    codes = random.random() < 0.4
    for item in items:
        canvas.write(line(f"{texts.number(random)} " if codes else "", item.name), left)
        if two_lines:
            canvas.down()
        canvas.write(line(str(item.count) + random.choice(("", " x", " pcs"))), stops[0], align="right")
        canvas.write(line(style.amount(item.price, plain=True).text), stops[1], align="right")
        canvas.write(line(style.amount(item.amount, plain=random.random() < 0.8).text), stops[2], align="right")
        canvas.down()


def sums(sheet: Sheet, items: list[Item], left: float, right: float) -> None:
    """Write the sums of the items."""
    style, random = sheet.style, sheet.style.random
    net = round(sum(item.amount for item in items), 2)
    discount = round(net * random.choice((0.05, 0.1, 0.2)), 2) if random.random() < 0.15 else 0.0
    rate = random.choice((0, 0.05, 0.06, 0.07, 0.19, 0.2, 0.21)) if random.random() < 0.75 else 0
    tax = round((net - discount) * rate, 2)
    total = round(net - discount + tax, 2)
    if random.random() < 0.1:
        total = round(total * 20) / 20
    paid = total if random.random() < 0.45 else float(-(-total // (choice := random.choice((1, 5, 10, 50)))) * choice)
    rows: list[tuple[str, str, float]] = []
    if random.random() < 0.6:
        rows.append(("subtotal", style.label("subtotal"), net))
    if discount:
        rows.append(("discount", style.label("discount"), -discount if random.random() < 0.5 else discount))
    if rate and random.random() < 0.85:
        rows.append(("tax", style.label("tax"), tax))
    rows.append(("total", style.label("total"), total))
    if random.random() < 0.3:
        rows.append(
            ("", random.choice(("Total Qty", "Items", "Rounding", "Points")), random.choice((len(items), 0.0, 0.02)))
        )
    if random.random() < 0.65:
        rows.append(("paid", style.label("paid"), paid))
        if paid > total or random.random() < 0.4:
            rows.append(("change", style.label("change"), round(paid - total, 2)))
    if random.random() < 0.2:
        rows.insert(random.randrange(len(rows)), ("", style.label("total"), net))
    _write_sums(sheet, rows, left, right)
    if rate and random.random() < 0.25:
        sheet.canvas.down(0.5)
        summary = f"{rate:.0%} {style.amount(net - discount, plain=True).text} {style.amount(tax, plain=True).text}"
        sheet.canvas.write(line(style.label("tax"), summary), left)
        sheet.canvas.down()


def _write_sums(sheet: Sheet, rows: list[tuple[str, str, float]], left: float, right: float) -> None:
    canvas, style, random = sheet.canvas, sheet.style, sheet.style.random
    joint = random.choice((":", "", " :", ""))
    together = random.random() < 0.25
    plain = random.random() < 0.5
    large = random.choice((1.0, 1.0, 1.3, 1.7))
    for concept, label, value in rows:
        amount = style.amount(value, plain=plain)
        piece = sheet.piece(concept, amount.text, amount.value) if concept else amount.text
        scale = large if concept == "total" else 1.0
        if together:
            canvas.write(line(label + joint, piece), right, align="right", scale=scale)
        else:
            canvas.write(line(label + joint), left, scale=scale)
            canvas.write(line(piece), right, align="right", scale=scale)
        canvas.down(scale=scale)
