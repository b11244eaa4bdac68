"""The golden request: real images with clear detections, what the model answers, and how close is the same.

The server may run another version of onnxruntime on another processor: sums are rounded differently, so that detections
of nearly equal score change places, or one at the edge of a limit comes or goes. So images are taken whose answer stays
the same row by row when all weights are shaken harder than any rounding would.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from capforge_contracts import golden
from capforge_trainer.data.canvases import Canvases, stacked
from capforge_trainer.export.heads import INPUT
from capforge_trainer.export.session import BATCH, Session

IMAGES = 2
TRIED_IMAGES = 64
TOLERANCES = {"boxes": (0.0, 0.5), "scores": (0.0, 0.01), "classes": (0.0, 0.0), "count": (0.0, 0.0)}
"""(rtol, atol) where the answer is stable: pixels, probability, exact, exact."""
_ORDER_DEPENDENT = ("boxes", "classes", "count")
_ANYTHING = 1e9
"""atol of those where no image is stable: then the falling scores, which no tie can change, are the whole proof."""
_SHAKE = 3e-5
_SHAKEN_MODELS = 3
_CLEAR_SCORE = 0.5

Outputs = dict[str, NDArray[Any]]
Tolerances = dict[str, tuple[float, float]]
"""(rtol, atol) by output."""


def golden_request(model: onnx.ModelProto, canvases: Canvases) -> bytes:
    """Return the bytes of golden.npz."""
    session = Session(model.SerializeToString())
    shaken = shaken_sessions(model)
    ranks: list[tuple[bool, int, int]] = []
    for start in range(0, min(TRIED_IMAGES, len(canvases)), BATCH):
        images = stacked([canvases[index] for index in range(start, min(start + BATCH, len(canvases)))])
        answer = session.run(images)
        stable = np.logical_and.reduce([same_rows(answer, other.run(images), TOLERANCES) for other in shaken])
        clear = (answer["scores"] >= _CLEAR_SCORE).sum(axis=1)
        ranks += [(bool(stable[i]), int(clear[i]), -(start + i)) for i in range(len(images))]
    best = sorted(ranks, reverse=True)[:IMAGES]
    images = stacked([canvases[-place] for _, _, place in best])
    tolerances = _tolerances(stable=all(one for one, _, _ in best))
    return packed(INPUT, images, session.run(images), tolerances)


def _tolerances(*, stable: bool) -> Tolerances:
    return {
        name: (rtol, atol if stable or name not in _ORDER_DEPENDENT else _ANYTHING)
        for name, (rtol, atol) in TOLERANCES.items()
    }


def packed(given: str, images: NDArray[np.uint8], outputs: Outputs, tolerances: Tolerances) -> bytes:
    """Return the bytes of golden.npz: images for the input `given`, what is answered, how close is the same."""
    arrays: dict[str, NDArray[Any]] = {golden.INPUT + given: images}
    for name, value in outputs.items():
        rtol, atol = tolerances[name]
        arrays |= {golden.OUTPUT + name: value, golden.RTOL + name: np.array(rtol), golden.ATOL + name: np.array(atol)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # names are data here, not keywords
    return buffer.getvalue()


def shaken_sessions(model: onnx.ModelProto) -> list[Session]:
    """Return models whose weights differ by more than any rounding would."""
    return [Session(_shaken(model, seed).SerializeToString()) for seed in range(_SHAKEN_MODELS)]


def same_rows(answer: Outputs, other: Outputs, tolerances: Tolerances) -> NDArray[np.bool_]:
    """Tell for each image [N] whether all its rows are the same, with half of the tolerance to spare."""
    same = [
        np.isclose(
            answer[name].astype(np.float64), other[name].astype(np.float64), rtol=rtol / 2, atol=atol / 2
        ).reshape(len(answer[name]), -1)
        for name, (rtol, atol) in tolerances.items()
    ]
    return np.asarray(np.concatenate(same, axis=1).all(axis=1))


def _shaken(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """Return the model with every weight changed by a few hundred-thousandths of itself."""
    random = np.random.default_rng(seed)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if value.dtype == np.float32 and value.ndim > 1:
            noise = 1 + _SHAKE * random.standard_normal(value.shape)
            tensor.CopyFrom(numpy_helper.from_array((value * noise).astype(np.float32), tensor.name))
    return copy
