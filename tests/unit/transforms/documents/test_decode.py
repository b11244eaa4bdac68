"""From scores to values."""

from __future__ import annotations

import numpy as np
import pytest

from capforge_contracts.data_model import Convention, DataField, FieldType, Presence
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord, Span, SpanKind
from capforge_transforms.documents.decode import FieldPrediction, decode, run_scores
from capforge_transforms.documents.encode import CLASSES_OUTPUT, SCORES_OUTPUT, encode_reading

COMPANY = DataField(name="company", type=FieldType.WORD)
TOTAL = DataField(name="total", type=FieldType.AMOUNT)
DAY = DataField(name="day", type=FieldType.DATE, convention=Convention.US)
KIND = DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["receipt", "letter"])
LOW = -12.0


def reading(pages: int = 1) -> Reading:
    texts = ["ACME", "Trading", "Ltd", "TOTAL", "12.50", "PAID", "12.50", "03/04/2020"]
    words = [
        ReadWord(text=text, box=[0.1, 0.1 * place, 0.3, 0.1 * place + 0.05], line=place)
        for place, text in enumerate(texts)
    ]
    spans = [
        Span(kind=SpanKind.AMOUNT, words=[4], content="12.50", value="12.50", box=words[4].box),
        Span(kind=SpanKind.AMOUNT, words=[6], content="12.50", value="12.50", box=words[6].box),
        Span(
            kind=SpanKind.DATE,
            words=[7],
            content="03/04/2020",
            value="2020-04-03",
            us_value="2020-03-04",
            box=words[7].box,
        ),
    ]
    return Reading(
        sha256="0" * 64,
        engine=Engine.GIVEN,
        engine_version="given",
        pages=[ReadPage(page_id=page, width=100, height=100, words=words, spans=spans) for page in range(pages)],
    )


def answered(
    fields: list[DataField],
    told: dict[tuple[int, int, int, int], float],
    *,
    classes: list[float] | None = None,
    thresholds: dict[str, float] | None = None,
    pages: int = 1,
) -> dict[str, FieldPrediction]:
    """Scores LOW but where told: (page, field, channel, token) → score."""
    document = reading(pages)
    rows = encode_reading(document)
    outputs = []
    for page, row in enumerate(rows):
        scores = np.full((len(fields), 4, row.bucket), LOW, dtype=np.float32)
        for (own, field, channel, token), score in told.items():
            if own == page:
                scores[field, channel, token] = score
        outputs.append({SCORES_OUTPUT: scores, CLASSES_OUTPUT: np.array(classes or [], dtype=np.float32)})
    return decode(outputs, rows, document, fields, thresholds)


FIRST, LAST, WITHIN, KEEP = range(4)


def company(**changes: float) -> dict[tuple[int, int, int, int], float]:
    """The run of the first three words."""
    return (
        {(0, 0, FIRST, 0): 4.0, (0, 0, LAST, 2): 4.0}
        | {(0, 0, WITHIN, word): 0.0 for word in range(3)}
        | {(0, 0, KEEP, 1): changes.get("keep", 1.0)}
    )


def test_several_words_make_one_value_with_the_box_around_them():
    (value,) = answered([COMPANY], company())["company"].values
    assert (value.content, value.words) == ("ACME Trading Ltd", (0, 1, 2))
    assert value.box == pytest.approx((0.1, 0.0, 0.3, 0.25))
    assert value.confidence > 0.95


def test_a_word_inside_that_is_not_kept_is_left_out():
    (value,) = answered([COMPANY], company(keep=-1.0))["company"].values
    assert (value.content, value.words) == ("ACME Ltd", (0, 2))


def test_nothing_above_absent_is_absent():
    assert answered([COMPANY, TOTAL, DAY], {}) == dict.fromkeys(("company", "total", "day"), FieldPrediction(0.0))


def test_equal_values_on_several_places_count_together():
    prediction = answered([TOTAL], {(0, 0, FIRST, 8): 0.0, (0, 0, FIRST, 9): 0.0})["total"]
    assert prediction.values[0].value == "12.50"
    assert prediction.confidence == pytest.approx(2 / 3, abs=0.01)


def test_a_date_is_told_by_the_fields_convention():
    assert answered([DAY], {(0, 0, FIRST, 10): 5.0})["day"].values[0].value == "2020-03-04"


def test_pages_compete():
    found = answered([TOTAL], {(0, 0, FIRST, 8): 1.0, (1, 0, FIRST, 8): 6.0}, pages=2)["total"].values[0]
    assert found.page_id == 1


def test_a_value_below_its_fields_threshold_is_not_told():
    told = {(0, 0, FIRST, 8): 0.5}
    assert answered([TOTAL], told, thresholds={"total": 0.5})["total"].values
    assert answered([TOTAL], told, thresholds={"total": 0.9})["total"] == FieldPrediction(0.0)


def test_what_cannot_be_a_candidate_is_never_chosen():
    digits = COMPANY.model_copy(update={"digits": Presence.ALWAYS})
    whole = TOTAL.model_copy(update={"whole": Presence.ALWAYS})
    assert not answered([digits], company())["company"].values
    assert not answered([whole], {(0, 0, FIRST, 8): 9.0})["total"].values
    assert not answered([TOTAL], {(0, 0, FIRST, 10): 9.0})["total"].values


@pytest.mark.parametrize(
    ("classes", "expected"), [([3.0, 0.0], "receipt"), ([0.0, 3.0], "letter"), ([-3.0, -3.0], None)]
)
def test_a_class_is_chosen_against_none_of_them(classes: list[float], expected: str | None):
    prediction = answered([KIND], {}, classes=classes)["kind"]
    assert prediction.class_name == expected
    assert (prediction.confidence > 0) == (expected is not None)


def test_an_empty_document_has_nothing():
    empty = Reading(sha256="0" * 64, engine=Engine.GIVEN, engine_version="given", pages=[])
    assert decode([], [], empty, [COMPANY, TOTAL, KIND]) == dict.fromkeys(
        ("company", "total", "kind"), FieldPrediction(0.0)
    )


def test_a_runs_score_is_first_and_last_and_what_lies_within():
    scores = np.array([[1, 2, 3], [10, 20, 30], [100, 200, 300], [0, 0, 0]], dtype=np.float32)
    runs = run_scores(scores, np.array([True, True, False]))
    assert runs[0].tolist() == [111.0, 321.0, -np.inf]
    assert runs[1].tolist() == [222.0, -np.inf, -np.inf]
    assert not np.isfinite(runs[2]).any()
