"""What people are told about a run that ended: everything that a letter or a webhook says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from capforge_contracts.run import ModelCard
from capforge_operator.api.conditions import ConditionStatus
from capforge_operator.api.notifications import Outcome
from capforge_operator.api.training_run import Metric, TrainingRun
from capforge_operator.domain.notifications import End
from capforge_operator.domain.run_conditions import PUBLISHED
from capforge_operator.domain.run_facts import dev_metrics, duration
from capforge_operator.posting import Picture


@dataclass(frozen=True)
class Link:
    """A file of the run, on the gateway."""

    name: str
    url: str


@dataclass(frozen=True)
class Figure:
    """One metric on dev, beside the one of the version before."""

    name: str
    value: str
    before: str = ""
    difference: str = ""
    """With its sign; empty where there is nothing to compare with."""


@dataclass(frozen=True)
class Before:
    """The version that answered before this run."""

    version: str
    card: ModelCard


@dataclass(frozen=True)
class Material:
    """What was read to tell more than the status does; all of it may be missing."""

    card: ModelCard | None = None
    before: Before | None = None
    pictures: tuple[Picture, ...] = ()
    links: tuple[Link, ...] = ()
    link_days: int = 0
    reach: str = ""
    """The command that makes the links reachable; empty: they are."""
    advice: str = ""


@dataclass(frozen=True)
class Notice:
    """All that is said. Everything but our own words is a stranger's: nothing here is markup."""

    end: End
    version: str
    """That the model got; empty: none."""
    publication: str
    """What became of the model, in a sentence."""
    figures: tuple[Figure, ...]
    test_figures: tuple[Figure, ...]
    before: str
    """The version that the figures are compared with; empty: none."""
    comparable: bool
    """Both were measured on the same dev data."""
    template: str
    took: str
    warnings: tuple[str, ...]
    advice: str
    """What to do about a failure."""
    last_words: str
    links: tuple[Link, ...]
    link_days: int
    reach: str
    pictures: tuple[Picture, ...]

    @property
    def succeeded(self) -> bool:
        """Tell whether there is a model."""
        return self.end.outcome is Outcome.SUCCEEDED

    @property
    def verdict(self) -> str:
        """What happened to the run, as a verb."""
        if self.end.is_refusal:
            return "is refused"
        return "succeeded" if self.succeeded else "failed"

    @property
    def subject(self) -> str:
        """One line."""
        end = self.end
        if not self.succeeded:
            return f"[Capforge] {end.namespace}/{end.capability}: {end.run} {self.verdict} ({end.reason})"
        version = f", version {self.version}" if self.version else ""
        return f"[Capforge] {end.namespace}/{end.capability}: {end.run} succeeded{version}"


def notice(run: TrainingRun, end: End, material: Material) -> Notice:
    """Put together what is said about the end of a run."""
    status, before, card = run.status, material.before, material.card
    comparison = {one.name: one.value for one in dev_metrics(before.card)} if before else {}
    succeeded = end.outcome is Outcome.SUCCEEDED
    return Notice(
        end=end,
        version=status.version or "",
        publication=_publication(run) if succeeded else "",
        figures=tuple(_figure(one, comparison) for one in status.metrics if _is_own(one)) if succeeded else (),
        test_figures=tuple(_figure(one, {}) for one in status.test_metrics) if succeeded else (),
        before=before.version if before and comparison else "",
        comparable=bool(before and card and _dev(before.card) == _dev(card)),
        template=run.spec.template_ref.name,
        took=_took(run, end),
        warnings=tuple(status.warnings),
        advice=material.advice,
        last_words="" if succeeded else end.message,
        links=material.links,
        link_days=material.link_days,
        reach=material.reach if material.links else "",
        pictures=material.pictures,
    )


def _publication(run: TrainingRun) -> str:
    told, version = run.status.condition(PUBLISHED), run.status.version
    if version is not None:
        return f"It is {told.message if told else f'version {version}'}."
    if told is None or told.status is ConditionStatus.UNKNOWN:
        return "It has no version yet."
    return f"It got no version: {told.message or told.reason}."


def _is_own(metric: Metric) -> bool:
    """What tells of both models, decision by decision, is in the gate's sentence."""
    return not metric.name.startswith("compared_")


def _figure(metric: Metric, before: Mapping[str, str]) -> Figure:
    if metric.name not in before:
        return Figure(metric.name, metric.value)
    difference = Decimal(metric.value) - Decimal(before[metric.name])
    return Figure(metric.name, metric.value, before[metric.name], f"{difference:+f}")


def _dev(card: ModelCard) -> set[tuple[str, str]]:
    return {(one.digest, str(one.split or "All")) for one in card.datasets.dev}


def _took(run: TrainingRun, end: End) -> str:
    started = run.status.start_time
    if started is None:
        return ""
    seconds = int((end.ended - end.ended.fromisoformat(started)).total_seconds())
    return duration(max(seconds, 0))
