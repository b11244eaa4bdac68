"""What a training run's status shows besides its conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from capforge_contracts import layout
from capforge_contracts.run import ModelCard, Progress
from capforge_operator.api.training_run import Artifact, IgnoredClass, Metric, RunFailure, TrainingRunStatus
from capforge_operator.domain.conditions import kube_time
from capforge_operator.domain.run_view import FinishedAttempt, RunView
from capforge_operator.domain.termination import Failure

_METRICS = 32
_WARNINGS = 32
_IGNORED = 512
_CLASS_NAME_CHARS = 128
_FIGURES = {
    "": ("map50", "map50_95", "precision", "recall", "f1"),
    "classification_": ("objects", "top1", "top5", "macro_f1"),
    "embedding_": ("objects", "classes", "recall_at_1", "recall_at_5", "recall_at_10", "map_at_r"),
    "document_": ("documents", "accuracy", "whole_documents", "calibration_error"),
}
"""Of a model card, by the beginning of the field that holds them."""
_COMPARED = ("decisions", "challenger_right", "champion_right")
"""With the version that answered, decision by decision on the same dev documents."""
_SMALLEST, _LARGEST = 1e-4, 1e6
"""Between these a figure is written without an exponent."""


def facts(view: RunView, *, over: bool, failure: Failure | None) -> TrainingRunStatus:
    """Return the status without conditions, built upon what an earlier visit showed."""
    changes: dict[str, Any] = {**_accepted(view), **_progress(view), **_finished(view)}
    before = view.run.status
    if view.job is not None and view.job.created is not None and before.start_time is None:
        changes["start_time"] = kube_time(view.job.created)
    if over:
        changes |= {"completion_time": before.completion_time or kube_time(view.now)}
        changes |= {"estimated_remaining_seconds": None, "remaining": None}
    if failure is not None:
        changes["failure"] = RunFailure(reason=failure.reason, message=failure.message, exit_code=failure.exit_code)
    if view.version is not None:
        changes["version"] = view.version.version
    return before.model_copy(update=changes)


def _accepted(view: RunView) -> dict[str, Any]:
    if view.accepted is None:
        return {}
    ignored = _ignored(view.accepted.ignored_classes)
    return {
        "run_digest": view.accepted.spec.digest,
        # What a re-read run.json no longer tells stays as the checks said it.
        **({"warnings": list(view.accepted.warnings)[:_WARNINGS]} if view.accepted.warnings else {}),
        **({"ignored_classes": ignored} if ignored else {}),
    }


def _progress(view: RunView) -> dict[str, Any]:
    seen = {"attempts": view.attempts} if view.attempts else {}
    progress = view.progress
    if progress is None or view.ended:
        return seen
    seconds = None if progress.remaining_seconds is None else max(progress.remaining_seconds, 0)
    return {
        **seen,
        "progress_percent": min(max(progress.percent, 0), 100),
        "progress": _progress_text(progress),
        "estimated_remaining_seconds": seconds,
        "remaining": None if seconds is None else duration(seconds),
        "epoch": progress.epoch,
        "epochs": progress.epochs,
        "metrics": metrics(progress.metrics),
    }


def _finished(view: RunView) -> dict[str, Any]:
    finished = view.finished
    if finished is None:
        return {}
    card = finished.card
    return {
        "artifact": _artifact(view, finished),
        "attempts": max(view.attempts, finished.attempt),
        "progress_percent": 100,
        "progress": "Done",
        "epoch": card.epochs,
        "epochs": card.epochs,
        "metrics": dev_metrics(card),
        "test_metrics": metrics(_figures(card, "test")),
        "ignored_classes": _ignored(card.ignored_classes),
        "warnings": list(dict.fromkeys([*view.run.status.warnings, *card.warnings]))[:_WARNINGS],
    }


def _ignored(counts: Mapping[str, int]) -> list[IgnoredClass]:
    shortened = {name[:_CLASS_NAME_CHARS]: count for name, count in sorted(counts.items())}
    return [IgnoredClass(name=name, count=count) for name, count in shortened.items()][:_IGNORED]


def _artifact(view: RunView, finished: FinishedAttempt) -> Artifact:
    namespace, digest = view.run.metadata.namespace, finished.card.run_digest
    model, card = (
        f"{view.store_uri}/{layout.attempt_file(namespace, digest, finished.attempt, name)}"
        for name in (layout.MODEL, layout.CARD)
    )
    return Artifact(uri=model, sha256=finished.card.model_sha256, card_uri=card)


def metrics(values: Mapping[str, float]) -> list[Metric]:
    """Return figures by name; what is no number is left out."""
    finite = [(name, value) for name, value in sorted(values.items()) if math.isfinite(value)]
    return [Metric(name=name[:64], value=decimal(value)) for name, value in finite[:_METRICS]]


def dev_metrics(card: ModelCard) -> list[Metric]:
    """Return the figures of a served model on dev."""
    return metrics({**_figures(card, "dev"), **_compared(card)})


def decimal(value: float) -> str:
    """Return a finite number as text with six significant digits, in the form that the API allows."""
    if value == 0:
        return "0"
    if _SMALLEST <= abs(value) < _LARGEST:
        text = f"{value:.6f}" if abs(value) < 1 else f"{value:.4f}"
        return text.rstrip("0").rstrip(".")
    return f"{value:.5e}".replace("e+", "e")


def duration(seconds: int) -> str:
    """Return `1h02m`, `12m30s` or `45s`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def _figures(card: ModelCard, part: str) -> dict[str, float]:
    """Return the figures of one part (dev, test), of whichever type the model is; what has no data is left out."""
    judged = [(getattr(card, f"{kind}{part}"), names) for kind, names in _FIGURES.items()]
    found = [(name, getattr(figures, name)) for figures, names in judged if figures is not None for name in names]
    return {name: value for name, value in found if value is not None}


def _compared(card: ModelCard) -> dict[str, float]:
    if card.comparison is None or not card.comparison.decisions:
        return {}
    return {f"compared_{name}": getattr(card.comparison, name) for name in _COMPARED}


def _progress_text(progress: Progress) -> str:
    epochs = f" {progress.epoch}/{progress.epochs}" if progress.epochs else ""
    return f"{progress.phase.value}{epochs} ({progress.percent}%)"
