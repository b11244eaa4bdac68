"""What a model says about labelled documents, and whether a person says the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from capforge_contracts.data_model import DataField
from capforge_contracts.submissions import FieldLabel
from capforge_trainer.documents.selection import AnnotatedDocument
from capforge_trainer.scorer.rightness import is_right
from capforge_transforms.documents.decode import FieldPrediction


@dataclass(frozen=True)
class Answer:
    """What the model says about one field of one document, before any threshold, and whether a person says the same.

    One for each field that a person labelled: as a value, as a class or as absent.
    """

    document: str
    """Its digest."""
    field: str
    present: bool
    """The document has the field."""
    found: bool
    """The model tells a value or a class."""
    confidence: float
    """Of what is found, 0-1."""
    hit: bool
    """What is found is what a person picked."""

    def told(self, threshold: float) -> bool:
        """Tell whether the value counts."""
        return self.found and self.confidence >= threshold

    def right(self, threshold: float) -> bool:
        """Tell whether the answer is right at the threshold: the same value, or rightly nothing."""
        return self.hit if self.told(threshold) else not self.present


def answers_of(
    document: AnnotatedDocument, predictions: Mapping[str, FieldPrediction], fields: Iterable[DataField]
) -> list[Answer]:
    """Return an answer for each of these fields that a person labelled in the document."""
    labels = {label.field: label for label in document.example.labels}
    return [
        _answer(document.sha256, field, labels[field.name], predictions[field.name])
        for field in fields
        if field.name in labels and field.name in predictions
    ]


def _answer(document: str, field: DataField, label: FieldLabel, said: FieldPrediction) -> Answer:
    found = bool(said.values) or said.class_name is not None
    return Answer(
        document, field.name, not label.absent, found, said.confidence, found and is_right(said, label, field)
    )


def by_field(answers: Sequence[Answer], fields: Iterable[DataField]) -> dict[str, list[Answer]]:
    """Return the answers of each field, in the fields' order."""
    found: dict[str, list[Answer]] = {field.name: [] for field in fields}
    for answer in answers:
        found[answer.field].append(answer)
    return found
