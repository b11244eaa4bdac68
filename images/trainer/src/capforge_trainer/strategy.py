"""How one kind of model is made: the stages that every template fills in, and the order they come in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
import torch

from capforge_contracts import layout
from capforge_contracts.run import ModelCard, Phase, RunSpec
from capforge_trainer.attempt import Attempt
from capforge_trainer.fit.processes import Processes
from capforge_trainer.fit.watch import Watch
from capforge_trainer.report.findings import Findings
from capforge_trainer.report.publish import published
from capforge_trainer.surroundings import Artefact, Surroundings

_LOG = structlog.get_logger(__name__)

Material = TypeVar("Material")
Fitted = TypeVar("Fitted")
Scores = TypeVar("Scores")


@dataclass(frozen=True)
class Work:
    """One attempt at a run."""

    spec: RunSpec
    around: Surroundings
    attempt: Attempt
    watch: Watch
    device: torch.device
    processes: Processes

    def phase(self, phase: Phase, share: float) -> None:
        """Tell the share (0-1) of a phase that is done; raises StoppedError if somebody asked to stop."""
        self.around.stopping.check(phase.lower())
        self.watch.update(phase, share, remaining_seconds=None)


class Strategy(ABC, Generic[Material, Fitted, Scores]):
    """The stages of one attempt; `make` is their order. Each may raise TrainerError and StoreError.

    - Nothing is published before the graph is proven, and the card comes last: an attempt with a card has succeeded.
    - What is judged is the file that will be served.
    - The report is for people: one that cannot be made is a warning of the card.
    """

    several_processes = False
    """Whether the processes that torchrun started train together; otherwise the leader works alone."""

    def __init__(self, work: Work) -> None:
        """Make this attempt."""
        self.work = work

    @abstractmethod
    def select(self) -> Material:
        """Read the data and check all of it, before anything that takes long."""

    @abstractmethod
    def fit(self, material: Material) -> Fitted:
        """Train."""

    @abstractmethod
    def export(self, fitted: Fitted, material: Material) -> Artefact:
        """Return the ONNX graph and its golden request; raises ParityError where the graph answers differently."""

    @abstractmethod
    def judge(self, artefact: Artefact, fitted: Fitted, material: Material) -> Scores:
        """Evaluate the artefact: dev chooses thresholds, test is read once."""

    @abstractmethod
    def card(self, artefact: Artefact, fitted: Fitted, material: Material, scores: Scores) -> ModelCard:
        """Return the model card."""

    @abstractmethod
    def headline(self, card: ModelCard) -> dict[str, float]:
        """Return the figures that stand for the model in its progress."""

    def findings(self, artefact: Artefact, fitted: Fitted, material: Material, scores: Scores) -> Findings:
        """Return what the report shows beside the card and the rows of metrics; may raise anything."""
        del artefact, fitted, material, scores
        return Findings()

    def weights(self, fitted: Fitted) -> bytes | None:
        """Return the file that a later run may start from (layout.WEIGHTS); None where there is none."""
        del fitted
        return None

    def tidy(self) -> None:
        """Delete what a finished run no longer needs."""

    def make(self) -> None:
        """Do everything; the card comes last."""
        if not (self.work.processes.leads or self.several_processes):
            return
        self.work.watch.update(Phase.PREPARING, 0.0)
        material = self.select()
        fitted = self.fit(material)
        if not self.work.processes.leads:
            return
        self.work.phase(Phase.EXPORTING, 0.0)
        artefact = self.export(fitted, material)
        self.work.phase(Phase.EVALUATING, 0.0)
        scores = self.judge(artefact, fitted, material)
        card = self.card(artefact, fitted, material, scores)
        warnings = published(self.work, card, lambda: self.findings(artefact, fitted, material, scores))
        card = card.model_copy(update={"warnings": [*card.warnings, *warnings]})
        self._publish(artefact, self.weights(fitted), card)
        self.tidy()

    def _publish(self, artefact: Artefact, weights: bytes | None, card: ModelCard) -> None:
        attempt, watch = self.work.attempt, self.work.watch
        self.work.phase(Phase.EVALUATING, 1.0)
        attempt.put(layout.MODEL, artefact.model)
        attempt.put(layout.GOLDEN, artefact.golden)
        if weights is not None:
            attempt.put(layout.WEIGHTS, weights)
        watch.flush()
        watch.drain()
        attempt.put(layout.CARD, card.to_json())
        known = self.headline(card)
        watch.update(Phase.DONE, 1.0, remaining_seconds=0, metrics={**watch.progress.metrics, **known})
        _LOG.info("run finished", threshold=card.confidence_threshold, **known)
