"""Shares of right answers, and where the wrong ones come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.fields.receipts import Document, same
from capforge_contracts.data_model import DataField
from capforge_transforms.documents.decode import FieldPrediction


@dataclass(frozen=True)
class Answer:
    """One field of one document."""

    field: str
    right: bool
    reachable: bool
    """The right value could have been put together from candidates."""
    silent: bool
    confidence: float
    seen: bool


def answers(
    document: Document, predictions: Mapping[str, FieldPrediction], fields: Sequence[DataField]
) -> list[Answer]:
    """Compare the predictions with the gold."""
    found = []
    for field in fields:
        gold, prediction = document.gold[field.name], predictions[field.name]
        values = prediction.values
        right = not values if gold is None else bool(values) and same(field, values[0].value, gold)
        found.append(
            Answer(
                field.name, right, field.name in document.reachable, not values, prediction.confidence, document.seen
            )
        )
    return found


def share(found: Sequence[Answer]) -> float:
    """Return the share of right answers in percent; nan where there are none."""
    return 100 * sum(one.right for one in found) / len(found) if found else float("nan")
