"""What the report says of the data: images and objects of each role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from capforge_trainer.data.items import Item
from capforge_trainer.data.selection import Selection
from capforge_trainer.report.findings import DataFigures

Role = tuple[str, Sequence[Item]]
"""train, dev or test; its images."""


def data_of(selection: Selection) -> tuple[DataFigures, ...]:
    """Return the figures of the roles that a run has."""
    return figures_of(selection.names, roles_of(selection))


def roles_of(selection: Selection) -> tuple[Role, ...]:
    """Return all roles, the empty ones too."""
    return ("train", selection.train), ("dev", selection.dev), ("test", selection.test)


def figures_of(names: Sequence[str], roles: Iterable[Role]) -> tuple[DataFigures, ...]:
    """Return the figures of the roles that are not empty; `names` are those of the classes, by position."""
    return tuple(_figures(names, role, items) for role, items in roles if items)


def _figures(names: Sequence[str], role: str, items: Sequence[Item]) -> DataFigures:
    counts = sum((np.bincount(item.classes, minlength=len(names)) for item in items), np.zeros(len(names), np.int64))
    return DataFigures(
        role,
        {"images": len(items), "objects": int(counts.sum())},
        {name: int(count) for name, count in zip(names, counts, strict=True)},
    )
