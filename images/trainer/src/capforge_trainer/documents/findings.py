"""What the report shows of a field extractor: outcomes by field, precision by recall, worst documents.

No word of a document and no page is in it: a report stays where it is when a document is purged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from capforge_contracts.data_model import DataField
from capforge_trainer.documents.judging import Answer, by_field
from capforge_trainer.documents.selection import AnnotatedDocument
from capforge_trainer.report.findings import Counts, DataFigures, Findings, Mistake, Trade
from capforge_trainer.report.pictures import MOST_MISTAKES
from capforge_trainer.report.trades import trade

_OUTCOMES = ("right value", "rightly none", "wrong value", "missed", "said where there is none")
_RIGHT = 2
"""So many of the outcomes, the first ones, are right."""


def document_findings(
    fields: Sequence[DataField],
    roles: Sequence[tuple[str, Sequence[AnnotatedDocument]]],
    answers: Sequence[Answer],
    thresholds: Mapping[str, float],
) -> Findings:
    """Return the findings; `answers` are those that the card's figures of dev are made of."""
    names = {one.sha256: one.name for _, documents in roles for one in documents}
    return Findings(
        data=tuple(_figures(fields, role, documents) for role, documents in roles if documents),
        counts=(_outcomes(fields, answers, thresholds),) if answers else (),
        trades=tuple(_trades(fields, answers, thresholds)),
        mistakes=tuple(_mistakes(names, answers, thresholds)),
        counted_in="step",
    )


def _figures(fields: Sequence[DataField], role: str, documents: Sequence[AnnotatedDocument]) -> DataFigures:
    labels = [label for one in documents for label in one.example.labels]
    values = {field.name: sum(one.field == field.name and not one.absent for one in labels) for field in fields}
    return DataFigures(role, {"documents": len(documents), "values": sum(values.values())}, values)


def _outcome(answer: Answer, threshold: float) -> int:
    """Return the position among the outcomes."""
    if not answer.told(threshold):
        return 3 if answer.present else 1
    if answer.hit:
        return 0
    return 2 if answer.present else 4


def _outcomes(fields: Sequence[DataField], answers: Sequence[Answer], thresholds: Mapping[str, float]) -> Counts:
    names = tuple(field.name for field in fields)
    cells = np.zeros((len(names), len(_OUTCOMES)), np.int64)
    for answer in answers:
        cells[names.index(answer.field), _outcome(answer, thresholds.get(answer.field, 0.0))] += 1
    right = frozenset((row, column) for row in range(len(names)) for column in range(_RIGHT))
    return Counts("What becomes of each field, at its threshold", names, _OUTCOMES, cells, "field", "outcome", right)


def _trades(fields: Sequence[DataField], answers: Sequence[Answer], thresholds: Mapping[str, float]) -> list[Trade]:
    """Return the curves of the fields that have values, the worst first."""
    curves = []
    for name, some in by_field(answers, fields).items():
        said = [one for one in some if one.found]
        scores, hits = np.array([one.confidence for one in said]), np.array([one.hit for one in said], bool)
        present = sum(one.present for one in some)
        curve = trade(name, scores, hits, present, thresholds.get(name))
        if curve:
            curves.append(curve)
    return sorted(curves, key=lambda one: one.average_precision)


def _mistakes(names: Mapping[str, str], answers: Sequence[Answer], thresholds: Mapping[str, float]) -> list[Mistake]:
    """Return the wrong answers, the surest first; then what was missed, the least unsure first."""
    wrong = [one for one in answers if not one.right(thresholds.get(one.field, 0.0))]
    told = [one for one in wrong if one.told(thresholds.get(one.field, 0.0))]
    missed = [one for one in wrong if not one.told(thresholds.get(one.field, 0.0))]
    ordered = [*_surest_first(told), *_surest_first(missed)]
    return [
        Mistake(names.get(one.document, one.document), f"{one.field}: {_words(one, thresholds.get(one.field, 0.0))}")
        for one in ordered[:MOST_MISTAKES]
    ]


def _surest_first(answers: Sequence[Answer]) -> list[Answer]:
    return sorted(answers, key=lambda one: (-one.confidence, one.document, one.field))


def _words(answer: Answer, threshold: float) -> str:
    sure = f"confidence {answer.confidence:.2f}, threshold {threshold:.2f}"
    if answer.told(threshold):
        return (
            f"another value than the person's ({sure})" if answer.present else f"a value, the person says none ({sure})"
        )
    if not answer.found:
        return "nothing found"
    return f"{'the right' if answer.hit else 'another'} value, held back ({sure})"
