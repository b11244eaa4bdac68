"""The figures of a set of documents, from the answers given at the thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capforge_contracts.data_model import DataField
from capforge_contracts.run import DocumentMetrics, FieldMetrics
from capforge_trainer.documents.judging import Answer, by_field
from capforge_trainer.scorer import calibration


def document_metrics(
    answers: Sequence[Answer],
    fields: Sequence[DataField],
    thresholds: Mapping[str, float],
    *,
    documents: int,
    cross_validated: bool = False,
) -> DocumentMetrics:
    """Return the metrics as the card stores them; `documents` counts also those in which nothing was labelled."""
    right = [answer.right(thresholds.get(answer.field, 0.0)) for answer in answers]
    return DocumentMetrics(
        documents=documents,
        decisions=len(answers),
        right=sum(right),
        accuracy=_ratio(sum(right), len(answers)),
        whole_documents=_whole_documents(answers, right),
        calibration_error=calibration_error(answers),
        cross_validated=cross_validated,
        fields=[
            _field_metrics(name, some, thresholds.get(name, 0.0)) for name, some in by_field(answers, fields).items()
        ],
    )


def calibration_error(answers: Sequence[Answer]) -> float | None:
    """Return the calibration error of what the model found; None: nothing was."""
    found = [(answer.confidence, answer.hit) for answer in answers if answer.found]
    return round(calibration.calibration_error(found), 4) if found else None


def _field_metrics(name: str, answers: Sequence[Answer], threshold: float) -> FieldMetrics:
    told = [answer for answer in answers if answer.told(threshold)]
    present = sum(answer.present for answer in answers)
    hits = sum(answer.hit for answer in told)
    return FieldMetrics(
        name=name,
        documents=len(answers),
        right=sum(answer.right(threshold) for answer in answers),
        precision=_ratio(hits, len(told)),
        recall=_ratio(hits, present),
        f1=_ratio(2 * hits, len(told) + present),
    )


def _whole_documents(answers: Sequence[Answer], right: Sequence[bool]) -> float | None:
    wholly: dict[str, bool] = {}
    for answer, one in zip(answers, right, strict=True):
        wholly[answer.document] = wholly.get(answer.document, True) and one
    return _ratio(sum(wholly.values()), len(wholly))


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
