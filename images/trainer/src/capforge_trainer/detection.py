"""The templates of detectors: images in; a network out that finds the capability's outputs."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from capforge_contracts.run import DetectionMetrics, ModelCard, Phase
from capforge_trainer.config import DetectorParameters
from capforge_trainer.data.augment import Augmentation
from capforge_trainer.data.batches import Batches
from capforge_trainer.data.blobs import Blobs
from capforge_trainer.data.canvases import Canvases
from capforge_trainer.data.input_size import Size, input_size, most_answers, window_size
from capforge_trainer.data.looks import looks_of
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.data.rarity import shares_of
from capforge_trainer.data.selection import Selection, select
from capforge_trainer.data.suited import suited
from capforge_trainer.evaluate.coco import Evaluation, Found, evaluate
from capforge_trainer.evaluate.during import look
from capforge_trainer.export.artefact import MAX_BATCH_SIZE, export, input_tensors, limits_of, output_tensors
from capforge_trainer.export.session import Session
from capforge_trainer.export.suppression import Limits
from capforge_trainer.fit.loop import Fit
from capforge_trainer.fit.plan import Fitted
from capforge_trainer.fitting import fit_plan
from capforge_trainer.models.dense import DenseDetector, Shape
from capforge_trainer.models.detectors import detector_of
from capforge_trainer.models.loss import loss_of
from capforge_trainer.network_strategy import NetworkStrategy
from capforge_trainer.published import published_start
from capforge_trainer.report.detections import detection_findings
from capforge_trainer.report.findings import Findings
from capforge_trainer.surroundings import Artefact
from capforge_trainer.weights import warm_start

_DEFAULT_THRESHOLD = 0.5
"""Where dev says nothing (no object, or nothing found)."""


@dataclass(frozen=True)
class Material:
    """The images of a run as training and evaluation see them."""

    selection: Selection
    pictures: Pictures
    dev: Canvases
    test: Canvases
    shape: Shape
    window: Size
    """What training shows at once, width and height: the whole input, or less."""
    most_answers: int
    """Of an image."""


@dataclass(frozen=True)
class Scores:
    """What the served model reaches."""

    threshold: float
    dev: DetectionMetrics
    test: DetectionMetrics | None
    on_dev: Evaluation
    found: list[Found]
    """On dev."""


class Detection(NetworkStrategy[Material, DenseDetector, Scores, DetectorParameters]):
    """One attempt at a detector."""

    def select(self) -> Material:
        """Read the manifests, fetch all images."""
        selection = select(self.work.attempt.store, self.work.spec)
        blobs = Blobs(self.work.attempt.store, self.work.spec.namespace, self.work.around.cache)
        items = [*selection.train, *selection.dev, *selection.test]
        blobs.fetch_all(items, lambda count: self.work.phase(Phase.PREPARING, count / len(items)))
        model = self.parameters.model
        width, height = input_size(model, selection.train)
        windows = self.parameters.augmentation.windows == "Auto"
        zoom = self.parameters.augmentation.scale_max
        pictures = Pictures(blobs.read, (round(width * zoom), round(height * zoom)))
        return Material(
            selection,
            pictures,
            Canvases(selection.dev, pictures, width, height),
            Canvases(selection.test, pictures, width, height),
            Shape(height, width, len(selection.names)),
            window_size(model, selection.train) if windows else (width, height),
            most_answers(model, selection.train),
        )

    def fit(self, material: Material) -> Fitted[DenseDetector]:
        """Train, or go on from the newest checkpoint."""
        work, parameters, shape = self.work, self.parameters, material.shape
        torch.manual_seed(work.spec.seed)
        train, window = material.selection.train, material.window
        shown = window[0] * window[1] / (shape.width * shape.height)
        augmentation = suited(parameters.augmentation, train, lambda: looks_of(train, material.pictures.get), shown)
        batches = Batches(
            train,
            material.pictures,
            Augmentation(augmentation.parameters, shape.width, shape.height, window),
            parameters.optimizer.batch_size,
            work.spec.seed,
            parameters.schedule.loader_threads,
            shares_of(train),
        )
        plan = fit_plan(
            work,
            parameters.optimizer,
            parameters.schedule,
            dev_images=round(len(material.dev) / shown),
            plain_share=parameters.augmentation.plain_share,
        )
        network = detector_of(parameters, shape)
        given = work.spec.initial_weights is not None
        self.warnings = warm_start(work, network) if given else published_start(parameters, network)
        self.warnings += augmentation.left_out
        nms_iou = parameters.model.nms_iou
        looked = look(material.dev, material.selection.names, nms_iou, material.most_answers, work.device)
        return Fit(plan, network, loss_of(network), batches, looked, self.checkpoints, work.watch).run()

    def export(self, fitted: Fitted[DenseDetector], material: Material) -> Artefact:
        """Export with the post-processing inside."""
        exporter = self.work.around.exporter or export
        return exporter(fitted.network, self._limits(fitted, material), material.dev)

    def judge(self, artefact: Artefact, fitted: Fitted[DenseDetector], material: Material) -> Scores:
        """Evaluate the file that will be served."""
        del fitted
        session, names, test = Session(artefact.model), material.selection.names, material.test
        found = self._found(session, material.dev, 0.0)
        on_dev = evaluate(material.dev.items, found, names)
        threshold = on_dev.best_f1_threshold()
        chosen = _DEFAULT_THRESHOLD if threshold is None else round(threshold, 4)
        on_test = evaluate(test.items, self._found(session, test, 0.5), names) if len(test) else None
        test_metrics = on_test.metrics(chosen) if on_test else None
        return Scores(chosen, on_dev.metrics(chosen), test_metrics, on_dev, found)

    def card(self, artefact: Artefact, fitted: Fitted[DenseDetector], material: Material, scores: Scores) -> ModelCard:
        """Return the model card."""
        selection, shape = material.selection, material.shape
        return self.fitted_card(
            artefact,
            fitted,
            selection,
            inputs=input_tensors(fitted.network),
            model_outputs=output_tensors(self._limits(fitted, material)),
            max_batch_size=MAX_BATCH_SIZE,
            input_width=shape.width,
            input_height=shape.height,
            confidence_threshold=scores.threshold,
            dev=scores.dev,
            test=scores.test,
            warnings=[*selection.warnings, *self.warnings],
        )

    def headline(self, card: ModelCard) -> dict[str, float]:
        """Mean average precision on dev."""
        shown = {"map50": card.dev.map50, "map50_95": card.dev.map50_95} if card.dev else {}
        return {name: value for name, value in shown.items() if value is not None}

    def findings(
        self, artefact: Artefact, fitted: Fitted[DenseDetector], material: Material, scores: Scores
    ) -> Findings:
        """Confusion, precision by recall, the worst images."""
        del artefact, fitted
        selection = material.selection
        roles = (("train", selection.train), ("dev", selection.dev), ("test", selection.test))
        pixels = material.pictures.full
        dev, found = material.dev.items, scores.found
        return detection_findings(selection.names, roles, dev, found, scores.on_dev, scores.threshold, pixels)

    def _limits(self, fitted: Fitted[DenseDetector], material: Material) -> Limits:
        return limits_of(fitted.network, self.parameters.model.nms_iou, material.most_answers)

    def _found(self, session: Session, canvases: Canvases, start: float) -> list[Found]:
        """Return the detections on all images, telling the progress from share `start` on."""
        found = []
        for one in session.found(canvases):
            found.append(one)
            self.work.phase(Phase.EVALUATING, start + 0.5 * len(found) / len(canvases))
        return found
