"""What people said in a dataset of documents, counted by split and field. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic.alias_generators import to_camel

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import Split
from capforge_contracts.exports.documents import LockedDocuments
from capforge_contracts.said import Said, labels_by_field, said
from capforge_contracts.submissions import FieldLabel, Submission


@dataclass
class FieldFigures:
    """Of one field in one split."""

    documents: Counter[Said] = field(default_factory=Counter)
    """By what was said about it."""
    values: int = 0
    """A document may have several; a class is one."""
    classes: Counter[str] = field(default_factory=Counter)
    """Of a Classification: documents by class."""

    def counts(self) -> dict[str, int]:
        """Return the documents by what was said, and the values, by name."""
        return {
            "with_value": self.documents[Said.VALUE],
            "absent": self.documents[Said.ABSENT],
            "not_said": self.documents[Said.NOT_SAID],
            "values": self.values,
        }

    def as_document(self) -> dict[str, int]:
        """Return the counts for programs."""
        return {to_camel(name): count for name, count in self.counts().items()}

    def add(self, label: FieldLabel | None) -> None:
        """Count what was said in one document."""
        self.documents[said(label)] += 1
        if label is not None:
            self.values += len(label.values) + (label.class_name is not None)
            self.classes.update([] if label.class_name is None else [label.class_name])


@dataclass
class DocumentFigures:
    """Of one split."""

    fields: Mapping[str, FieldFigures]
    """Of every field of the data model."""
    documents: int = 0
    without_values: int = 0
    """Documents that have no value of any field."""

    def add(self, item: Submission) -> None:
        """Count one document."""
        labels = labels_by_field(item)
        self.documents += 1
        self.without_values += all(said(labels.get(name)) is not Said.VALUE for name in self.fields)
        for name, figures in self.fields.items():
            figures.add(labels.get(name))


def empty_figures(fields: Iterable[DataField]) -> DocumentFigures:
    """Return figures of no document."""
    return DocumentFigures({one.name: FieldFigures() for one in fields})


def document_figures(dataset: LockedDocuments) -> Mapping[Split, DocumentFigures]:
    """Return the figures of each split that has documents."""
    found: dict[Split, DocumentFigures] = {}
    for item in dataset.items():
        found.setdefault(item.split, empty_figures(dataset.fields)).add(item)
    return {split: found[split] for split in Split if split in found}


def as_document(dataset: LockedDocuments, found: Mapping[Split, DocumentFigures]) -> dict[str, Any]:
    """Return the figures for programs."""
    return {
        "fields": [{"name": one.name, "type": one.type.value} for one in dataset.fields],
        "splits": {
            split.value: {
                "documents": figures.documents,
                "documentsWithoutValues": figures.without_values,
                "byField": {one.name: _told(one, figures.fields[one.name]) for one in dataset.fields},
            }
            for split, figures in found.items()
        },
    }


def _told(one: DataField, figures: FieldFigures) -> dict[str, Any]:
    counts: dict[str, Any] = figures.as_document()
    if one.type is not FieldType.CLASSIFICATION:
        return counts
    return counts | {"classes": {name: figures.classes[name] for name in one.classes}}
