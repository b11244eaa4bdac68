from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.submissions import FieldLabel
from capforge_transforms.documents import AnnotationFaults, assemble, candidates_of, labels_of
from tests.unit.transforms.documents.readings import RECEIPT

SHOP = DataField(name="shop", type=FieldType.WORD)
TOTAL = DataField(name="total", type=FieldType.AMOUNT)
KIND = DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["receipt", "invoice"])
FIELDS = [KIND, SHOP, TOTAL]
KEYS = {name: [one.key for one in found] for name, found in candidates_of(RECEIPT, FIELDS).items()}


def label(feature: str, *selected: str, page_id: int = 0) -> dict[str, Any]:
    return {"page_id": page_id, "feature": feature, "selected": list(selected)}


def kind(name: str | None = "receipt") -> dict[str, Any]:
    return {"feature": "kind", "class": name}


def read(*labels: Any) -> dict[str, FieldLabel]:
    return {one.field: one for one in labels_of(RECEIPT, FIELDS, {"labels": list(labels)})}


def faults(*labels: Any) -> list[tuple[str, str]]:
    with pytest.raises(AnnotationFaults) as refused:
        read(*labels)
    return [(fault.code, fault.path) for fault in refused.value.faults]


def test_labels_come_in_the_fields_order_with_their_values():
    found = labels_of(RECEIPT, FIELDS, {"labels": [label("total", KEYS["total"][0]), label("shop"), kind()]})
    assert [one.field for one in found] == ["kind", "shop", "total"]
    (value,) = found[2].values
    assert (value.content, value.value, value.page_id, value.words) == ("12.00", "12.00", 0, [3])
    assert found[0].class_name == "receipt"


def test_several_words_are_stored_in_reading_order_whatever_the_order_of_the_clicks():
    first, second, *_ = KEYS["shop"]
    found = read(label("shop", second, first), label("total"), kind())["shop"]
    assert assemble(found.values) == "Corner Shop"


def test_a_field_may_have_values_on_several_pages():
    found = read(label("total", KEYS["total"][0]), label("total", KEYS["total"][1], page_id=1), label("shop"), kind())
    assert [value.page_id for value in found["total"].values] == [0, 1]


def test_absence_can_be_said():
    found = read(label("shop"), label("total"), kind(None))
    assert all(one.absent for one in found.values())


def test_the_list_may_come_without_its_object():
    assert labels_of(RECEIPT, [SHOP], [label("shop")])[0].absent


def test_a_key_that_is_sent_twice_counts_once():
    key = KEYS["total"][0]
    assert len(read(label("total", key, key), label("shop"), kind())["total"].values) == 1


def test_every_fault_is_listed():
    found = faults(
        label("sum"),
        label("total", "00000000", KEYS["shop"][0]),
        label("shop", KEYS["shop"][-1]),
        {"feature": "kind", "class": "letter"},
        "no label",
    )
    assert found == [
        ("UnknownField", "labels[0].feature"),
        ("UnknownKey", "labels[1].selected[0]"),
        ("WrongKind", "labels[1].selected[1]"),
        ("WrongPage", "labels[2].selected[0]"),
        ("UnknownClass", "labels[3].class"),
        ("BadLabel", "labels[4]"),
    ]


def test_a_field_that_is_missing_is_named_with_how_to_say_that_it_is_absent():
    with pytest.raises(AnnotationFaults, match=r'field total is missing; .* send "selected": \[\]') as refused:
        read(label("shop"))
    assert [fault.code for fault in refused.value.faults] == ["MissingField", "MissingField"]
    assert '"class": null' in str(refused.value)


@pytest.mark.parametrize(
    ("one", "code", "path"),
    [
        pytest.param(label("shop", page_id=7), "UnknownPage", "labels[0].page_id", id="page"),
        pytest.param(
            {"feature": "shop", "page_id": True, "selected": []}, "UnknownPage", "labels[0].page_id", id="bool"
        ),
        pytest.param({"feature": "shop", "page_id": 0}, "BadLabel", "labels[0].selected", id="no selection"),
        pytest.param(
            {"feature": "shop", "page_id": [0], "selected": []}, "UnknownPage", "labels[0].page_id", id="list"
        ),
        pytest.param({"feature": "shop", "selected": "abc"}, "BadLabel", "labels[0].selected", id="text"),
        pytest.param({"feature": "shop", "selected": [3]}, "UnknownKey", "labels[0].selected[0]", id="number"),
        pytest.param({"feature": "shop", "selected": [["a"]]}, "UnknownKey", "labels[0].selected[0]", id="nested"),
        pytest.param({"feature": "kind", "selected": []}, "BadLabel", "labels[0]", id="class as word"),
        pytest.param({"feature": "kind", "class": ["receipt"]}, "UnknownClass", "labels[0].class", id="class list"),
        pytest.param({"feature": ["shop"]}, "BadLabel", "labels[0]", id="name list"),
    ],
)
def test_a_label_of_another_shape_says_what_is_allowed(one: Any, code: str, path: str):
    others = [label("shop"), label("total"), kind()]
    assert faults(one, *(other for other in others if other["feature"] != one["feature"])) in [
        [(code, path)],
        [(code, path), ("MissingField", "labels")],
    ]


def test_a_field_is_labelled_once_for_each_page():
    assert faults(label("shop"), label("total"), kind(), label("shop"), kind()) == [
        ("DuplicateLabel", "labels[3]"),
        ("DuplicateLabel", "labels[4]"),
    ]


@pytest.mark.parametrize("body", [None, 3, {}, {"labels": None}, {"labels": {}}, "labels", [None] * 5001])
def test_a_body_of_another_shape_is_refused(body: Any):
    with pytest.raises(AnnotationFaults, match="must be a list of at most 5000 labels"):
        labels_of(RECEIPT, FIELDS, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["shop", "kind", *KEYS["total"]]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["feature", "selected", "class", "page_id", "labels"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(JSON)
def test_any_json_is_labels_or_faults(body: Any):
    try:
        assert [one.field for one in labels_of(RECEIPT, FIELDS, body)] == ["kind", "shop", "total"]
    except AnnotationFaults as error:
        assert error.faults  # noqa: PT017 - either outcome is right
