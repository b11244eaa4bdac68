"""The golden request of a model of crops: what it alone answers so.

Two models that learnt the same classes are equally sure of a clear crop. So crops are laid over one another: what a
model makes of such a mixture is its own. Mixtures are taken whose answer stays the same when all weights are shaken
harder than any rounding would.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from capforge_trainer.export.golden import packed, same_rows, shaken_sessions
from capforge_trainer.export.session import Session
from capforge_trainer.regions.crops import Crops, Pixels

IMAGES = 4
TOLERANCE = (0.0, 0.01)
"""(rtol, atol): of probabilities and of a unit vector's numbers."""
_TRIED = 32
_SEED = 0


def golden_request(model: onnx.ModelProto, crops: Crops) -> bytes:
    """Return the bytes of golden.npz."""
    session = Session(model.SerializeToString())
    (output,) = session.outputs
    tried = _mixtures(crops)
    tolerances = {output: TOLERANCE}
    answer = session.run(tried)
    others = [other.run(tried) for other in shaken_sessions(model)]
    stable = np.logical_and.reduce([same_rows(answer, other, tolerances) for other in others])
    # The least decided first: of a sure answer, any model of the same classes would be as sure.
    decided = np.abs(answer[output]).max(axis=1)
    images = tried[np.lexsort((decided, ~stable))[:IMAGES]]
    return packed(session.input, images, session.run(images), tolerances)


def _mixtures(crops: Crops) -> Pixels:
    """Return crops as they are and means of two, uint8 [M,H,W,3]."""
    random = np.random.default_rng(_SEED)
    plain = [crops[int(index)] for index in random.choice(len(crops), min(_TRIED, len(crops)), replace=False)]
    pairs = [random.choice(len(plain), 2) for _ in range(_TRIED)]
    return np.stack([*plain, *(_mean(plain[one], plain[other]) for one, other in pairs)])


def _mean(one: Pixels, other: Pixels) -> NDArray[np.uint8]:
    return ((one.astype(np.uint16) + other) // 2).astype(np.uint8)
