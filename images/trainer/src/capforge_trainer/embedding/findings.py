"""What the report shows of an embedder: the data, and regions that another class is nearer to than their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.embedding.neighbours import Neighbours, neighbours
from capforge_trainer.regions.crops import Crops
from capforge_trainer.regions.material import RegionMaterial
from capforge_trainer.report.data import data_of
from capforge_trainer.report.findings import Findings, Mistake, Picture
from capforge_trainer.report.pictures import MOST_MISTAKES


def embedding_findings(material: RegionMaterial, vectors: NDArray[np.float32]) -> Findings:
    """Return the findings; `vectors` [N,D] are those of dev by the served model."""
    selection = material.selection
    near = neighbours(vectors, material.dev.classes)
    wrong = near.mistaken()[:MOST_MISTAKES].tolist()
    return Findings(
        data=data_of(selection),
        mistakes=tuple(_mistake(selection.names, material.dev, near, index) for index in wrong),
    )


def _mistake(names: list[str], dev: Crops, near: Neighbours, index: int) -> Mistake:
    other, own = int(near.other[index]), int(near.own[index])
    shown, taken = names[dev.classes[index]], names[dev.classes[other]]
    return Mistake(
        dev.examples[index].item.name,
        f"{shown}, nearer to {taken} ({near.other_cosines[index]:.2f}) than to its own ({near.own_cosines[index]:.2f})",
        (
            _picture(dev, index, f"the region, {shown}"),
            _picture(dev, other, f"the nearest, {taken}"),
            _picture(dev, own, f"the nearest {shown}"),
        ),
    )


def _picture(crops: Crops, index: int, caption: str) -> Picture:
    return Picture(lambda: crops[index], caption=caption)
