"""Datasets of documents built label by label."""

from __future__ import annotations

from typing import Any

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import Split
from capforge_contracts.exports.documents import LockedDocuments
from capforge_contracts.model import sha256_hex
from capforge_contracts.submissions import FieldLabel, LabelledValue, Submission

FIELDS = (
    DataField(name="total", type=FieldType.AMOUNT),
    DataField(name="supplier", type=FieldType.WORD),
    DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["receipt", "invoice"]),
)


def picked(field: str, *values: str, **changes: Any) -> FieldLabel:
    """Say values; none: the field is absent."""
    known = {"key": "0a1b2c3d", "page_id": 0, "words": [1], "box": [0.1, 0.1, 0.2, 0.2], **changes}
    return FieldLabel(field=field, values=[LabelledValue(content=one, value=one, **known) for one in values])


def chosen(name: str) -> FieldLabel:
    return FieldLabel(field="kind", class_name=name)


def document(number: int, *labels: FieldLabel, **changes: Any) -> Submission:
    known = {
        "sha256": sha256_hex(f"document {number}".encode()),
        "document": f"d-{number}",
        "name": f"{number}.pdf",
        "reading_sha256": sha256_hex(f"reading {number}".encode()),
        "split": Split.TRAIN,
        "submission": f"s-{number}",
        "sequence": number,
        "annotator": "ann",
        "time": "2026-01-01T00:00:00Z",
        "labels": list(labels),
    }
    return Submission(**{**known, **changes})


def locked(*items: Submission, fields: tuple[DataField, ...] = FIELDS) -> LockedDocuments:
    ordered = sorted(items, key=lambda item: item.sha256)
    return LockedDocuments(fields, lambda: iter(ordered))
