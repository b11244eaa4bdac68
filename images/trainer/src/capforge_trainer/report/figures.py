"""The tables and tiles of the report, from the model card alone: for every type of capability."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capforge_contracts.run import (
    ClassificationMetrics,
    DetectionMetrics,
    DocumentMetrics,
    EmbeddingMetrics,
    ModelCard,
)

Metrics = DetectionMetrics | ClassificationMetrics | EmbeddingMetrics | DocumentMetrics


@dataclass(frozen=True)
class Figure:
    """One number with its name; None: no data."""

    name: str
    value: float | None
    falling: bool = False
    """Less is better."""


@dataclass(frozen=True)
class Table:
    """Rows by class or field: a name, a count, then shares 0-1 (None: no data)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, int, tuple[float | None, ...]], ...]
    left_out: int = 0
    """Rows beyond the page's room, the best ones."""


MOST_ROWS = 200
_FOUND = (("AP50", "ap50"), ("AP50-95", "ap50_95"), ("precision", "precision"), ("recall", "recall"))
_TOLD = (("F1", "f1"), ("precision", "precision"), ("recall", "recall"))
"""A column's head and its field in the card."""


def metrics_of(card: ModelCard) -> dict[str, Metrics]:
    """Return what the card says about dev and test."""
    known: dict[str, Sequence[Metrics | None]] = {
        "dev": (card.dev, card.classification_dev, card.embedding_dev, card.document_dev),
        "test": (card.test, card.classification_test, card.embedding_test, card.document_test),
    }
    return {role: found for role, some in known.items() if (found := next((one for one in some if one), None))}


def headline(metrics: Metrics) -> list[Figure]:
    """Return the figures that stand for a set, the most telling first."""
    match metrics:
        case DetectionMetrics():
            return [
                Figure("mAP50", metrics.map50),
                Figure("mAP50-95", metrics.map50_95),
                Figure("precision", metrics.precision),
                Figure("recall", metrics.recall),
                Figure("F1", metrics.f1),
            ]
        case ClassificationMetrics():
            return [Figure("top-1", metrics.top1), Figure("top-5", metrics.top5), Figure("macro F1", metrics.macro_f1)]
        case EmbeddingMetrics():
            return [
                Figure("recall@1", metrics.recall_at_1),
                Figure("recall@5", metrics.recall_at_5),
                Figure("recall@10", metrics.recall_at_10),
                Figure("mAP@R", metrics.map_at_r),
            ]
        case DocumentMetrics():
            return [
                Figure("accuracy", metrics.accuracy),
                Figure("whole documents", metrics.whole_documents),
                Figure("calibration error", metrics.calibration_error, falling=True),
            ]


def size_of(metrics: Metrics) -> str:
    """Return how much a set holds, in words."""
    match metrics:
        case DetectionMetrics():
            return f"{metrics.images:,} images, {metrics.objects:,} objects"
        case ClassificationMetrics():
            return f"{metrics.objects:,} regions"
        case EmbeddingMetrics():
            return f"{metrics.objects:,} regions of {metrics.classes:,} classes"
        case DocumentMetrics():
            judged = f"{metrics.documents:,} documents, {metrics.decisions:,} decisions"
            return f"{judged}, left out of train in turn" if metrics.cross_validated else judged


def table(role: str, metrics: Metrics) -> Table | None:
    """Return the figures by class or field, the worst first where there are too many; None where there are none."""
    match metrics:
        case DetectionMetrics():
            return _table(f"Classes on {role}", "objects", _FOUND, metrics.classes, lambda one: one.objects)
        case ClassificationMetrics():
            return _table(f"Classes on {role}", "regions", _TOLD, metrics.classes, lambda one: one.objects)
        case DocumentMetrics():
            return _table(f"Fields on {role}", "documents", _TOLD, metrics.fields, lambda one: one.documents)
        case EmbeddingMetrics():
            return None


def _table(
    title: str,
    counted: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Any],
    count: Callable[[Any], int],
) -> Table | None:
    cells = [(str(one.name), count(one), tuple(getattr(one, field) for _, field in columns)) for one in rows]
    kept = cells
    if len(cells) > MOST_ROWS:
        kept = sorted(cells, key=lambda row: (row[2][0] is None, row[2][0] or 0.0))[:MOST_ROWS]
    heads = (counted, *(name for name, _ in columns))
    return Table(title, heads, tuple(kept), len(cells) - len(kept)) if cells else None


def flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested parameters as (`a.b`, value) in order."""
    found: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found += flat(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", str(value)))
    return found
