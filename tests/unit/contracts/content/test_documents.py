"""Datasets of documents: what people said, counted and compared."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.content.document_difference import document_difference
from capforge_contracts.content.document_figures import as_document, document_figures
from capforge_contracts.content.side_by_side import Change
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import Split
from capforge_contracts.exports.documents import LockedDocuments
from capforge_contracts.said import Said, labels_by_field, said
from capforge_contracts.submissions import FieldLabel, Submission
from tests.unit.contracts.locked_documents import FIELDS, chosen, document, locked, picked

EVERYTHING = 1000


def test_a_value_an_absence_and_silence_are_three_things():
    assert [said(one) for one in (picked("total", "1"), chosen("receipt"), picked("total"), None)] == [
        Said.VALUE,
        Said.VALUE,
        Said.ABSENT,
        Said.NOT_SAID,
    ]


def test_figures_by_split_and_field():
    found = document_figures(
        locked(
            document(1, picked("total", "5.00", "7.00"), picked("supplier"), chosen("receipt")),
            document(2, picked("total", "9.00"), chosen("receipt")),
            document(3, picked("total"), chosen("invoice"), split=Split.DEV),
            document(4, picked("total"), split=Split.DEV),
        )
    )
    assert list(found) == [Split.TRAIN, Split.DEV]
    told = as_document(locked(), found)["splits"]
    assert told["Train"] == {
        "documents": 2,
        "documentsWithoutValues": 0,
        "byField": {
            "total": {"withValue": 2, "absent": 0, "notSaid": 0, "values": 3},
            "supplier": {"withValue": 0, "absent": 1, "notSaid": 1, "values": 0},
            "kind": {
                "withValue": 2,
                "absent": 0,
                "notSaid": 0,
                "values": 2,
                "classes": {"receipt": 2, "invoice": 0},
            },
        },
    }
    assert told["Dev"]["documentsWithoutValues"] == 1
    assert told["Dev"]["byField"]["kind"]["classes"] == {"receipt": 0, "invoice": 1}


def test_labels_of_fields_that_the_data_model_lacks_count_nowhere():
    (train,) = document_figures(locked(document(1, picked("gone", "1")))).values()
    assert (train.without_values, sorted(train.fields)) == (1, ["kind", "supplier", "total"])


@pytest.mark.parametrize(
    ("new", "change"),
    [
        (document(1, picked("total", "6.00")), Change("1.pdf", document(1).sha256, "relabelled", "total")),
        (document(1, picked("total")), Change("1.pdf", document(1).sha256, "relabelled", "total")),
        (document(1), Change("1.pdf", document(1).sha256, "relabelled", "total")),
        (
            document(1, picked("total", "5.00"), chosen("receipt"), picked("supplier", "x")),
            Change("1.pdf", document(1).sha256, "relabelled", "kind, supplier"),
        ),
        (
            document(1, picked("total", "5.00", words=[7])),
            Change("1.pdf", document(1).sha256, "relabelled", "total"),
        ),
        (
            document(1, picked("total", "5.00"), reading_sha256="0" * 64),
            Change("1.pdf", document(1).sha256, "reread", "its words are those of another reading"),
        ),
        (
            document(1, picked("total", "5.00"), split=Split.DEV),
            Change("1.pdf", document(1).sha256, "moved", "Train to Dev"),
        ),
        (document(1, picked("total", "5.00"), submission="s-9", sequence=9, annotator="bob", name="b.pdf"), None),
    ],
    ids=["value", "absent", "not said", "two fields", "place", "reading", "split", "said again by another"],
)
def test_how_one_document_differs(new: Submission, change: Change | None):
    found = document_difference(locked(document(1, picked("total", "5.00"))), locked(new), EVERYTHING)
    assert found.changes == (() if change is None else (change,))
    assert found.same == (change is None)


def test_a_field_that_only_one_data_model_has_is_told():
    older = (FIELDS[0], DataField(name="gone", type=FieldType.DATE))
    before = locked(document(1, picked("total", "5.00"), picked("gone", "2026-01-01")), fields=older)
    found = document_difference(before, locked(document(1, picked("total", "5.00"))), EVERYTHING)
    assert [(one.name, one.before is None, one.after is None) for one in found.fields] == [
        ("total", False, False),
        ("supplier", True, False),
        ("kind", True, False),
        ("gone", False, True),
    ]
    told = found.as_document()["fields"]
    assert told["gone"] == {"before": {"withValue": 1, "absent": 0, "notSaid": 0, "values": 1}, "after": None}
    assert told["kind"]["after"]["notSaid"] == 1
    assert [one.detail for one in found.changes] == ["gone"]


LABELS = [picked("total", "1"), picked("total"), picked("supplier", "a"), chosen("receipt"), chosen("invoice")]


@st.composite
def datasets(draw: st.DrawFn) -> LockedDocuments:
    numbers = draw(st.sets(st.integers(1, 6)))
    labels = st.lists(st.sampled_from(LABELS), max_size=3, unique_by=lambda one: one.field)
    return locked(*(document(one, *draw(labels), split=draw(st.sampled_from(list(Split)))) for one in numbers))


def plainly(before: LockedDocuments, after: LockedDocuments) -> Counter[str]:
    """Count the changes, everything at once."""
    old, new = ({item.sha256: item for item in one.items()} for one in (before, after))

    def what(content: str) -> str:
        one, other = old.get(content), new.get(content)
        if one is None or other is None:
            return "added" if one is None else "removed"
        if by_field(one) != by_field(other):
            return "relabelled"
        return "same" if one.split is other.split else "moved"

    return Counter(what(content) for content in {*old, *new})


def by_field(item: Submission) -> dict[str, FieldLabel]:
    return dict(labels_by_field(item))


@given(before=datasets(), after=datasets(), limit=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_every_change_is_told_once_on_whatever_pages(before: LockedDocuments, after: LockedDocuments, limit: int):
    wanted = plainly(before, after)
    pages = [document_difference(before, after, limit)]
    while len(pages[-1].changes) == limit:
        pages.append(document_difference(before, after, limit, pages[-1].changes[-1].place))
    every = [one for page in pages for one in page.changes]
    assert [one.place for one in every] == sorted({one.place for one in every})
    assert Counter(one.what for one in every) + Counter(same=pages[0].same) == wanted
    assert all(page.counts == pages[0].counts for page in pages)
