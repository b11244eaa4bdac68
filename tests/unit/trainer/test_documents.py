"""Documents before and after training: what is refused, what is left out, what counts as right, who wins."""

from __future__ import annotations

import pytest

from capforge_contracts import layout
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import Split
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import CapabilityType, RunDatasets, RunSpec
from capforge_contracts.submissions import FieldLabel, Submission
from capforge_trainer.documents.judging import Answer, answers_of
from capforge_trainer.documents.metrics import calibration_error, document_metrics
from capforge_trainer.documents.selection import AnnotatedDocument, DocumentSelection, select
from capforge_trainer.errors import BadConfigurationError, BadDataError, TrainerError
from capforge_trainer.run import parse_parameters
from capforge_trainer.scorer.examples import Example
from capforge_transforms.documents.decode import FieldPrediction, PredictedValue
from tests.unit.trainer.documents_world import (
    FIELDS,
    NAMESPACE,
    QUICK,
    labels_of,
    put_document,
    put_document_run,
    put_documents,
    put_slips,
    reading,
)


@pytest.fixture
def store() -> MemoryObjectStore:
    return MemoryObjectStore("capforge")


def chosen(store: MemoryObjectStore, spec: RunSpec) -> DocumentSelection:
    return select(store, spec, lambda _: None)


def of(store: MemoryObjectStore, items: list[Submission], **changes: object) -> RunSpec:
    datasets = RunDatasets(train=[put_documents(store, "train", items)], dev=[])
    return put_document_run(store, datasets, **{"parameters": QUICK, **changes})


def test_roles_come_from_the_selections_and_readings_by_digest(store: MemoryObjectStore):
    found = chosen(store, put_document_run(store, put_slips(store, 4, 2, 1), QUICK))
    assert [len(found.train), len(found.dev), len(found.test)] == [4, 2, 1]
    assert found.dev[0].example.split is Split.DEV
    by_digest = {reading(seed).sha256: reading(seed) for seed in range(1, 8)}
    assert all(one.example.reading == by_digest[one.sha256] for one in found.train)


def test_of_one_content_in_two_datasets_the_newest_annotation_counts(store: MemoryObjectStore):
    first = put_documents(store, "first", [put_document(store, 1)])
    second = put_documents(store, "second", [put_document(store, 1, sequence=99, labels=[FieldLabel(field="total")])])
    spec = put_document_run(store, RunDatasets(train=[second, first], dev=[]), QUICK)
    (document,) = chosen(store, spec).train
    assert [label.field for label in document.example.labels] == ["total"]


def test_a_document_that_was_purged_meanwhile_is_left_out_with_a_warning(store: MemoryObjectStore):
    items = [put_document(store, seed) for seed in (1, 2)]
    store.delete(layout.blob(NAMESPACE, items[0].reading_sha256))
    found = chosen(store, of(store, items))
    assert [one.name for one in found.train] == ["2.pdf"]
    assert any("document 1.pdf" in one and "purged" in one for one in found.warnings)


def test_a_field_of_another_type_in_the_data_is_left_out_with_a_warning(store: MemoryObjectStore):
    then = [DataField(name="total", type=FieldType.WORD), *FIELDS[1:]]
    spec = put_document_run(
        store, RunDatasets(train=[put_documents(store, "old", [put_document(store, 1)], then)], dev=[]), QUICK
    )
    found = chosen(store, spec)
    assert "total" not in {label.field for label in found.train[0].example.labels}
    assert any("field total is of type Amount now, of Word in dataset old" in one for one in found.warnings)


def test_a_field_that_was_added_later_is_unknown_there(store: MemoryObjectStore):
    spec = of(store, [put_document(store, 1)], fields=[*FIELDS, DataField(name="mail", type=FieldType.EMAIL)])
    found = chosen(store, spec)
    assert "mail" not in {label.field for label in found.train[0].example.labels}
    assert any("field mail has no value" in one for one in found.warnings)


def test_fields_that_are_not_the_runs_are_counted(store: MemoryObjectStore):
    assert chosen(store, of(store, [put_document(store, 1)], fields=FIELDS[:1])).ignored == {
        "kind": 1,
        "phone": 1,
        "supplier": 1,
    }


def test_no_training_document_is_bad_data(store: MemoryObjectStore):
    with pytest.raises(BadDataError, match=r"datasets\.train: no document is selected") as caught:
        chosen(store, put_document_run(store, put_slips(store, 0, 3), QUICK))
    assert caught.value.exit_code is ExitCode.BAD_DATA


def test_if_all_readings_are_gone_it_is_bad_data(store: MemoryObjectStore):
    item = put_document(store, 1)
    store.delete(layout.blob(NAMESPACE, item.reading_sha256))
    with pytest.raises(BadDataError, match="no document is left"):
        chosen(store, of(store, [item]))


def test_the_same_content_in_train_and_dev_is_refused_by_name(store: MemoryObjectStore):
    train = put_documents(store, "train", [put_document(store, 1)])
    dev = put_documents(store, "dev", [put_document(store, 1, name="copy.pdf", split=Split.DEV)])
    spec = put_document_run(store, RunDatasets(train=[train], dev=[dev]), QUICK)
    with pytest.raises(BadDataError, match=r"document copy\.pdf of datasets\.dev is 1\.pdf of datasets\.train"):
        chosen(store, spec)


def damaged_reading(store: MemoryObjectStore) -> RunSpec:
    item = put_document(store, 1)
    store.put(layout.blob(NAMESPACE, item.reading_sha256), b"{}")
    return of(store, [item])


def no_reading(store: MemoryObjectStore) -> RunSpec:
    store.put(layout.blob(NAMESPACE, sha256_hex(b"{}")), b"{}")
    return of(store, [put_document(store, 1, reading_sha256=sha256_hex(b"{}"))])


def damaged_manifest(store: MemoryObjectStore) -> RunSpec:
    spec = of(store, [put_document(store, 1)])
    key = layout.manifest(NAMESPACE, spec.datasets.train[0].digest)
    store.put(key, store.get(key) + b"\n")
    return spec


def no_manifest(store: MemoryObjectStore) -> RunSpec:
    spec = of(store, [put_document(store, 1)])
    store.delete(layout.manifest(NAMESPACE, spec.datasets.train[0].digest))
    return spec


@pytest.mark.parametrize(
    ("world", "told"),
    [
        (damaged_reading, "do not have that digest"),
        (no_reading, "is not one"),
        (damaged_manifest, "changed or damaged"),
        (no_manifest, "there is no manifest"),
    ],
)
def test_damaged_data_is_named(store: MemoryObjectStore, world: object, told: str):
    spec = world(store)  # type: ignore[operator]
    with pytest.raises(BadDataError, match=told):
        chosen(store, spec)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fields": []}, "at least one field"),
        ({"fields": [FIELDS[0], FIELDS[0]]}, "each may occur once"),
    ],
)
def test_a_wrong_data_model_is_a_bad_configuration(store: MemoryObjectStore, changes: dict[str, object], told: str):
    with pytest.raises(BadConfigurationError, match=told):
        chosen(store, of(store, [put_document(store, 1)], **changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"parameters": {"maxEpoch": 3}}, "maxEpoch"),
        ({"capability_type": CapabilityType.DETECTOR}, "trains FieldExtractorElement, not DetectorElement"),
        ({"template": "nothing"}, "known: anchor-free-detector, .*candidate-scorer"),
    ],
)
def test_wrong_settings_are_named(store: MemoryObjectStore, changes: dict[str, object], told: str):
    with pytest.raises(TrainerError, match=told):
        parse_parameters(of(store, [put_document(store, 1)], **changes))


def document(seed: int, labels: list[FieldLabel] | None = None) -> AnnotatedDocument:
    read = reading(seed)
    return AnnotatedDocument(read.sha256, f"{seed}.pdf", Example(read, labels or labels_of(read, seed)))


def said(value: str, confidence: float = 0.9) -> FieldPrediction:
    return FieldPrediction(confidence, (PredictedValue(value, value, confidence, 0, (0,), (0.0, 0.0, 0.1, 0.1)),))


def test_only_labelled_fields_are_judged():
    only_total = [label for label in labels_of(reading(1), 1) if label.field == "total"]
    answers = answers_of(document(1, only_total), {field.name: FieldPrediction(0.0) for field in FIELDS}, FIELDS)
    assert [(one.field, one.present, one.found) for one in answers] == [("total", True, False)]


def test_right_is_the_same_value_or_rightly_nothing():
    total = next(label for label in labels_of(reading(1), 1) if label.field == "total").values[0].value
    name = " ".join(word.text for word in reading(1).pages[0].words[:2])
    told = {
        "total": said(total),
        "supplier": said(name.upper()),
        "kind": FieldPrediction(0.8, class_name="invoice"),
        "phone": FieldPrediction(0.0),
    }
    answers = {one.field: one for one in answers_of(document(1), told, FIELDS)}
    assert {name: one.right(0.0) for name, one in answers.items()} == {
        "total": True,
        "supplier": True,
        "kind": False,
        "phone": True,
    }
    assert not answers["total"].right(0.95), "below its threshold a value is not told"
    assert not answers["kind"].right(0.95), "the document has a kind"


def test_amounts_are_compared_as_numbers():
    total = next(label for label in labels_of(reading(1), 1) if label.field == "total").values[0].value
    answers = answers_of(document(1), {"total": said(f"{total}0")}, FIELDS[:1])
    assert answers[0].hit


def answer(field: str, *, present: bool, found: bool, confidence: float, hit: bool, number: int = 1) -> Answer:
    return Answer(f"d{number}", field, present, found, confidence, hit)


ANSWERS = [
    answer("total", present=True, found=True, confidence=0.9, hit=True),
    answer("total", present=True, found=True, confidence=0.4, hit=False, number=2),
    answer("total", present=False, found=True, confidence=0.2, hit=False, number=3),
    answer("total", present=True, found=False, confidence=0.0, hit=False, number=4),
    answer("phone", present=False, found=False, confidence=0.0, hit=False),
]


def test_figures_at_a_threshold():
    fields = [FIELDS[0], FIELDS[3]]
    found = document_metrics(ANSWERS, fields, {"total": 0.3}, documents=5)
    assert (found.documents, found.decisions, found.right, found.accuracy) == (5, 5, 3, 0.6)
    assert found.whole_documents == 0.5  # of the four that were labelled: the first and the third
    total, phone = found.fields
    assert (total.documents, total.right, total.precision, total.recall, total.f1) == (4, 2, 0.5, 0.3333, 0.4)
    assert (phone.right, phone.precision, phone.recall, phone.f1) == (1, None, None, None)


def test_calibration_error_is_the_gap_between_confidence_and_share_right():
    assert calibration_error(ANSWERS) == pytest.approx((0.1 + 0.4 + 0.2) / 3, abs=1e-4)
    assert calibration_error(ANSWERS[3:]) is None


def test_nothing_judged_is_no_data():
    found = document_metrics([], FIELDS[:1], {}, documents=0)
    assert (found.accuracy, found.whole_documents, found.calibration_error) == (None, None, None)
    assert found.fields[0].precision is None
