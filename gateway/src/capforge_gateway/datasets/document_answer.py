"""Datasets of annotated documents as they go over the wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from capforge_contracts.content.document_difference import DocumentDifference
from capforge_contracts.content.document_figures import DocumentFigures, FieldFigures
from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import Split
from capforge_contracts.said import labels_by_field, said
from capforge_contracts.submissions import FieldLabel, Submission

Json = dict[str, Any]


def document_stats_shown(digest: str, fields: Sequence[DataField], found: Mapping[Split, DocumentFigures]) -> Json:
    """Return DocumentStats."""
    return {
        "kind": "documents",
        "digest": digest,
        "fields": [{"name": one.name, "display_name": one.display_name, "type": one.type.value} for one in fields],
        "splits": [
            {
                "split": split.value,
                "documents": figures.documents,
                "documents_without_values": figures.without_values,
                "fields": [_field(one, figures.fields[one.name]) for one in fields],
            }
            for split, figures in found.items()
        ],
    }


def document_difference_shown(before: str, after: str, found: DocumentDifference) -> Json:
    """Return a DocumentDifference."""
    return {
        "kind": "documents",
        "before": before,
        "after": after,
        "same": found.same,
        "counts": dict(found.counts),
        "fields": [
            {"name": one.name, "before": _counts(one.before), "after": _counts(one.after)} for one in found.fields
        ],
        "changes": [vars(one) for one in found.changes],
    }


def document_shown(item: Submission, fields: Sequence[DataField], address: str) -> Json:
    """Return a DocumentItem; `address` is that of all items."""
    labels = labels_by_field(item)
    return {
        "sha256": item.sha256,
        "name": item.name,
        "split": item.split.value,
        "document": item.document,
        "submission": item.submission,
        "sequence": item.sequence,
        "annotator": item.annotator,
        "submitted_at": item.time,
        "reading_sha256": item.reading_sha256,
        "labels": [_label(one.name, labels.get(one.name)) for one in fields],
        "content": f"{address}/{item.sha256}/content",
    }


def _field(field: DataField, figures: FieldFigures) -> Json:
    classes = [{"name": name, "documents": figures.classes[name]} for name in field.classes]
    return {"name": field.name, **figures.counts(), "classes": classes}


def _counts(figures: FieldFigures | None) -> Json | None:
    return None if figures is None else figures.counts()


def _label(field: str, label: FieldLabel | None) -> Json:
    values = [
        {"key": one.key, "value": one.value, "content": one.content, "page_id": one.page_id, "box": list(one.box)}
        for one in (label.values if label else ())
    ]
    return {
        "field": field,
        "said": said(label).value,
        "class": label.class_name if label else None,
        "values": values,
    }
