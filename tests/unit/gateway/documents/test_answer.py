"""Documents as they go on the wire."""

from __future__ import annotations

from datetime import UTC, datetime

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord, Span, SpanKind
from capforge_contracts.submissions import FieldLabel, Submission
from capforge_gateway.documents import answer
from capforge_transforms.documents import candidates_of
from capforge_transforms.documents.decode import FieldPrediction, PredictedValue

FIELDS = [
    DataField(name="total", type=FieldType.AMOUNT),
    DataField(name="supplier", type=FieldType.WORD),
    DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["receipt"]),
]
BOX = [0.1, 0.2, 0.3, 0.4]
READING = Reading(
    sha256="ab" * 32,
    engine=Engine.GIVEN,
    engine_version="given-1",
    pages=[
        ReadPage(
            page_id=0,
            width=100,
            height=200,
            rotation=90,
            words=[
                ReadWord(text="Blue", box=BOX, line=0),
                ReadWord(text="Harbour", box=BOX, line=0),
                ReadWord(text="$5.00", box=BOX, line=1),
            ],
            spans=[Span(kind=SpanKind.AMOUNT, words=[2], content="$5.00", value="5.00", box=BOX)],
        )
    ],
)
CANDIDATES = candidates_of(READING, FIELDS)
CORNERS = [[0.1, 0.2], [0.3, 0.2], [0.3, 0.4], [0.1, 0.4]]


def said(name: str, prediction: FieldPrediction | None) -> answer.Json:
    (field,) = (one for one in FIELDS if one.name == name)
    return answer._prediction(field, prediction, CANDIDATES)


def test_of_two_values_at_one_place_the_key_is_the_one_that_was_meant() -> None:
    spans = [
        Span(kind=SpanKind.AMOUNT, words=[2], content="5.000", value=value, box=BOX) for value in ("5000", "5.000")
    ]
    reading = READING.model_copy(update={"pages": [READING.pages[0].model_copy(update={"spans": spans})]})
    thousands, decimals = candidates_of(reading, FIELDS)["total"]
    value = PredictedValue("5.000", "5.000", 0.9, 0, (2,), (0.1, 0.2, 0.3, 0.4))
    assert thousands.key != decimals.key
    assert answer._value(value, FIELDS[0], (thousands, decimals))["keys"] == [decimals.key]


def test_a_value_has_its_corners_and_the_keys_that_make_it_up() -> None:
    value = PredictedValue("Blue Harbour", "Blue Harbour", 0.987654, 0, (0, 1), (0.1, 0.2, 0.3, 0.4))
    keys = [one.key for one in CANDIDATES["supplier"][:2]]
    assert said("supplier", FieldPrediction(0.9, (value,))) == {
        "confidence": 0.9,
        "values": [
            {
                "content": "Blue Harbour",
                "raw": "Blue Harbour",
                "confidence": 0.9877,
                "page_id": 0,
                "polygon": CORNERS,
                "keys": keys,
            }
        ],
    }


def test_a_typed_value_is_normalised_and_has_the_key_of_its_span() -> None:
    value = PredictedValue("$5.00", "5.00", 0.9, 0, (2,), (0.1, 0.2, 0.3, 0.4))
    (found,) = said("total", FieldPrediction(0.9, (value,)))["values"]
    assert (found["content"], found["raw"], found["keys"]) == ("5.00", "$5.00", [CANDIDATES["total"][0].key])


def test_nothing_found_is_told_as_the_format_has_it() -> None:
    for nothing in (None, FieldPrediction(0.7)):
        assert said("total", nothing) == {"confidence": 0.0, "values": []}
        assert said("kind", nothing) == {"value": None, "confidence": 0.0}
    assert said("kind", FieldPrediction(0.7, (), "receipt")) == {"value": "receipt", "confidence": 0.7}


def test_a_page_says_how_it_was_turned_and_what_can_fill_each_field() -> None:
    (page,) = answer.pages_of(READING, CANDIDATES)
    assert page["orientation"] == {"value": 90}
    offered = page["extras"]["candidates"]["extraction"]
    assert offered["kind"] == []
    assert offered["total"] == [
        {"content": "5.00", "raw": "$5.00", "key": CANDIDATES["total"][0].key, "polygon": CORNERS}
    ]
    assert answer.pages_of(READING, None)[0]["extras"] == {}


def test_absent_is_told_in_the_way_in_which_it_was_said() -> None:
    submission = Submission(
        sha256="",
        document="d",
        name="a.pdf",
        reading_sha256="",
        split="Train",
        submission="s",
        sequence=1,
        annotator="key",
        time=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
        labels=[FieldLabel(field="total"), FieldLabel(field="kind")],
    )
    told = answer.annotations_of(submission, FIELDS)
    assert told is not None
    assert told["labels"] == [{"feature": "total", "selected": []}, {"feature": "kind", "class": None}]
    assert answer.annotations_of(None, FIELDS) is None
