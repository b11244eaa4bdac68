"""The board that Prometheus reads: one set of series for each object that there is something to tell about, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from capforge_operator.figures import AnnotationFigures, DatasetFigures, LedgerFigures, RunFigures, UntoldFigures
from capforge_operator.keys import Key

_RUN = ("namespace", "capability", "run")
_CAPABILITY = ("namespace", "capability")
_DATASET = ("namespace", "dataset")
_DECISION = (*_CAPABILITY, "kind")
_DECISIONS = ("VersionPublished", "ChallengerHeld", "RunFailed", "AutomaticTraining", "Notified")
"""Kinds of ledger entries; each has its series from the start, so that a rate does not miss the first one."""
_AT_WORK = frozenset({"Training", "Exporting", "Evaluating"})
"""Reasons of a run from which progress can be expected."""


@dataclass(frozen=True)
class _Run:
    figures: RunFigures
    changed: datetime
    """When something of it was seen to change last."""

    def labels(self, key: Key) -> tuple[str, str, str]:
        return (key.namespace, self.figures.capability, key.name)


class Levels(Collector):
    """Implements the port Board. Told and read on one event loop, so it needs no lock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Take the clock, in UTC."""
        self._now = now
        self._runs: dict[Key, _Run] = {}
        self._ledgers: dict[tuple[str, str], LedgerFigures] = {}
        self._counts: dict[tuple[tuple[str, int], ...], Mapping[str, int]] = {}
        self._datasets: dict[Key, DatasetFigures] = {}
        self._annotations: dict[Key, AnnotationFigures] = {}
        self._untold: dict[Key, UntoldFigures] = {}

    def run(self, key: Key, figures: RunFigures | None) -> None:
        """Show a training run that has not ended."""
        if figures is None:
            self._runs.pop(key, None)
            return
        before = self._runs.get(key)
        if before is None or before.figures != figures:
            self._runs[key] = _Run(figures, self._now())

    def ledger(self, namespace: str, capability: str, figures: LedgerFigures | None) -> None:
        """Show how far a capability's serving is behind its ledger."""
        if figures is None:
            self._ledgers.pop((namespace, capability), None)
        else:
            # Thousands of ledgers have the same few counts.
            entries = self._counts.setdefault(tuple(sorted(figures.entries.items())), figures.entries)
            self._ledgers[namespace, capability] = replace(figures, entries=entries)

    def dataset(self, key: Key, figures: DatasetFigures | None) -> None:
        """Show a dataset: why it is not ready, or how much is in it."""
        if figures is None:
            self._datasets.pop(key, None)
        else:
            self._datasets[key] = figures

    def annotations(self, key: Key, figures: AnnotationFigures | None) -> None:
        """Show how far a field extractor's annotation is."""
        if figures is None:
            self._annotations.pop(key, None)
        else:
            self._annotations[key] = figures

    def untold(self, key: Key, figures: UntoldFigures | None) -> None:
        """Show a run whose end people are still to be told of."""
        if figures is None:
            self._untold.pop(key, None)
        else:
            self._untold[key] = figures

    def collect(self) -> Iterator[Metric]:
        """Yield the families (the port of the Prometheus client)."""
        yield from self._of_runs()
        yield from self._of_progress()
        yield from self._of_ledgers()
        yield from self._of_datasets()
        yield from self._of_annotations()
        yield from self._of_notifications()

    def _of_runs(self) -> Iterator[Metric]:
        active = GaugeMetricFamily(
            "capforge_training_run_active", "1: a run that has not ended, and its reason.", labels=(*_RUN, "reason")
        )
        attempts = GaugeMetricFamily("capforge_training_run_attempts", "Attempts that pods have begun.", labels=_RUN)
        changed = GaugeMetricFamily(
            "capforge_training_run_last_progress_timestamp_seconds",
            "When a run that is at work was last seen to come on.",
            labels=_RUN,
        )
        for key, run in self._runs.items():
            active.add_metric((*run.labels(key), run.figures.reason), 1)
            attempts.add_metric(run.labels(key), run.figures.attempts)
            if run.figures.reason in _AT_WORK:
                changed.add_metric(run.labels(key), run.changed.timestamp())
        yield from (active, attempts, changed)

    def _of_progress(self) -> Iterator[Metric]:
        ratio = GaugeMetricFamily("capforge_training_run_progress_ratio", "Share of the run that is done.", labels=_RUN)
        epoch = GaugeMetricFamily("capforge_training_run_epoch", "Epoch that is trained.", labels=_RUN)
        epochs = GaugeMetricFamily("capforge_training_run_epochs", "Epochs that are planned.", labels=_RUN)
        left = GaugeMetricFamily("capforge_training_run_remaining_seconds", "The trainer's own estimate.", labels=_RUN)
        for key, run in self._runs.items():
            progress, labels = run.figures.progress, run.labels(key)
            if progress is None:
                continue
            ratio.add_metric(labels, progress.percent / 100)
            epoch.add_metric(labels, progress.epoch)
            epochs.add_metric(labels, progress.epochs)
            if progress.remaining_seconds is not None:
                left.add_metric(labels, progress.remaining_seconds)
        yield from (ratio, epoch, epochs, left)

    def _of_ledgers(self) -> Iterator[Metric]:
        ledgers, now = list(self._ledgers.items()), self._now()
        yield _streamed(
            GaugeMetricFamily(
                "capforge_ledger_waiting_versions",
                "Published versions newer than the one that answers.",
                labels=_CAPABILITY,
            ),
            ((name, one.waiting) for name, one in ledgers),
        )
        yield _streamed(
            GaugeMetricFamily(
                "capforge_ledger_lag_seconds", "Age of the oldest version that waits; 0: none.", labels=_CAPABILITY
            ),
            ((name, max(0.0, (now - one.oldest).total_seconds()) if one.oldest else 0.0) for name, one in ledgers),
        )
        yield _streamed(
            GaugeMetricFamily(
                "capforge_training_failures_since_version", "Runs failed since the newest version.", labels=_CAPABILITY
            ),
            ((name, one.failed_runs) for name, one in ledgers),
        )
        yield _streamed(
            CounterMetricFamily("capforge_ledger_entries", "Decisions in the ledger, by their kind.", labels=_DECISION),
            (((*name, kind), one.entries.get(kind, 0)) for name, one in ledgers for kind in _DECISIONS),
        )

    def _of_datasets(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "capforge_dataset_not_ready", "1: a dataset without a snapshot, and why.", labels=(*_DATASET, "reason")
        )
        faults = GaugeMetricFamily(
            "capforge_dataset_faulty_records", "Records that a snapshot refused.", labels=_DATASET
        )
        items = GaugeMetricFamily(
            "capforge_dataset_items", "Images or documents in a dataset that is locked.", labels=_DATASET
        )
        for key, one in self._datasets.items():
            name = (key.namespace, key.name)
            if one.items is not None:
                items.add_metric(name, one.items)
                continue
            waiting.add_metric((*name, one.reason), 1)
            faults.add_metric(name, one.faults)
        yield from (waiting, faults, items)

    def _of_annotations(self) -> Iterator[Metric]:
        documents = GaugeMetricFamily(
            "capforge_annotated_documents", "Documents with a current annotation.", labels=_CAPABILITY
        )
        following = GaugeMetricFamily(
            "capforge_next_run_documents", "Annotated documents at which the next run is made.", labels=_CAPABILITY
        )
        training = GaugeMetricFamily(
            "capforge_automatic_training",
            "1: a field extractor, and what its next run waits for.",
            labels=(*_CAPABILITY, "reason"),
        )
        held = GaugeMetricFamily(
            "capforge_challenger_held", "1: the newest model was kept back by the gate.", labels=_CAPABILITY
        )
        for key, one in self._annotations.items():
            name = (key.namespace, key.name)
            documents.add_metric(name, one.documents)
            following.add_metric(name, one.next_run)
            training.add_metric((*name, one.reason), 1)
            held.add_metric(name, int(one.held))
        yield from (documents, following, training, held)

    def _of_notifications(self) -> Iterator[Metric]:
        untold = GaugeMetricFamily(
            "capforge_notification_pending",
            "1: a run that ended, and somebody who wants to know could not be told yet.",
            labels=_RUN,
        )
        for key, one in self._untold.items():
            untold.add_metric((key.namespace, one.capability, key.name), 1)
        yield untold


def _streamed(family: GaugeMetricFamily | CounterMetricFamily, rows: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    """Give a family samples that are made when they are asked for, once: there are tens of thousands."""
    name = f"{family.name}_total" if isinstance(family, CounterMetricFamily) else family.name
    # A row without a kind is one of the capability.
    samples = (Sample(name, dict(zip(_DECISION, labels, strict=False)), value) for labels, value in rows)
    family.samples = cast("list[Sample]", samples)
    return family
