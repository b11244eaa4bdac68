"""Fields of a document as `capforge predict` lists them."""

from __future__ import annotations

from typing import Any

from capforge.fields import FieldRow, is_document, rows_of


def page(candidates: dict[str, list[str]]) -> dict[str, Any]:
    found = {name: [{"content": one} for one in texts] for name, texts in candidates.items()}
    return {"extras": {"candidates": {"extraction": found}} if found else {}}


def answer(prediction: dict[str, Any], *candidates: dict[str, list[str]]) -> dict[str, Any]:
    pages = [page(one) for one in candidates or ({},)]
    return {"document": {"inference": {"prediction": prediction, "pages": pages}}}


def test_each_value_of_a_field_has_a_row():
    said = {
        "total": {"confidence": 0.9, "values": [{"content": "105.87", "confidence": 0.9, "page_id": 1}]},
        "date": {"confidence": 0.0, "values": []},
        "kind": {"value": "receipt", "confidence": 0.8},
    }
    assert rows_of(answer(said)) == [
        FieldRow("total", "105.87", 0.9, 2, ""),
        FieldRow("date", "", None, None, ""),
        FieldRow("kind", "receipt", 0.8, None, ""),
    ]


def test_before_any_model_the_candidates_are_shown_each_text_once():
    nothing = {"total": {"confidence": 0.0, "values": []}}
    (row,) = rows_of(answer(nothing, {"total": ["1", "2", "3"]}, {"total": ["3", "4", "5", "6", "7"]}))
    assert row.candidates == "1, 2, 3, 4, 5, … 2 more"
    (none,) = rows_of(answer(nothing, {"total": []}))
    assert none.candidates == "none"


def test_an_answer_with_entities_is_of_a_picture():
    assert is_document(answer({}))
    assert not is_document(answer({"entities": []}))
