"""Small made bills: who wrote them, when, how much; names and amounts are drawn."""

from __future__ import annotations

from random import Random

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import Split
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord, Span, SpanKind
from capforge_contracts.submissions import FieldLabel, LabelledValue
from capforge_trainer.scorer.examples import Example
from capforge_trainer.scorer.network import Shape
from capforge_trainer.scorer.parameters import ScorerParameters

FIELDS = (
    DataField(name="seller", type=FieldType.WORD),
    DataField(name="place", type=FieldType.WORD),
    DataField(name="owed", type=FieldType.AMOUNT),
    DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["bill", "offer"]),
)
SMALL = Shape(text=8, hidden=16, slot=4, picture=2, query=4, asked=8)
QUICK = ScorerParameters(
    pretrained=False, members=1, max_epochs=30, text_dropout=0.0, dropout=0.0, learning_rate=5e-3, calibration_folds=2
)


def bill(number: int, *, split: Split = Split.TRAIN) -> Example:
    """A bill; every fourth names no amount that is owed."""
    random = Random(number)  # noqa: S311 - documents, not secrets
    name = [random.choice(("North", "Blue", "Old")), random.choice(("Mill", "Harbour", "Gate")), "Ltd"][
        random.randint(0, 1) :
    ]
    place = (
        [f"{random.randint(1, 99)}", random.choice(("Elm", "Oak")), "Road"],
        [f"{random.randint(10000, 99999)}", "Town"],
    )
    owed, other = f"{random.randint(100, 999)}.50", f"{random.randint(1, 99)}.25"
    missing = number % 4 == 3
    kind = random.choice(("bill", "offer"))
    lines = [["Our", kind], name, *place, ["Item", other]] + ([] if missing else [["Owed", owed]])
    words = [
        ReadWord(text=text, box=[0.1 + 0.2 * column, 0.1 * row, 0.25 + 0.2 * column, 0.1 * row + 0.05], line=row)
        for row, line in enumerate(lines)
        for column, text in enumerate(line)
    ]
    spans = [
        Span(kind=SpanKind.AMOUNT, words=[at], content=word.text, value=word.text, box=word.box)
        for at, word in enumerate(words)
        if word.text.replace(".", "").isdigit()
    ]
    page = ReadPage(page_id=0, width=600, height=900, words=words, spans=spans)
    reading = Reading(sha256=f"{number:064x}", engine=Engine.GIVEN, engine_version="given", pages=[page])
    end = 2 + len(name)
    labels = [
        FieldLabel(field="seller", values=_words(words, range(2, end))),
        FieldLabel(field="place", values=_words(words, range(end, end + 5))),
        FieldLabel(field="owed", values=[] if missing else _words(words, [len(words) - 1])),
        FieldLabel(field="kind", class_name=kind),
    ]
    return Example(reading, labels, split)


def bills(count: int, first: int = 0, split: Split = Split.TRAIN) -> list[Example]:
    return [bill(number, split=split) for number in range(first, first + count)]


def _words(words: list[ReadWord], places: range | list[int]) -> list[LabelledValue]:
    return [
        LabelledValue(
            key=f"{at:08x}", content=words[at].text, value=words[at].text, page_id=0, words=[at], box=words[at].box
        )
        for at in places
    ]
