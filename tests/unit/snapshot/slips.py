"""Annotated documents built record by record, so that each test breaks exactly one thing."""

from __future__ import annotations

from typing import Any

from capforge_contracts import layout
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import SnapshotRequest, Split, SubmissionsSource
from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord
from capforge_contracts.store import ObjectStore
from capforge_contracts.submissions import FieldLabel, LabelledValue, Submission

NAMESPACE = "team-a"
FIELDS = [
    DataField(name="total", type=FieldType.AMOUNT),
    DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["receipt", "invoice"]),
]
BY_NAME = {field.name: field for field in FIELDS}


def digest_of(number: int) -> str:
    return sha256_hex(f"document {number}".encode())


def reading(number: int) -> Reading:
    """Return a page of three words."""
    words = [
        ReadWord(text=text, box=[0.1 + 0.2 * place, 0.1, 0.2 + 0.2 * place, 0.2], line=0)
        for place, text in enumerate(["Total", f"{number}.00", "EUR"])
    ]
    page = ReadPage(page_id=0, width=100, height=100, words=words)
    return Reading(sha256=digest_of(number), engine=Engine.GIVEN, engine_version="given", pages=[page])


def value(number: int, **changes: Any) -> LabelledValue:
    values = {"key": "0a1b2c3d", "content": f"{number}.00", "value": f"{number}.00", "page_id": 0, "words": [1]}
    return LabelledValue(**{**values, "box": [0.3, 0.1, 0.4, 0.2], **changes})


def labels(number: int) -> list[FieldLabel]:
    return [FieldLabel(field="total", values=[value(number)]), FieldLabel(field="kind", class_name="receipt")]


def submission(number: int, **changes: Any) -> Submission:
    """Return the annotation of document `number` (from 1); every fifth has the role Dev."""
    values: dict[str, Any] = {
        "sha256": digest_of(number),
        "document": f"document-{number}",
        "name": f"{number}.pdf",
        "reading_sha256": sha256_hex(reading(number).to_json()),
        "split": Split.TRAIN if number % 5 else Split.DEV,
        "submission": f"submission-{number}",
        "sequence": number,
        "annotator": "ann",
        "time": "2026-01-01T00:00:00Z",
        "labels": labels(number),
    }
    return Submission(**{**values, **changes})


def put_readings(store: ObjectStore, numbers: range, namespace: str = NAMESPACE) -> None:
    for number in numbers:
        data = reading(number).to_json()
        store.put(layout.blob(namespace, sha256_hex(data)), data)


def request(as_of_sequence: int, namespace: str = NAMESPACE, **changes: Any) -> SnapshotRequest:
    fields = changes.pop("fields", FIELDS)
    values: dict[str, Any] = {
        "namespace": namespace,
        "dataset": "slips-auto-20",
        "spec_hash": "0123456789abcdef",
        "as_of": "2026-01-01T00:00:00Z",
        "submissions": SubmissionsSource(capability="slips", as_of_sequence=as_of_sequence, fields=fields),
    }
    return SnapshotRequest(**{**values, **changes})
