"""What a served model reaches on one set, by type of capability. None means no data."""

from __future__ import annotations

from capforge_contracts.model import Stored


class ClassMetrics(Stored):
    """Metrics of one class; None means no data."""

    name: str
    objects: int
    ap50: float | None = None
    ap50_95: float | None = None
    precision: float | None = None
    recall: float | None = None


class DetectionMetrics(Stored):
    """What the served ONNX reaches on one set."""

    images: int
    objects: int
    map50: float | None = None
    map50_95: float | None = None
    precision: float | None = None
    """At the card's threshold."""
    recall: float | None = None
    f1: float | None = None
    classes: list[ClassMetrics] = []


class ClassShare(Stored):
    """How one class is told from the others; None means no data."""

    name: str
    objects: int
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


class ClassificationMetrics(Stored):
    """How the served ONNX classifies the regions of one set."""

    objects: int
    top1: float | None = None
    top5: float | None = None
    """None where there are five classes or fewer."""
    macro_f1: float | None = None
    classes: list[ClassShare] = []
    confusion: list[list[int]] = []
    """Objects by true (row) and said (column) position of the outputs."""


class EmbeddingMetrics(Stored):
    """How well the nearest vectors of one set are of the same class."""

    objects: int
    classes: int
    recall_at_1: float | None = None
    recall_at_5: float | None = None
    recall_at_10: float | None = None
    map_at_r: float | None = None
    """Mean average precision at R, R = the number of others of the same class."""


class FieldMetrics(Stored):
    """How one field of a data model is read; None means no data."""

    name: str
    documents: int
    """That were judged: the field is known in them, as a value or as absent."""
    right: int
    precision: float | None = None
    """Of what the model says, at its threshold, the share that is right."""
    recall: float | None = None
    """Of what stands in the documents, the share that is found."""
    f1: float | None = None


class DocumentMetrics(Stored):
    """What the served ONNX reads from one set of documents."""

    documents: int
    decisions: int
    """One for each document and field that a person labelled."""
    right: int
    """Decisions that equal the label: the same value, or rightly nothing."""
    accuracy: float | None = None
    """right / decisions."""
    whole_documents: float | None = None
    """Share of documents with every field right."""
    calibration_error: float | None = None
    """Expected calibration error of the confidences (10 bins), 0-1."""
    cross_validated: bool = False
    """Too few documents had the role dev: the figures come from folds of train."""
    fields: list[FieldMetrics] = []


class Comparison(Stored):
    """Champion and challenger on the same dev documents, decision by decision."""

    version: str
    """The champion's."""
    documents: int
    decisions: int
    champion_right: int
    challenger_right: int
    wins: int
    """Decisions that only the challenger got right."""
    losses: int
    """Decisions that only the champion got right."""
