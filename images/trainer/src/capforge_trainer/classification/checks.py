"""Whether a run can teach a classifier, and what to say where its data tells little."""

from __future__ import annotations

import numpy as np

from capforge_contracts.run import RunSpec
from capforge_trainer.data.selection import output_names
from capforge_trainer.errors import BadConfigurationError
from capforge_trainer.regions.material import RegionMaterial

_FEW = 5
"""Regions of a class in train below which it is hardly learnt."""


def refuse_one_output(spec: RunSpec) -> None:
    """Raise BadConfigurationError where there is nothing to choose between."""
    names = output_names(spec)
    if len(names) == 1:
        raise BadConfigurationError(
            f"outputs: {names[0]} is the only one; a classifier chooses between at least two, add another"
        )


def warnings(material: RegionMaterial) -> list[str]:
    """Return what the card should say of the data, that of the selection first."""
    names = material.selection.names
    counts = np.bincount(material.train.classes, minlength=len(names))
    few = [
        f"class {name} has {count} regions in train: it is hardly learnt from so few"
        for name, count in zip(names, counts.tolist(), strict=True)
        if count < _FEW
    ]
    return [*material.selection.warnings, *few]
