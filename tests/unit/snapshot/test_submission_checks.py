"""An annotation against data model and reading: what is wrong is named, what was added or removed later is not."""

from __future__ import annotations

import pytest

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import Reading
from capforge_contracts.submissions import FieldLabel, Submission
from capforge_snapshot.submissions.checks import kept_labels, label_faults, record_faults
from capforge_snapshot.submissions.faults import FaultCode
from tests.unit.snapshot.slips import BY_NAME, FIELDS, labels, reading, submission, value


def codes(one: Submission, read: Reading | None = None) -> list[str]:
    faults = [*record_faults(one, as_of_sequence=9), *label_faults(one, BY_NAME, read or reading(1))]
    assert all(fault.message for fault in faults)
    return [fault.code for fault in faults]


def test_a_sound_annotation_has_no_fault():
    assert codes(submission(1)) == []


def test_absent_is_no_fault():
    assert codes(submission(1, labels=[FieldLabel(field="total"), FieldLabel(field="kind")])) == []


def of_total(**changes: object) -> list[FieldLabel]:
    return [FieldLabel(field="total", values=[value(1, **changes)])]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"sha256": "ab"}, FaultCode.BAD_DIGEST, id="digest of the document"),
        pytest.param({"reading_sha256": "../../x"}, FaultCode.BAD_DIGEST, id="digest of the reading"),
        pytest.param({"sequence": 10}, FaultCode.OUTSIDE_SELECTION, id="after the selection"),
        pytest.param({"sequence": 0}, FaultCode.OUTSIDE_SELECTION, id="before the first"),
        pytest.param({"labels": labels(1) * 2}, FaultCode.DUPLICATE_FIELD, id="field twice"),
        pytest.param({"labels": [FieldLabel(field="total", class_name="x")]}, FaultCode.WRONG_KIND, id="class"),
        pytest.param({"labels": [FieldLabel(field="kind", values=[value(1)])]}, FaultCode.WRONG_KIND, id="values"),
        pytest.param({"labels": [FieldLabel(field="kind", class_name="x")]}, FaultCode.UNKNOWN_CLASS, id="which class"),
        pytest.param({"labels": of_total(page_id=1)}, FaultCode.UNKNOWN_PAGE, id="page"),
        pytest.param({"labels": of_total(words=[3])}, FaultCode.BAD_POSITION, id="word beyond"),
        pytest.param({"labels": of_total(words=[-1])}, FaultCode.BAD_POSITION, id="word before"),
        pytest.param({"labels": of_total(words=[])}, FaultCode.BAD_POSITION, id="no word"),
        pytest.param({"labels": of_total(box=[0.5, 0.1, 0.4, 0.2])}, FaultCode.BAD_POSITION, id="box turned round"),
        pytest.param({"labels": of_total(box=[0.5, 0.1, 1.4, 0.2])}, FaultCode.BAD_POSITION, id="box outside"),
    ],
)
def test_a_fault_is_named(changes: dict[str, object], code: str):
    assert code in codes(submission(1, **changes))


def test_every_fault_is_named_not_only_the_first():
    wrong = [*of_total(words=[7], box=[0, 0, 2, 2]), FieldLabel(field="kind", class_name="x")]
    assert codes(submission(1, labels=wrong, sequence=99)) == [
        FaultCode.OUTSIDE_SELECTION,
        FaultCode.BAD_POSITION,
        FaultCode.BAD_POSITION,
        FaultCode.UNKNOWN_CLASS,
    ]


def test_the_reading_of_another_document_is_one_fault():
    assert codes(submission(1), reading(2)) == [FaultCode.OTHER_READING]


def test_a_field_that_was_added_later_is_unknown_there():
    later = {**BY_NAME, "phone": DataField(name="phone", type=FieldType.PHONE)}
    assert label_faults(submission(1), later, reading(1)) == []
    assert [label.field for label in kept_labels(submission(1), later).labels] == ["total", "kind"]


def test_a_field_that_was_removed_is_left_out_whatever_was_said_about_it():
    wrong = [*of_total(words=[99]), FieldLabel(field="kind", class_name="receipt")]
    model = {"kind": BY_NAME["kind"]}
    assert label_faults(submission(1, labels=wrong), model, reading(1)) == []
    assert [label.field for label in kept_labels(submission(1, labels=wrong), model).labels] == ["kind"]


def test_the_order_of_labels_plays_no_role():
    turned = submission(1, labels=labels(1)[::-1])
    assert kept_labels(turned, {field.name: field for field in FIELDS}) == submission(1)
