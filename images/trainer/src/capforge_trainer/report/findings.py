"""What a strategy tells the report beyond the model card and the rows of metrics. Every part may stay empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Mark:
    """A region drawn on a picture."""

    outline: Points
    """Corners (x, y) in pixels of the picture, at least three."""
    label: str
    truth: bool
    """Of the data (a solid line), or what the model says (a broken one)."""

    @classmethod
    def box(cls, box: Any, label: str, *, truth: bool) -> Mark:
        """Mark a box [x0, y0, x1, y1]."""
        left, top, right, bottom = (float(value) for value in box)
        return cls(((left, top), (right, top), (right, bottom), (left, bottom)), label, truth)


@dataclass(frozen=True)
class Picture:
    """One picture, read only when it is drawn."""

    pixels: Callable[[], NDArray[np.uint8]]
    """Returns RGB [H,W,3]; it is shown smaller. What it raises is no fault of the run: the picture is left out."""
    marks: tuple[Mark, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class Mistake:
    """One example that the model gets wrong; the report shows them in the order given, the worst first."""

    name: str
    """Of the file or the document."""
    what: str
    """What went wrong, in a few words: `2 disc missed`."""
    pictures: tuple[Picture, ...] = ()
    """One, or some to compare: a query and its neighbours."""


@dataclass(frozen=True)
class Trade:
    """Precision against recall, over all thresholds, of one class or field (or of all)."""

    name: str
    recall: NDArray[np.float64]
    """[T] 0-1, rising."""
    precision: NDArray[np.float64]
    """[T] 0-1."""
    chosen: tuple[float, float] | None = None
    """(recall, precision) at the threshold in force."""
    average_precision: float = 0.0
    """0-1; strategies give the worst curves first."""


@dataclass(frozen=True)
class Counts:
    """A matrix of counts: a confusion matrix, or outcomes by field."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: NDArray[np.int64]
    """[rows, columns]"""
    row_axis: str = "true"
    column_axis: str = "said"
    right: frozenset[tuple[int, int]] | None = None
    """The cells that are no mistakes; None: the diagonal."""


@dataclass(frozen=True)
class DataFigures:
    """What one role of the data holds."""

    role: str
    """train, dev or test."""
    totals: Mapping[str, int]
    """`images: 120`, `objects: 900`."""
    classes: Mapping[str, int] = field(default_factory=dict)
    """Examples by class or field."""


@dataclass(frozen=True)
class Findings:
    """All of it, on dev unless a title says otherwise."""

    data: tuple[DataFigures, ...] = ()
    counts: tuple[Counts, ...] = ()
    trades: tuple[Trade, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    counted_in: Literal["epoch", "step"] = "epoch"
    """What the curves of training are drawn over."""
