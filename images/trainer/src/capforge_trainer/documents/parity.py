"""Whether the exported graph answers as the trained network does, and each page as if it came alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from capforge_contracts.run import Parity
from capforge_trainer.documents.selection import AnnotatedDocument
from capforge_trainer.documents.served import ServedScorer, page_of
from capforge_trainer.errors import ParityError
from capforge_trainer.scorer.served import Served
from capforge_transforms.documents.decode import FieldPrediction, decode
from capforge_transforms.documents.encode import OUTPUTS, SCORES_OUTPUT, Row, encode_reading, stacked

DOCUMENTS = 50
RTOL, ATOL = 1e-3, 1e-3
"""Of scores, in nats: a thousandth moves a probability by 0.00025 at most."""
MAX_CONFIDENCE_DIFFERENCE = 0.01
_MIN_SAME_PERCENT = 99.5
"""Of fields; where two values tie, rounding decides which one is told."""
_JOINED = 3
"""Pages of the batch that is compared with its pages alone."""


@dataclass(frozen=True)
class _Difference:
    close: bool
    error: float
    same: list[bool]
    """Of each field: the same value on both sides."""
    confidence: float


def compare(module: Served, model: ServedScorer, documents: Sequence[AnnotatedDocument]) -> Parity:
    """Run both on up to DOCUMENTS documents; compare raw outputs and decoded fields."""
    judged = [one for one in documents if one.example.reading.pages][:DOCUMENTS]
    found = [_difference(module, model, one) for one in judged]
    same = [one for difference in found for one in difference.same]
    percent = 100.0 * sum(same) / len(same) if same else 100.0
    joined = joined_error(model, list(islice(_rows(judged), _JOINED)))
    close = all(one.close for one in found) and joined <= ATOL
    return Parity(
        images=len(judged),
        heads_max_abs_error=max([joined, *(one.error for one in found)]),
        detections_matched_percent=round(percent, 2),
        max_score_difference=max((one.confidence for one in found), default=None),
        passed=close and percent >= _MIN_SAME_PERCENT,
    )


def check(parity: Parity) -> Parity:
    """Return a parity that passed; raises ParityError with the numbers otherwise."""
    if not parity.passed:
        message = (
            f"the exported graph does not answer as the network: largest error of the scores "
            f"{parity.heads_max_abs_error:.2g} (allowed: rtol {RTOL}, atol {ATOL}), "
            f"{parity.detections_matched_percent:.1f} % of fields are the same with a confidence within "
            f"{MAX_CONFIDENCE_DIFFERENCE} (allowed: {_MIN_SAME_PERCENT} %) on {parity.images} documents"
        )
        raise ParityError(message)
    return parity


def joined_error(model: ServedScorer, rows: Sequence[Row]) -> float:
    """Return the largest relative or absolute difference between pages of one batch and the same pages alone.

    0 is the ideal. Servers join requests, so a page must be answered as if it came alone, whatever it is padded to.
    """
    if not rows:
        return 0.0
    together = model.run(rows)
    worst = 0.0
    for place, row in enumerate(rows):
        alone, joined = page_of(model.run([row]), 0), page_of(together, place)
        for name in OUTPUTS:
            own, other = alone[name], joined[name]
            if name == SCORES_OUTPUT:
                own, other = own[..., : row.tokens], other[..., : row.tokens]
            if own.size:
                worst = max(worst, float((np.abs(own - other) / np.maximum(np.abs(own), 1.0)).max()))
    return worst


def network_outputs(module: Served, rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
    """Return what the network itself answers to some pages."""
    with torch.no_grad():
        answers = module(*(torch.from_numpy(array) for array in stacked(rows).values()))
    return {name: answer.numpy() for name, answer in zip(OUTPUTS, answers, strict=True)}


def _rows(documents: Sequence[AnnotatedDocument]) -> Iterator[Row]:
    for document in documents:
        yield from encode_reading(document.example.reading)


def _difference(module: Served, model: ServedScorer, document: AnnotatedDocument) -> _Difference:
    reading = document.example.reading
    rows = encode_reading(reading)
    mine, theirs = network_outputs(module, rows), model.run(rows)
    close = all(np.allclose(theirs[name], mine[name], rtol=RTOL, atol=ATOL) for name in OUTPUTS)
    error = max(float(np.abs(theirs[name] - mine[name]).max(initial=0.0)) for name in OUTPUTS)
    own, other = (
        decode([page_of(one, place) for place in range(len(rows))], rows, reading, model.fields)
        for one in (mine, theirs)
    )
    apart = [abs(own[name].confidence - other[name].confidence) for name in own]
    same = [_said(own[name]) == _said(other[name]) for name in own]
    pairs = zip(same, apart, strict=True)
    return _Difference(close, error, [one and gap <= MAX_CONFIDENCE_DIFFERENCE for one, gap in pairs], max(apart))


def _said(prediction: FieldPrediction) -> object:
    return prediction.class_name, [(one.value, one.page_id) for one in prediction.values]
