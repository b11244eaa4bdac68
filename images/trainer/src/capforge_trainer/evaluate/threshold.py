"""From which score an answer counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def best_f1_threshold(scores: NDArray[np.floating], correct: NDArray[np.bool_], objects: int) -> float | None:
    """Return the threshold of the best F1 of answers with these scores; None where none is right.

    It lies half-way to the next lower score, so that rounding moves no answer over it.
    """
    if not correct.any():
        return None
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], np.cumsum(correct[order])
    f1 = 2 * hits / (np.arange(1, len(scores) + 1) + objects)
    last_of_score = np.append(scores[1:] != scores[:-1], True)
    best = int(np.argmax(np.where(last_of_score, f1, -1)))
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return float((scores[best] + below) / 2)
