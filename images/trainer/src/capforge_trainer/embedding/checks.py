"""Whether the regions of a run can teach vectors, and what to say where they teach or tell little."""

from __future__ import annotations

import numpy as np

from capforge_trainer.errors import BadDataError
from capforge_trainer.regions.crops import Crops
from capforge_trainer.regions.material import RegionMaterial


def checked(material: RegionMaterial) -> RegionMaterial:
    """Return material that has something to tell apart; raises BadDataError."""
    taught = np.unique(material.train.classes)
    if len(taught) < 2:  # noqa: PLR2004 - a pair
        only = ", ".join(material.selection.names[position] for position in taught)
        raise BadDataError(
            f"datasets.train: its {len(material.train)} regions are all of class {only}; vectors are learnt by telling "
            "classes apart: regions of at least two outputs are needed"
        )
    return material


def warnings(material: RegionMaterial) -> list[str]:
    """Return what the card should say of the data, that of the selection first."""
    names = material.selection.names
    alone = [
        f"class {names[position]} has a single region in train: it is learnt from changes of that one alone"
        for position, count in enumerate(_counts(material.train))
        if count == 1
    ]
    roles = (("dev", material.dev), ("test", material.test))
    telling_nothing = [
        f"{role} has no two regions of one class: its metrics are no data"
        for role, crops in roles
        if len(crops) and max(_counts(crops)) == 1
    ]
    return [*material.selection.warnings, *alone, *telling_nothing]


def _counts(crops: Crops) -> list[int]:
    counts: list[int] = np.bincount(crops.classes).tolist()
    return counts
