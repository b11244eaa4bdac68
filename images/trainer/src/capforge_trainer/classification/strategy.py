"""The templates `box-classifier-*`: regions in; a network out that tells the outputs of the capability apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from capforge_contracts.run import ClassificationMetrics, ModelCard, Phase
from capforge_trainer.classification.augment import MARGIN, CropAugmentation
from capforge_trainer.classification.checks import refuse_one_output, warnings
from capforge_trainer.classification.draw import BalancedDraw
from capforge_trainer.classification.findings import classification_findings
from capforge_trainer.classification.look import figures, look
from capforge_trainer.classification.metrics import classification
from capforge_trainer.classification.network import Classifier, Scored, network_of
from capforge_trainer.classification.parameters import ClassifierParameters
from capforge_trainer.data.colour import in_milder_colours
from capforge_trainer.data.selection import Rules
from capforge_trainer.evaluate.threshold import best_f1_threshold
from capforge_trainer.export.session import Session
from capforge_trainer.fit.loop import Fit
from capforge_trainer.fit.plan import Fitted
from capforge_trainer.fit.step import LossOf
from capforge_trainer.fitting import fit_plan
from capforge_trainer.models.network import Network
from capforge_trainer.regions.batches import RegionBatch, RegionBatches
from capforge_trainer.regions.material import RegionMaterial, gather
from capforge_trainer.regions.parity import answers
from capforge_trainer.regions.strategy import RegionStrategy
from capforge_trainer.report.findings import Findings
from capforge_trainer.surroundings import Artefact
from capforge_trainer.weights import warm_start

_RULES = Rules(of_regions=True)


@dataclass(frozen=True)
class Scores:
    """What the served model reaches."""

    threshold: float
    dev: ClassificationMetrics
    test: ClassificationMetrics | None
    on_dev: NDArray[np.float32]
    """The scores themselves [N,C]."""


class Classification(RegionStrategy[Classifier, Scores, ClassifierParameters]):
    """One attempt at a classifier."""

    output = "scores"

    def select(self) -> RegionMaterial:
        """Read the manifests, fetch all images."""
        refuse_one_output(self.work.spec)
        return gather(self.work, _RULES, self.parameters.crop, MARGIN)

    def fit(self, material: RegionMaterial) -> Fitted[Classifier]:
        """Train, or go on from the newest checkpoint."""
        work, parameters, names = self.work, self.parameters, material.selection.names
        torch.manual_seed(work.spec.seed)
        optimizer, schedule, seed = parameters.optimizer, parameters.schedule, work.spec.seed
        draw = BalancedDraw(material.train.classes, optimizer.batch_size, parameters.classes.balance, seed)
        augmentation = in_milder_colours(parameters.augmentation, material.colour_share)
        change = CropAugmentation(augmentation, material.settings.width, material.settings.height)
        batches = RegionBatches(material.train, draw, change, seed, schedule.loader_threads)
        network = network_of(parameters, len(names))
        self.warnings = warm_start(work, network)
        plan = fit_plan(work, optimizer, schedule, len(material.dev))
        shift = torch.from_numpy(draw.shift).float().to(work.device)
        loss_of = _loss_of(shift, parameters.classes.label_smoothing)
        looked = look(material.dev, names, work.device)
        return Fit(plan, network, loss_of, batches, looked, self.checkpoints, work.watch).run()

    def served(self, network: Classifier) -> Network:
        """With normalisation and softmax inside."""
        scored = Scored(network)
        scored.eval()
        return scored

    def judge(self, artefact: Artefact, fitted: Fitted[Classifier], material: RegionMaterial) -> Scores:
        """Evaluate the file that will be served."""
        del fitted
        session, names, test = Session(artefact.model), material.selection.names, material.test
        scores, classes = answers(session, material.dev), material.dev.classes
        self.work.phase(Phase.EVALUATING, 0.5)
        threshold = best_f1_threshold(scores.max(axis=1), scores.argmax(axis=1) == classes, len(classes))
        on_test = classification(answers(session, test), test.classes, names) if len(test) else None
        return Scores(round(threshold or 0.0, 4), classification(scores, classes, names), on_test, scores)

    def card(
        self, artefact: Artefact, fitted: Fitted[Classifier], material: RegionMaterial, scores: Scores
    ) -> ModelCard:
        """Return the model card."""
        return self.card_of(
            artefact,
            fitted,
            material,
            len(material.selection.names),
            confidence_threshold=scores.threshold,
            classification_dev=scores.dev,
            classification_test=scores.test,
            warnings=[*warnings(material), *self.warnings],
        )

    def headline(self, card: ModelCard) -> dict[str, float]:
        """Top-1 and macro F1 on dev."""
        return figures(card.classification_dev) if card.classification_dev else {}

    def findings(
        self, artefact: Artefact, fitted: Fitted[Classifier], material: RegionMaterial, scores: Scores
    ) -> Findings:
        """Precision by recall, and the surest mistakes."""
        del artefact, fitted
        return classification_findings(material, scores.on_dev, scores.threshold)


def _loss_of(shift: Tensor, label_smoothing: float) -> LossOf:
    """Return the cross entropy of logits as the draw's frequencies shift them: without, they are the data's own."""

    def loss_of(logits: Tensor, batch: RegionBatch) -> Tensor:
        return functional.cross_entropy(logits + shift, batch.classes, label_smoothing=label_smoothing)

    return loss_of
