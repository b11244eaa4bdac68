"""How often an image is drawn: those that show a rare class come more often, a crowd of empty ones less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.data.items import Item

_MOST = 4.0
"""Times as often as an image of the commonest class: a class of two images is not learnt by heart."""
_ALIKE = 1.5
"""Where no image would come so much more often than another, all come alike, each once in an epoch."""


def shares_of(items: list[Item]) -> NDArray[np.float64] | None:
    """Return each image's share of the draws [N], in sum 1; None where all are alike.

    An image's weight is the square root of how many times more images show the commonest class than its rarest one
    (as repeat-factor sampling). Images without objects have at most half of the draws.
    """
    showing = np.bincount(np.concatenate([np.zeros(0, np.int64), *(np.unique(item.classes) for item in items)]))
    if not showing.any():
        return None
    rare = np.sqrt(showing.max() / np.maximum(showing, 1)).clip(1, _MOST)
    weights = np.array([rare[item.classes].max(initial=0.0) for item in items])
    empty = weights == 0
    if empty.any():
        weights[empty] = min(1.0, weights.sum() / empty.sum())
    if weights.max() < _ALIKE * weights.min():
        return None
    return np.asarray(weights / weights.sum())
