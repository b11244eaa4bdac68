"""The golden request of a field extractor: pages with confident answers, what the model scores, how close is the same.

Scores are plain sums, nothing is ranked inside the graph: another version of onnxruntime on another processor moves
them by rounding alone.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capforge_contracts import golden
from capforge_trainer.documents.selection import AnnotatedDocument
from capforge_trainer.documents.served import ServedScorer
from capforge_transforms.documents.encode import OUTPUTS, SCORES_OUTPUT, Row, encode_reading, stacked

PAGES = 2
TRIED_PAGES = 32
RTOL, ATOL = 5e-3, 0.02
"""Of scores, in nats: room for a GPU's shorter numbers; another model's scores are whole nats away."""


def golden_request(model: ServedScorer, documents: Sequence[AnnotatedDocument]) -> bytes:
    """Return the bytes of golden.npz: the pages on which the model is surest, of those that have tokens."""
    rows = [row for one in documents for row in encode_reading(one.example.reading)][:TRIED_PAGES]
    best = sorted(rows, key=lambda row: (row.tokens == 0, -_surest(model, row)))[:PAGES]
    arrays = {name: value for name, value in stacked(best).items() if name in model.inputs}
    outputs = model.answer(arrays)
    packed: dict[str, NDArray[Any]] = {golden.INPUT + name: value for name, value in arrays.items()}
    for name in OUTPUTS:
        tolerances = {golden.RTOL + name: np.array(RTOL), golden.ATOL + name: np.array(ATOL)}
        packed |= {golden.OUTPUT + name: outputs[name], **tolerances}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **packed)  # type: ignore[arg-type]  # names are data here, not keywords
    return buffer.getvalue()


def _surest(model: ServedScorer, row: Row) -> float:
    return float(model.run([row])[SCORES_OUTPUT].max(initial=0.0))
