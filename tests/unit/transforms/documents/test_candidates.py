from __future__ import annotations

import pytest

from capforge_contracts.data_model import Convention, DataField, FieldType, Presence
from capforge_transforms.documents import Candidate, assemble, candidates_of
from tests.unit.transforms.documents.readings import RECEIPT


def found(field: DataField) -> list[Candidate]:
    return list(candidates_of(RECEIPT, [field])[field.name])


def field(kind: FieldType, **options: object) -> DataField:
    return DataField.model_validate({"name": "field", "type": kind, **options})


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (FieldType.AMOUNT, ["12.00", "12.50"]),
        (FieldType.DATE, ["2019-02-01"]),
        (FieldType.PHONE, ["030123456"]),
        (FieldType.EMAIL, ["x@y.de"]),
        (FieldType.URL, []),
        (FieldType.CLASSIFICATION, []),
    ],
)
def test_a_field_takes_what_has_its_type(kind: FieldType, values: list[str]):
    assert [one.value for one in found(field(kind))] == values


def test_each_word_may_fill_a_field_of_words():
    assert [one.value for one in found(field(FieldType.WORD))] == [
        word.text for page in RECEIPT.pages for word in page.words
    ]


@pytest.mark.parametrize(
    ("letters", "digits", "values"),
    [
        (Presence.ALWAYS, Presence.NEVER, ["Corner", "Shop", "Total", "on", "Tel", "x@y.de", "Total"]),
        (Presence.NEVER, Presence.ALWAYS, ["12.00", "01/02/2019", "030-123456", "12.50"]),
        (Presence.ALWAYS, Presence.ALWAYS, []),
        (Presence.NEVER, Presence.NEVER, []),
    ],
)
def test_a_word_has_the_letters_and_digits_that_are_asked_for(letters: Presence, digits: Presence, values: list[str]):
    assert [one.value for one in found(field(FieldType.WORD, letters=letters, digits=digits))] == values


def test_a_date_is_read_by_the_fields_own_convention():
    assert [one.value for one in found(field(FieldType.DATE, convention=Convention.US))] == ["2019-01-02"]


@pytest.mark.parametrize(
    ("whole", "values"),
    [(Presence.ALWAYS, ["12.00"]), (Presence.NEVER, ["12.50"]), (Presence.SOMETIMES, ["12.00", "12.50"])],
)
def test_a_whole_amount_has_nothing_but_zeros_behind_its_point(whole: Presence, values: list[str]):
    assert [one.value for one in found(field(FieldType.AMOUNT, whole=whole))] == values


def test_a_candidate_says_where_it_stands():
    total = found(field(FieldType.AMOUNT))[1]
    assert (total.page_id, total.words, total.box) == (1, (1,), (0.1, 0.1, 0.2, 0.2))
    assert total.polygon == [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2], [0.1, 0.2]]


def test_several_parts_are_put_together_in_reading_order():
    words = found(field(FieldType.WORD))
    assert assemble([words[-1], words[1], words[0]]) == "Corner Shop 12.50"
    assert assemble([]) == ""
