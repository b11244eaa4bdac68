"""A look at dev while training: the network itself, judged as the exported graph will be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from capforge_contracts.run import EmbeddingMetrics
from capforge_trainer.embedding.learner import Learner
from capforge_trainer.embedding.retrieval import retrieval
from capforge_trainer.fit.look import Look
from capforge_trainer.regions.crops import Crops

_BATCH = 64


def look(dev: Crops, device: torch.device) -> Callable[[Learner, bool], Look]:
    """Return a function that evaluates a learner on dev (in bfloat16 or not)."""

    def looked(learner: Learner, bfloat16: bool) -> Look:
        vectors = []
        for crops in dev.batches(_BATCH):
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                answer = learner.embedder(torch.from_numpy(crops).to(device))
            vectors.append(answer.float().cpu().numpy())
        metrics = retrieval(np.concatenate(vectors), dev.classes)
        # All neighbours of a class count, not the nearest alone: the steadier figure of the two.
        return Look(metrics.map_at_r, figures(metrics))

    return looked


def figures(metrics: EmbeddingMetrics) -> dict[str, float]:
    """Return what people are shown of the metrics; nothing where there is no data."""
    shown = {"recall_at_1": metrics.recall_at_1, "map_at_r": metrics.map_at_r}
    return {name: value for name, value in shown.items() if value is not None}
