"""What a person said about one field of one document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from capforge_contracts.submissions import FieldLabel, Submission


class Said(StrEnum):
    """Three things that are not the same."""

    VALUE = "Value"
    """It has values, or a class."""
    ABSENT = "Absent"
    """The document does not have it."""
    NOT_SAID = "NotSaid"
    """Nothing: the field was added to the data model later."""


def said(label: FieldLabel | None) -> Said:
    """Return what a label says; None: there is none."""
    if label is None:
        return Said.NOT_SAID
    return Said.ABSENT if label.absent else Said.VALUE


def labels_by_field(item: Submission) -> Mapping[str, FieldLabel]:
    """Return the labels of one document by the field's name."""
    return {label.field: label for label in item.labels}
