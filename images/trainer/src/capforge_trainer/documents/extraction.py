"""The template `candidate-scorer`: annotated documents in; a field extractor of the run's data model out.

Training lasts under a minute for the first documents and minutes for hundreds: it writes no checkpoints, an attempt
that was broken off begins again from the same seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from capforge_contracts.reading import PICTURE_LONG_SIDE
from capforge_contracts.run import Comparison, DocumentMetrics, ModelCard, Phase
from capforge_trainer.card import model_card
from capforge_trainer.documents.artefact import MAX_BATCH_SIZE, export, tensors_of
from capforge_trainer.documents.champion import NotComparableError, compare, load_champion
from capforge_trainer.documents.findings import document_findings
from capforge_trainer.documents.judging import Answer, answers_of
from capforge_trainer.documents.metrics import document_metrics
from capforge_trainer.documents.progress import Told
from capforge_trainer.documents.selection import AnnotatedDocument, DocumentSelection, select
from capforge_trainer.documents.served import ServedScorer
from capforge_trainer.report.findings import Findings
from capforge_trainer.scorer.fit import FittedScorer, fit
from capforge_trainer.scorer.graph import OPSET
from capforge_trainer.scorer.parameters import ScorerParameters
from capforge_trainer.strategy import Strategy, Work
from capforge_trainer.surroundings import Artefact

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class DocumentScores:
    """What the served model reaches."""

    dev: DocumentMetrics | None
    """None: there are too few documents to leave some out."""
    test: DocumentMetrics | None
    comparison: Comparison | None
    answers: Sequence[Answer]
    """Those that `dev` is made of."""
    warnings: list[str] = field(default_factory=list)


class Extraction(Strategy[DocumentSelection, FittedScorer, DocumentScores]):
    """One attempt at a field extractor."""

    def __init__(self, work: Work, parameters: ScorerParameters) -> None:
        """Make this attempt with these parameters."""
        super().__init__(work)
        self._parameters = parameters
        self._told = Told(work.watch, work.around.clock)

    def select(self) -> DocumentSelection:
        """Read manifests and readings."""
        return select(self.work.attempt.store, self.work.spec, lambda share: self.work.phase(Phase.PREPARING, share))

    def fit(self, material: DocumentSelection) -> FittedScorer:
        """Train, calibrate, choose thresholds."""
        work = self.work
        self.work.phase(Phase.TRAINING, 0.0)
        return fit(
            [one.example for one in (*material.train, *material.dev)],
            material.fields,
            self._parameters,
            work.spec.seed,
            self._told,
            work.around.stopping.asked,
            work.spec.time_budget_seconds,
            work.around.clock,
        )

    def export(self, fitted: FittedScorer, material: DocumentSelection) -> Artefact:
        """Export; prove on dev, or on train too where dev is small."""
        exporter = self.work.around.exporter or export
        return exporter(fitted, [*material.dev, *material.train])

    def judge(self, artefact: Artefact, fitted: FittedScorer, material: DocumentSelection) -> DocumentScores:
        """Evaluate the file that will be served; beside it the champion on the same documents."""
        model = ServedScorer(artefact.model, material.fields)
        on_dev = self._answers(model, material.dev, 0.0)
        comparison, warnings = self._compared(on_dev, fitted, material)
        on_test = self._answers(model, material.test, 0.5)
        test = self._metrics(on_test, fitted, len(material.test)) if material.test else None
        if not fitted.left_out:
            dev = self._metrics(on_dev, fitted, len(material.dev)) if material.dev else None
            return DocumentScores(dev, test, comparison, on_dev, warnings)
        # Dev is small: the fit left parts of train out in turn, and took the thresholds from these.
        answers = _left_out(fitted, material)
        dev = self._metrics(answers, fitted, len(fitted.left_out), cross_validated=True)
        return DocumentScores(dev, test, comparison, answers, warnings)

    def card(
        self, artefact: Artefact, fitted: FittedScorer, material: DocumentSelection, scores: DocumentScores
    ) -> ModelCard:
        """Return the model card."""
        inputs, outputs = tensors_of(artefact.model)
        passes = self._passes(len(material.train))
        return model_card(
            self.work,
            self._parameters,
            artefact,
            fields=material.fields,
            ignored_classes=material.ignored,
            opset=OPSET,
            inputs=inputs,
            model_outputs=outputs,
            max_batch_size=MAX_BATCH_SIZE,
            input_width=PICTURE_LONG_SIDE,
            input_height=PICTURE_LONG_SIDE,
            confidence_threshold=0.0,  # each field has its own
            field_thresholds={name: round(value, 4) for name, value in fitted.thresholds.items()},
            document_dev=scores.dev,
            document_test=scores.test,
            comparison=scores.comparison,
            epochs=passes,
            best_epoch=passes,
            train_seconds=round(fitted.seconds, 1),
            warnings=[*material.warnings, *scores.warnings],
        )

    def findings(
        self, artefact: Artefact, fitted: FittedScorer, material: DocumentSelection, scores: DocumentScores
    ) -> Findings:
        """Outcomes by field, precision by recall, the worst documents."""
        del artefact
        roles = (("train", material.train), ("dev", material.dev), ("test", material.test))
        return document_findings(material.fields, roles, scores.answers, fitted.thresholds)

    def headline(self, card: ModelCard) -> dict[str, float]:
        """Share of decisions that are right, and how far confidences are off."""
        dev = card.document_dev
        shown = {"accuracy": dev.accuracy, "calibration_error": dev.calibration_error} if dev else {}
        return {name: value for name, value in shown.items() if value is not None}

    def _metrics(
        self, answers: Sequence[Answer], fitted: FittedScorer, documents: int, *, cross_validated: bool = False
    ) -> DocumentMetrics:
        return document_metrics(
            answers, fitted.fields, fitted.thresholds, documents=documents, cross_validated=cross_validated
        )

    def _compared(
        self, on_dev: Sequence[Answer], fitted: FittedScorer, material: DocumentSelection
    ) -> tuple[Comparison | None, list[str]]:
        spec = self.work.spec
        if spec.champion is None:
            return None, []
        try:
            champion = load_champion(self.work.attempt.store, spec.namespace, spec.champion)
            return compare(champion, on_dev, fitted.thresholds, material.dev, material.fields), []
        except NotComparableError as error:
            _LOG.warning("not compared with the champion", error=str(error))
            return None, [f"not compared with the champion: {error}"]

    def _answers(self, model: ServedScorer, documents: Sequence[AnnotatedDocument], start: float) -> list[Answer]:
        """Return the answers to all documents, telling the progress from share `start` on."""
        found: list[Answer] = []
        for count, document in enumerate(documents, start=1):
            found += answers_of(document, model.predictions(document.example.reading), model.fields)
            self.work.phase(Phase.EVALUATING, start + 0.5 * count / len(documents))
        return found

    def _passes(self, documents: int) -> int:
        """Return how often the last network has seen each document: schedule or time budget ended its training."""
        per_epoch = math.ceil(documents / self._parameters.batch_size)
        return max(1, round(self._told.part_steps / per_epoch))


def _left_out(fitted: FittedScorer, material: DocumentSelection) -> list[Answer]:
    """Return the answers to train documents by networks that had not seen them."""
    by_reading = {id(one.example): one for one in material.train}
    return [
        answer
        for one in fitted.left_out
        for answer in answers_of(by_reading[id(one.example)], one.predictions, material.fields)
    ]
