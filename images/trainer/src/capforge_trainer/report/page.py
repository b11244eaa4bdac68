"""The page: what was found about a run, arranged for a template. Nothing in it refers to anything outside of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from capforge_contracts.run import ClassificationMetrics, DatasetSelection, InitialWeights, ModelCard, RunDatasets
from capforge_trainer.report.charts import Chart, Series, line_chart, number
from capforge_trainer.report.curves import training_charts
from capforge_trainer.report.figures import Figure, flat, headline, metrics_of, size_of, table
from capforge_trainer.report.findings import Counts, Findings, Trade
from capforge_trainer.report.matrices import matrix
from capforge_trainer.report.pictures import shown
from capforge_trainer.templates import TEMPLATES

_MOST_TRADES = 8
"""Lines that can be told apart in one chart."""
_ENVIRONMENT = Environment(
    loader=PackageLoader("capforge_trainer.report", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["number"] = number


@dataclass(frozen=True)
class Told:
    """Everything the page is made of."""

    card: ModelCard
    rows: tuple[Mapping[str, Any], ...]
    """Of metrics.jsonl."""
    findings: Findings
    champion: tuple[str, ModelCard] | None
    """The version that answers now, and its card."""
    initial_weights: InitialWeights | None
    made: datetime
    """UTC."""


@dataclass(frozen=True)
class Beside:
    """One figure of this run beside the champion's."""

    name: str
    mine: float | None
    theirs: float | None
    better: bool | None
    """None: the same, or no data."""


def report_page(told: Told) -> str:
    """Return the page as HTML."""
    card, findings = told.card, told.findings
    metrics = metrics_of(card)
    return _ENVIRONMENT.get_template("report.html").render(
        card=card,
        made=told.made.strftime("%Y-%m-%d %H:%M UTC"),
        sets=[(role, size_of(one), headline(one)) for role, one in metrics.items()],
        tables=[found for role, one in metrics.items() if (found := table(role, one))],
        charts=training_charts(told.rows, findings.counted_in),
        trades=_trade_chart(findings.trades),
        more_trades=max(0, len(findings.trades) - _MOST_TRADES),
        matrices=[matrix(one) for one in (*_confusion(card), *findings.counts)],
        mistakes=shown(findings.mistakes),
        data=findings.data,
        most_of_a_class=max((count for one in findings.data for count in one.classes.values()), default=1),
        parameters=_parameters(card),
        datasets=_datasets(card.datasets),
        initial_weights=told.initial_weights,
        champion=told.champion,
        **_compared(card, told.champion[1] if told.champion else None),
    )


def _trade_chart(trades: tuple[Trade, ...]) -> Chart | None:
    if not trades:
        return None
    series = [
        Series(
            one.name,
            one.recall,
            one.precision,
            chosen=one.chosen,
            note=f"AP {one.average_precision:.3f}",
        )
        for one in trades[:_MOST_TRADES]
    ]
    return line_chart("Precision by recall", "recall", series, (0.0, 1.0), (0.0, 1.0))


def _confusion(card: ModelCard) -> list[Counts]:
    """Return the confusion matrix that a classifier's card has."""
    metrics: ClassificationMetrics | None = card.classification_dev
    if metrics is None or not metrics.confusion:
        return []
    names = tuple(output.name for output in sorted(card.outputs, key=lambda output: output.position))
    return [Counts("Confusion on dev", names, names, np.array(metrics.confusion, np.int64))]


def _parameters(card: ModelCard) -> list[tuple[str, str, str | None]]:
    """Return (name, value, default where it differs)."""
    template = TEMPLATES.get(card.template)
    defaults = dict(flat(template.defaults())) if template else {}
    return [
        (name, value, defaults.get(name) if defaults.get(name, value) != value else None)
        for name, value in flat(card.parameters)
    ]


def _datasets(datasets: RunDatasets) -> list[tuple[str, DatasetSelection]]:
    roles = (("train", datasets.train), ("dev", datasets.dev), ("test", datasets.test))
    return [(role, one) for role, some in roles for one in some]


def _digests(selections: list[DatasetSelection]) -> list[tuple[str, str]]:
    return sorted((one.digest, one.split or "All") for one in selections)


def _compared(mine: ModelCard, theirs: ModelCard | None) -> dict[str, Any]:
    if theirs is None:
        return {"beside": [], "same_dev": False}
    same_dev = _digests(mine.datasets.dev) == _digests(theirs.datasets.dev)
    return {"beside": _beside(mine, theirs), "same_dev": same_dev}


def _beside(mine: ModelCard, theirs: ModelCard) -> list[Beside]:
    """Return the headline figures on dev of both, where both have the same."""
    ours, others = metrics_of(mine).get("dev"), metrics_of(theirs).get("dev")
    if ours is None or others is None or type(ours) is not type(others):
        return []
    pairs = zip(headline(ours), headline(others), strict=True)
    return [Beside(one.name, one.value, other.value, _is_better(one, other)) for one, other in pairs]


def _is_better(mine: Figure, theirs: Figure) -> bool | None:
    if mine.value is None or theirs.value is None or mine.value == theirs.value:
        return None
    return (mine.value < theirs.value) if mine.falling else (mine.value > theirs.value)
