"""The templates `box-embedder-*`: regions in; a network out whose vectors are near where regions are of one class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from capforge_contracts.run import EmbeddingMetrics, ModelCard, Phase
from capforge_trainer.data.colour import in_milder_colours
from capforge_trainer.data.selection import Rules
from capforge_trainer.embedding.augment import CropAugmentation
from capforge_trainer.embedding.checks import checked, warnings
from capforge_trainer.embedding.draw import ClassDraw
from capforge_trainer.embedding.findings import embedding_findings
from capforge_trainer.embedding.learner import Learner
from capforge_trainer.embedding.look import figures, look
from capforge_trainer.embedding.loss import MetricLoss
from capforge_trainer.embedding.network import Embedder
from capforge_trainer.embedding.parameters import ResnetEmbedderParameters, SmallEmbedderParameters
from capforge_trainer.embedding.retrieval import retrieval
from capforge_trainer.export.session import Session
from capforge_trainer.fit.loop import Fit
from capforge_trainer.fit.plan import Fitted
from capforge_trainer.fitting import fit_plan
from capforge_trainer.models.bodies import SmallBody, TorchvisionBody
from capforge_trainer.models.network import Network
from capforge_trainer.regions.batches import RegionBatches
from capforge_trainer.regions.material import RegionMaterial, gather
from capforge_trainer.regions.parity import answers
from capforge_trainer.regions.strategy import RegionStrategy
from capforge_trainer.report.findings import Findings
from capforge_trainer.surroundings import Artefact
from capforge_trainer.weights import warm_start

_RULES = Rules(of_regions=True, open_set=True)
_BATCH = 32
"""Crops that are judged at a time."""

AnyParameters = SmallEmbedderParameters | ResnetEmbedderParameters


@dataclass(frozen=True)
class Scores:
    """What the served model reaches."""

    dev: EmbeddingMetrics
    test: EmbeddingMetrics | None
    vectors: NDArray[np.float32]
    """Of dev [N,D]."""


class Embedding(RegionStrategy[Learner, Scores, AnyParameters]):
    """One attempt at an embedder."""

    output = "embeddings"

    def select(self) -> RegionMaterial:
        """Read the manifests, fetch all images."""
        return checked(gather(self.work, _RULES, self.parameters.crop))

    def fit(self, material: RegionMaterial) -> Fitted[Learner]:
        """Train, or go on from the newest checkpoint."""
        work, parameters = self.work, self.parameters
        torch.manual_seed(work.spec.seed)
        optimizer, schedule = parameters.optimizer, parameters.schedule
        draw = ClassDraw(
            material.train.classes, optimizer.batch_size, parameters.metric.regions_per_class, work.spec.seed
        )
        batches = RegionBatches(
            material.train,
            draw,
            CropAugmentation(in_milder_colours(parameters.augmentation, material.colour_share)),
            work.spec.seed,
            schedule.loader_threads,
        )
        learner = Learner(_embedder(parameters), len(work.spec.outputs))
        self.warnings = warm_start(work, learner.embedder)
        plan = fit_plan(work, optimizer, schedule, len(material.dev))
        looked = look(material.dev, work.device)
        return Fit(plan, learner, MetricLoss(parameters.metric), batches, looked, self.checkpoints, work.watch).run()

    def kept(self, network: Learner) -> Network:
        """Without the directions."""
        return network.embedder

    def served(self, network: Learner) -> Network:
        """With normalisation and length inside."""
        return network.embedder

    def judge(self, artefact: Artefact, fitted: Fitted[Learner], material: RegionMaterial) -> Scores:
        """Evaluate the file that will be served."""
        del fitted
        session, test = Session(artefact.model), material.test
        vectors = answers(session, material.dev, _BATCH)
        self.work.phase(Phase.EVALUATING, 0.5)
        on_test = retrieval(answers(session, test, _BATCH), test.classes) if len(test) else None
        return Scores(retrieval(vectors, material.dev.classes), on_test, vectors)

    def card(self, artefact: Artefact, fitted: Fitted[Learner], material: RegionMaterial, scores: Scores) -> ModelCard:
        """Return the model card."""
        size = self.parameters.model.embedding_size
        return self.card_of(
            artefact,
            fitted,
            material,
            size,
            embedding_size=size,
            confidence_threshold=0.0,
            embedding_dev=scores.dev,
            embedding_test=scores.test,
            warnings=[*warnings(material), *self.warnings],
        )

    def headline(self, card: ModelCard) -> dict[str, float]:
        """Recall at 1 and mAP@R on dev."""
        return figures(card.embedding_dev) if card.embedding_dev else {}

    def findings(
        self, artefact: Artefact, fitted: Fitted[Learner], material: RegionMaterial, scores: Scores
    ) -> Findings:
        """Regions that another class is nearer to than their own."""
        del artefact, fitted
        return embedding_findings(material, scores.vectors)


def _embedder(parameters: AnyParameters) -> Embedder:
    match parameters:
        case SmallEmbedderParameters(model=model):
            body: SmallBody | TorchvisionBody = SmallBody(model.width)
        case ResnetEmbedderParameters(model=model):
            body = TorchvisionBody(model.backbone)
    return Embedder(body, body.channels, parameters.model.embedding_size)
