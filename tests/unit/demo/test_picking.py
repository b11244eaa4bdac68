"""What a person clicks, from the candidates of an answer and the value that they have in mind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from capforge_demo.documents.folder import Gold
from capforge_demo.documents.judging import Score, judged, score
from capforge_demo.documents.picking import annotation

_TYPES = {"company": "Word", "date": "Date", "total": "Amount"}


def _gold(**fields: str | None) -> Gold:
    typed = {"date": "2024-03-02", "total": "12.50"}
    return Gold("a", Path("a.jpg"), {"company": "Fox & Sons Ltd", "date": "02/03/24", **fields}, typed, [])


def _candidate(key: str, raw: str, content: str, x: float, y: float, height: float = 0.02) -> dict[str, Any]:
    polygon = [[x, y], [x + 0.1, y], [x + 0.1, y + height], [x, y + height]]
    return {"key": key, "raw": raw, "content": content, "polygon": polygon}


_WORDS = ["Fox", "&", "Sons", "Ltd", "Mill", "Road", "Subtotal", "12.50", "Total", "12.50", "Cash", "20.00"]
_ROWS = [0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.5, 0.5, 0.6, 0.6, 0.7, 0.7]


def _document() -> dict[str, Any]:
    words = [
        _candidate(f"w{number}", text, text, 0.1, row)
        for number, (text, row) in enumerate(zip(_WORDS, _ROWS, strict=True))
    ]
    amounts = [
        _candidate("sub", "12.50", "12.50", 0.5, 0.5),
        _candidate("total", "$12.50", "12.50", 0.5, 0.6),
        _candidate("cash", "20.00", "20.00", 0.5, 0.7),
    ]
    dates = [_candidate("day", "02/03/24", "2024-03-02", 0.1, 0.3)]
    extraction = {"company": words, "date": dates, "total": amounts}
    page = {"id": 0, "extras": {"candidates": {"extraction": extraction}}}
    return {"inference": {"pages": [page], "prediction": {}}}


def _selected(gold: Gold) -> dict[str, list[str]]:
    labels = annotation(_document(), gold, _TYPES)["labels"]
    return {label["feature"]: label["selected"] for label in labels}


def test_a_text_is_all_the_words_that_make_it_up() -> None:
    assert _selected(_gold())["company"] == ["w0", "w1", "w2", "w3"]


def test_a_misread_letter_does_not_matter() -> None:
    assert _selected(_gold(company="F0X & SONS LTD"))["company"] == ["w0", "w1", "w2", "w3"]


def test_of_equal_amounts_the_one_beside_the_fields_name_is_meant() -> None:
    assert _selected(_gold())["total"] == ["total"]


def test_a_typed_value_is_found_by_what_it_means() -> None:
    assert _selected(_gold())["date"] == ["day"]


@pytest.mark.parametrize("company", [None, "", "Somebody Else Entirely"])
def test_what_is_not_there_is_said_to_be_absent(company: str | None) -> None:
    assert _selected(_gold(company=company))["company"] == []


def test_every_field_is_answered() -> None:
    assert set(_selected(_gold())) == set(_TYPES)


def test_a_prediction_is_judged_field_by_field() -> None:
    document = _document()
    document["inference"]["prediction"] = {
        "company": {"values": [{"content": "FOX & SONS"}, {"content": "LTD"}]},
        "date": {"values": [{"content": "2024-03-03"}]},
        "total": {"values": [{"content": "12.50"}]},
    }
    found = judged(document, _gold(), _TYPES)
    assert found == {"company": True, "date": False, "total": True}
    assert score([found, found]) == Score(4, 6)
    assert score([found]).percent == 66
