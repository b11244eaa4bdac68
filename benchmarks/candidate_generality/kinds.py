"""The kinds: what a household, an office and a traveller have in their drawers, and nothing that is sold at a till."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from benchmarks.candidate_generality.paper import Paper
from benchmarks.candidate_generality.scribe import LEFT, RIGHT, Scribe
from benchmarks.candidate_generality.writing import Said, Writer
from capforge_contracts.data_model import Convention, FieldType

Kind = Callable[[Random], Paper]


def utility_bill(random: Random) -> Paper:
    """What was used, from when to when, and what is to be paid."""
    scribe, say = _begun("utility bill", random)
    issued = say.day()
    scribe.lines("customer", say.faker.address().split("\n")[:3], beside=[say.faker.company(), say.phone().text])
    scribe.word("meter", say.label("number"), say.code("#??##########"), form="code")
    scribe.date("issued", say.label("date"), issued)
    scribe.period(say.label("from_to"), issued - timedelta(days=random.randint(20, 95)), issued - timedelta(days=9))
    for _ in range(random.randint(3, 8)):
        scribe.paper.put(f"{say.faker.word()} {say.whole(random.randint(10, 9000)).text} kWh", LEFT)
        scribe.paper.put(say.amount(say.sum_of(1, 900), bare=True).text, RIGHT, right=True)
        scribe.paper.down()
    scribe.amount("total", say.label("total"), say.sum_of(1000, 9000))
    return scribe.paper


def payslip(random: Random) -> Paper:
    """Who earned what in which month."""
    scribe, say = _begun("payslip", random)
    scribe.text(say.faker.company())
    scribe.word("employee", say.label("name"), say.faker.name(), form="name")
    scribe.fact("month", FieldType.DATE, say.label("from_to"), say.month(say.day()))
    scribe.word("account", say.label("account"), say.code("??## #### #### #### ####"), form="code in groups")
    for name, label in (("gross", "gross"), ("tax", "tax"), ("net", "net")):
        scribe.amount(name, say.label(label), say.sum_of(1200, 9000))
    return scribe.paper


def bank_statement(random: Random) -> Paper:
    """Columns of days, texts, movements and balances."""
    scribe, say = _begun("bank statement", random)
    end = say.day()
    scribe.word("account", say.label("account"), say.code("??## #### #### #### ####"), form="code in groups")
    scribe.date("issued", say.label("date"), end)
    first = True
    for back in range(random.randint(12, 30), 0, -1):
        day, moved = end - timedelta(days=back), say.sum_of(-900, 900)
        text, form = (f"{day:%d.%m.}", "03.05.") if say.tongue.comma else (say.date(day).text, "in a column")
        boxes = scribe.paper.put(text, LEFT)
        scribe.paper.put(say.faker.company()[:28], LEFT + 220)
        said = say.amount(moved, bare=True)
        value = scribe.paper.put(said.text, 700, right=True)
        if first and moved < 0:
            scribe.paper.gold("first_booked", FieldType.DATE, day.isoformat(), form, boxes)
            scribe.paper.gold("first_moved", FieldType.AMOUNT, said.value, f"{said.form}, column", value)
            first = False
        scribe.paper.put(say.amount(say.sum_of(1000, 99000), bare=True).text, RIGHT, right=True)
        scribe.paper.down()
    scribe.amount("balance", say.label("balance"), say.sum_of(1000, 99000))
    return scribe.paper


def curriculum(random: Random) -> Paper:
    """A life in dates."""
    scribe, say = _begun("CV", random)
    scribe.paper.gold("name", FieldType.WORD, *_twice(name := say.faker.name()), scribe.text(name, 300))
    scribe.fact("mail", FieldType.EMAIL, say.label("mail"), say.mail())
    scribe.fact("phone", FieldType.PHONE, say.label("phone"), say.phone())
    scribe.fact("page", FieldType.URL, say.label("web"), say.page())
    scribe.date("born", say.label("birth"), say.day())
    begin, end = date(random.randint(2006, 2014), random.randint(1, 12), 1), date(random.randint(2015, 2024), 3, 1)
    names = say.tongue.months
    until = random.choice((f" {say.tongue.until} ", " - ", " \u2013 ", "\u2013"))
    texts = {"May 2019 - June 2021": (f"{names[begin.month - 1]} {begin.year}{until}{names[end.month - 1]} {end.year}"),
             "05/2019 - 06/2021": f"{begin:%m/%Y}{until}{end:%m/%Y}"}  # fmt: skip
    form = random.choice(list(texts))
    boxes = scribe.paper.put(texts[form], LEFT)
    scribe.paper.gold("began", FieldType.DATE, f"{begin:%Y-%m}", form, boxes)
    scribe.paper.gold("ended", FieldType.DATE, f"{end:%Y-%m}", form, boxes)
    scribe.text(say.faker.job(), 400)
    return scribe.paper


def shipping_label(random: Random) -> Paper:
    """To whom, what it weighs, under which number."""
    scribe, say = _begun("shipping label", random)
    scribe.lines("recipient", [say.faker.name(), *say.faker.address().split("\n")[:2]], 200)
    scribe.word("tracking", say.label("number"), say.code("?? ### ### ### ??"), form="code in groups")
    scribe.date("sent", say.label("date"), say.day())
    kilos = random.randint(101, 30000)
    mark = "," if say.tongue.comma else "."
    scribe.fact("weight", FieldType.AMOUNT, "kg", Said(f"{kilos // 1000}{mark}{kilos % 1000:03}kg",
                f"{kilos / 1000:.3f}", "0,289 with its unit"))  # fmt: skip
    scribe.fact("phone", FieldType.PHONE, say.label("phone"), say.phone())
    return scribe.paper


def identity_card(random: Random) -> Paper:
    """All capitals, two languages a label, and lines for machines."""
    scribe, say = _begun("identity card", random)
    surname, given = say.faker.last_name().upper(), say.faker.first_name().upper()
    scribe.text("IDENTITY CARD / " + say.label("name").upper(), 300)
    scribe.word("surname", f"{say.label('name').upper()} / SURNAME", surname, form="capitals")
    scribe.word("given", "GIVEN NAMES", given, form="capitals")
    born, until = say.day() - timedelta(days=9000), say.day() + timedelta(days=3000)
    scribe.paper.convention = Convention.EU  # by treaty, wherever it was issued
    style = random.choice(("%d %m %Y", "%d.%m.%Y", "%d %b %Y", "%d%b%Y"))
    for name, label, day in (("born", say.label("birth"), born), ("expires", "EXPIRY", until)):
        text = day.strftime(style).upper()
        scribe.fact(name, FieldType.DATE, label.upper(), Said(text, day.isoformat(), style))
    number = say.code("??#######")
    scribe.word("number", "DOCUMENT NO", number, form="code")
    scribe.paper.down(3)
    scribe.text(f"I<UTO{number}<4<<<<<<<<<<<<<<<")
    scribe.text(f"{born:%y%m%d}4F{until:%y%m%d}6UTO<<<<<<<<<<<0")
    scribe.text(f"{surname.replace(' ', '<')}<<{given.replace(' ', '<')}".ljust(30, "<")[:30])
    return scribe.paper


def insurance(random: Random) -> Paper:
    """What is insured, from when to when, for how much."""
    scribe, say = _begun("insurance certificate", random)
    begin = say.day()
    scribe.word("policy", say.label("number"), say.code("??-####-######/##"), form="code")
    scribe.word("holder", say.label("name"), say.faker.name(), form="name")
    scribe.date("begins", say.label("begin"), begin)
    scribe.date("ends", say.label("end"), begin + timedelta(days=365))
    scribe.amount("premium", say.label("total"), say.sum_of(90, 4000))
    scribe.amount("insured", "Sum insured", say.sum_of(100000, 5000000))
    return scribe.paper


def lab_report(random: Random) -> Paper:
    """Results, units and ranges in columns."""
    scribe, say = _begun("lab report", random)
    scribe.word("patient", say.label("name"), say.faker.name(), form="name")
    scribe.date("born", say.label("birth"), say.day())
    scribe.date("taken", say.label("date"), say.day())
    mark, chosen = "," if say.tongue.comma else ".", random.randrange(6)
    for row in range(random.randint(6, 14)):
        scribe.paper.put(say.faker.word().capitalize(), LEFT)
        number = f"{random.randint(0, 300)}.{random.randint(1, 9)}"
        sign = random.choice(("", "", "<", ">", "*", "+"))
        boxes = scribe.paper.put(f"{sign}{number.replace('.', mark)}", 330)
        scribe.paper.put(random.choice(("mmol/l", "g/dl", "U/l", "10^9/l", "%")), 450)
        scribe.paper.put(f"{random.randint(1, 9)}{mark}5 - {random.randint(10, 99)}{mark}0", 600)
        if row == chosen:
            scribe.paper.gold("result", FieldType.AMOUNT, number, f"{sign}5.4 in a column", boxes)
        scribe.paper.down()
    return scribe.paper


def purchase_order(random: Random) -> Paper:
    """Positions with quantities, prices and sums close to one another."""
    scribe, say = _begun("purchase order", random)
    scribe.lines("buyer", [say.faker.company(), *say.faker.address().split("\n")[:2]], beside=["PO", say.code("#####")])
    scribe.word("order", say.label("number"), say.code("PO-####/#####"), form="code")
    scribe.date("deliver", say.label("due"), say.day())
    for row in range(random.randint(3, 12)):
        quantity, price = random.randint(1, 2000), say.sum_of(1, 400)
        scribe.paper.put(f"{row + 1} {say.code('?##-###')} {say.faker.word()}", LEFT)
        scribe.paper.put(f"{say.whole(quantity).text}", 560, right=True)
        scribe.paper.put(say.amount(price, bare=True).text, 740, right=True)
        boxes = scribe.paper.put((said := say.amount(price * quantity, bare=True)).text, RIGHT, right=True)
        if row == 0:
            scribe.paper.gold("first_sum", FieldType.AMOUNT, said.value, f"{said.form}, column", boxes)
        scribe.paper.down()
    scribe.amount("total", say.label("total"), say.sum_of(5000, 90000))
    scribe.fact("mail", FieldType.EMAIL, say.label("mail"), say.mail())
    return scribe.paper


def rental_contract(random: Random) -> Paper:
    """Pages of prose; what is asked for stands on the second."""
    scribe, say = _begun("rental contract", random)
    for _ in range(random.randint(12, 20)):
        scribe.text(say.faker.text(90).replace("\n", " ")[:95])
    scribe.paper.turn()
    for name, type_, said in (
        ("begins", FieldType.DATE, say.date(say.day())), ("rent", FieldType.AMOUNT, say.amount(say.sum_of(300, 4000))),
        ("tenant", FieldType.WORD, Said(*_twice(say.faker.name()), "name")),
        ("deposit", FieldType.AMOUNT, say.amount(say.sum_of(1000, 9000))),
    ):  # fmt: skip
        before = say.faker.text(random.randint(60, 200)).replace("\n", " ")
        scribe.prose(name, type_, f"{before} {say.label('total').lower()}", said, say.faker.text(80).replace("\n", " "))
    word = random.choice(("Wohnungsgenossenschaft", "Samenwerkingsverband", "Copropriété", "Hyresgästförening"))
    scribe.hyphened("owner", say.faker.text(120).replace("\n", " "), word, say.faker.word())
    return scribe.paper


def boarding_pass(random: Random) -> Paper:
    """Labels above short codes."""
    scribe, say = _begun("boarding pass", random)
    scribe.layout = "above"
    scribe.word("passenger", "PASSENGER", f"{say.faker.last_name()}/{say.faker.first_name()}".upper(), form="capitals")
    day = say.day()
    style = random.choice(("%d%b%y", "%d %b %Y", "%d%b%Y", "%d-%b-%y"))
    scribe.fact("departs", FieldType.DATE, "DATE", Said(day.strftime(style).upper(), day.isoformat(), style))
    begin, arrow, end = say.code("???"), random.choice(("-", "/", " - ", " \u2192 ", "\u2192")), say.code("???")
    text = scribe.paper.put(f"{begin}{arrow}{end}", LEFT)
    at = {"origin": (text[0][0], *text[0][1:2], text[0][0] + 27, text[0][3]),
          "target": (text[-1][2] - 27, *text[-1][1:])}  # fmt: skip
    for name, value in (("origin", begin), ("target", end)):
        scribe.paper.gold(name, FieldType.WORD, value, f"FRA{arrow}JFK", (at[name],))
    scribe.paper.down()
    scribe.word("flight", "FLIGHT", say.code("?? ####"), form="code in groups")
    scribe.word("seat", "SEAT", say.code("##?"), 400, form="code")
    return scribe.paper


def form(random: Random) -> Paper:
    """Boxes for single characters, boxes to tick."""
    scribe, say = _begun("form", random)
    born, cents = say.day(), say.sum_of(100, 9000)
    scribe.word("name", say.label("name"), say.faker.name(), form="name")
    order = "%m%d%Y" if say.convention is Convention.US else "%d%m%Y"
    scribe.comb("born", FieldType.DATE, say.label("birth"), born.strftime(order), born.isoformat())
    mark = "," if say.tongue.comma else "."
    scribe.comb("claim", FieldType.AMOUNT, say.label("total"), f"{cents // 100}{mark}{cents % 100:02}",
                f"{cents // 100}.{cents % 100:02}")  # fmt: skip
    scribe.comb("account", FieldType.WORD, say.label("account"), code := say.code("??##########"), code)
    ticked, empty = random.choice((("\u2612", "\u2610"), ("[x]", "[ ]"), ("X", "\u25a1")))
    for at, option in enumerate(("A", "B", "C")):
        boxes = scribe.paper.put(ticked if at == 1 else empty, LEFT)
        scribe.paper.put(option, LEFT + 60)
        if at == 1:
            scribe.paper.gold("tick", FieldType.WORD, ticked, "ticked box", boxes)
        scribe.paper.down()
    scribe.date("signed", say.label("date"), say.day())
    return scribe.paper


def business_card(random: Random) -> Paper:
    """Several numbers, an address that may be broken by its line."""
    scribe, say = _begun("business card", random)
    scribe.paper.gold("name", FieldType.WORD, *_twice(name := say.faker.name()), scribe.text(name))
    phone, fax = say.phone(), say.phone()
    both = random.choice(("T {0} F {1}", "{0} / {1}", "T{0}", "Tel.{0}", "M: {0}", "{0} | {1}"))
    boxes = scribe.text(both.format(phone.text, fax.text))
    scribe.paper.gold("phone", FieldType.PHONE, phone.value, both, boxes)
    scribe.paper.gold("mail", FieldType.EMAIL, (mail := say.mail()).value, mail.form, scribe.text(mail.text))
    scribe.paper.gold("page", FieldType.URL, (page := say.page()).value, page.form, scribe.text(page.text))
    scribe.lines("address", say.faker.address().split("\n")[:3])
    return scribe.paper


def far_script(random: Random) -> Paper:
    """Japanese, Chinese, Arabic or Hebrew."""
    scribe, say = _begun("other scripts", random, "en-US")
    day, cents = say.day(), say.sum_of(10, 9000)
    name, label = random.choice(
        (("山田 太郎", "氏名"), ("王 小明", "姓名"), ("محمد علي حسن", "الاسم"), ("דוד בן גוריון", "שם"))
    )
    is_reversed = unicodedata.bidirectional(name[0]) in {"R", "AL"}
    printed = " ".join(reversed(name.split())) if is_reversed else name  # the first word stands on the right
    scribe.fact("name", FieldType.WORD, label, Said(printed, name, "right to left" if is_reversed else "CJK"))
    texts = {"2024年5月1日": f"{day.year}年{day.month}月{day.day}日", "2024/05/01": f"{day:%Y/%m/%d}",
             "arabic digits": f"{day:%Y/%m/%d}".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))}  # fmt: skip
    form_ = random.choice(list(texts))
    scribe.fact("issued", FieldType.DATE, label, Said(texts[form_], day.isoformat(), form_))
    number = f"{cents // 100:,}.{cents % 100:02}"
    sums = {"¥": f"¥{number}", "円": f"{number}円", "ر.س": f"{number} ر.س", "₪": f"₪ {number}"}
    form_ = random.choice(list(sums))
    value = f"{cents // 100}.{cents % 100:02}"
    scribe.fact("total", FieldType.AMOUNT, label, Said(sums[form_], value, f"currency {form_}"))
    return scribe.paper


def _begun(kind: str, random: Random, tongue: str = "") -> tuple[Scribe, Writer]:
    scribe = Scribe(kind, random, tongue)
    return scribe, scribe.writer


def _twice(text: str) -> tuple[str, str]:
    return text, text


KINDS: dict[str, Kind] = {
    "utility bill": utility_bill, "payslip": payslip, "bank statement": bank_statement, "CV": curriculum,
    "shipping label": shipping_label, "identity card": identity_card, "insurance certificate": insurance,
    "lab report": lab_report, "purchase order": purchase_order, "rental contract": rental_contract,
    "boarding pass": boarding_pass, "form": form, "business card": business_card, "other scripts": far_script,
}  # fmt: skip
