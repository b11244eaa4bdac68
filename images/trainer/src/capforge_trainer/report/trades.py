"""Precision against recall from scores: for strategies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.report.findings import Trade

_POINTS = 200
"""More would not be seen."""


def trade(
    name: str,
    scores: NDArray[np.floating],
    correct: NDArray[np.bool_],
    present: int,
    threshold: float | None,
    average_precision: float | None = None,
) -> Trade | None:
    """Return the curve of answers with these scores [N], right or not [N], where `present` are to be found.

    None where nothing is to be found or nothing was found. Precision is the best that any threshold with at least
    this recall reaches, as average precision (given, or the area) counts it; the chosen point is the plain one.
    """
    if not present or not len(scores) or not correct.any():
        return None
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    falling, hits = np.asarray(scores, np.float64)[order], np.cumsum(np.asarray(correct, bool)[order])
    recall = hits / present
    precision = hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    rising = np.flatnonzero(np.diff(hits, prepend=0))  # between right answers the recall stands still
    kept = rising[np.unique(np.linspace(0, len(rising) - 1, min(_POINTS, len(rising))).round().astype(int))]
    taken = 0 if threshold is None else int((falling >= threshold).sum())
    chosen = (float(recall[taken - 1]), float(precision[taken - 1])) if taken else None
    area = float((np.diff(recall, prepend=0.0) * best).sum())
    from_nought = np.concatenate([[0.0], recall[kept]]), np.concatenate([best[:1], best[kept]])
    return Trade(name, *from_nought, chosen, area if average_precision is None else average_precision)
