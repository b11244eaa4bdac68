"""A look at dev while training: the network itself, judged as the exported graph will be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from capforge_contracts.run import ClassificationMetrics
from capforge_trainer.classification.metrics import classification
from capforge_trainer.classification.network import Classifier
from capforge_trainer.fit.look import Look
from capforge_trainer.regions.crops import Crops

_BATCH = 64
_TIE = 1e-3
"""Weight of how sure the network is of the truth: decides between looks that make the same mistakes."""
_LEAST = 1e-6


def look(dev: Crops, names: list[str], device: torch.device) -> Callable[[Classifier, bool], Look]:
    """Return a function that evaluates a network on dev (in bfloat16 or not)."""

    def looked(network: Classifier, bfloat16: bool) -> Look:
        scores = []
        for crops in dev.batches(_BATCH):
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                logits = network(torch.from_numpy(crops).to(device))
            scores.append(logits.softmax(dim=1).cpu().numpy())
        found = np.concatenate(scores)
        metrics = classification(found, dev.classes, names)
        if metrics.top1 is None or metrics.macro_f1 is None:
            return Look(None)
        truth = found[np.arange(len(found)), dev.classes]
        sure = float(np.log(np.maximum(truth, _LEAST)).mean())
        # The share of all regions and the mean over classes: neither the common nor the rare ones are given up.
        return Look((metrics.top1 + metrics.macro_f1) / 2 + _TIE * sure, figures(metrics))

    return looked


def figures(metrics: ClassificationMetrics) -> dict[str, float]:
    """Return what people are shown of the metrics; nothing where there is no data."""
    shown = {"top1": metrics.top1, "macro_f1": metrics.macro_f1}
    return {name: value for name, value in shown.items() if value is not None}
