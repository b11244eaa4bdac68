"""The curves of training from the rows of metrics.jsonl, whatever the template records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from capforge_trainer.report.charts import Chart, Series, line_chart

_PLACES = frozenset({"step", "epoch"})
_FEW_POINTS = 60


def training_charts(rows: Sequence[Mapping[str, Any]], counted_in: Literal["epoch", "step"]) -> list[Chart]:
    """Return a chart of the losses, one of what is measured on dev, one of the learning rate: those that have data."""
    place = _epochs_of(rows) if counted_in == "epoch" else None
    x_label = "epoch" if place else "step"
    groups: dict[str, list[Series]] = {"Loss": [], "On dev": [], "Learning rate": []}
    for name in _names(rows):
        groups[_group(name)].append(_series(name, rows, place or 1.0))
    charts = []
    for title, some in groups.items():
        if some:
            on_shares = title == "On dev" and all(0 <= value <= 1 for one in some for value in one.y)
            low = min(float(value) for one in some for value in one.y)
            high = max(float(value) for one in some for value in one.y)
            from_nought = (0.0, high * 1.05) if low >= 0 < high else None
            charts.append(line_chart(title, x_label, some, y_range=(0.0, 1.0) if on_shares else from_nought))
    return charts


def _group(name: str) -> str:
    if "loss" in name:
        return "Loss"
    return "Learning rate" if name in {"learning_rate", "lr"} else "On dev"


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name, value in row.items() if _is_shown(name, value)))


def _is_shown(name: str, value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return name not in _PLACES and is_number and math.isfinite(value)


def _epochs_of(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Return epochs per step: of the last row that ended an epoch."""
    ended = [row for row in rows if row.get("epoch") and row.get("step") and "loss" in row]
    return ended[-1]["epoch"] / ended[-1]["step"] if ended else None


def _series(name: str, rows: Sequence[Mapping[str, Any]], scale: float) -> Series:
    points = sorted((row["step"] * scale, float(row[name])) for row in rows if _is_shown(name, row.get(name)))
    x, y = zip(*points, strict=True)
    return Series(name.replace("_", " "), x, y, dots=len(points) <= _FEW_POINTS)
