"""What the report shows of a classifier: the data, precision by recall, and its surest mistakes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.regions.crops import Crops
from capforge_trainer.regions.material import RegionMaterial
from capforge_trainer.report.data import data_of
from capforge_trainer.report.findings import Findings, Mistake, Picture
from capforge_trainer.report.pictures import MOST_MISTAKES
from capforge_trainer.report.trades import trade

Scores = NDArray[np.float32]


def classification_findings(material: RegionMaterial, scores: Scores, threshold: float) -> Findings:
    """Return the findings; `scores` [N,C] are those of dev by the served model. The card holds the confusion."""
    selection, dev = material.selection, material.dev
    curves = [
        trade(name, scores[:, position], dev.classes == position, int((dev.classes == position).sum()), threshold)
        for position, name in enumerate(selection.names)
    ]
    return Findings(
        data=data_of(selection),
        trades=tuple(sorted((one for one in curves if one), key=lambda one: one.average_precision)),
        mistakes=tuple(_mistake(selection.names, dev, scores, index) for index in _worst(scores, dev.classes)),
    )


def _worst(scores: Scores, classes: NDArray[np.int64]) -> list[int]:
    """Return the wrong regions, those first whose wrong class is furthest before the right one."""
    gap = scores.max(axis=1) - scores[np.arange(len(classes)), classes]
    order = np.argsort(-gap, kind="stable")
    worst: list[int] = order[gap[order] > 0][:MOST_MISTAKES].tolist()
    return worst


def _mistake(names: list[str], dev: Crops, scores: Scores, index: int) -> Mistake:
    true, said = int(dev.classes[index]), int(scores[index].argmax())
    what = f"{names[true]} ({scores[index, true]:.2f}) taken for {names[said]} ({scores[index, said]:.2f})"
    return Mistake(dev.examples[index].item.name, what, (Picture(lambda: dev[index], caption="the region"),))
