"""Answers of a trained scorer to documents, by the same decoding as in production."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from capforge_contracts.data_model import DataField
from capforge_contracts.reading import Reading
from capforge_trainer.scorer.calibration import LeftOut
from capforge_trainer.scorer.examples import Example
from capforge_trainer.scorer.rightness import is_right
from capforge_trainer.scorer.served import Served
from capforge_transforms.documents.decode import FieldPrediction, decode
from capforge_transforms.documents.encode import CLASSES_OUTPUT, SCORES_OUTPUT, encode_reading, stacked


def predict(
    module: Served, reading: Reading, fields: Sequence[DataField], thresholds: Mapping[str, float] | None = None
) -> dict[str, FieldPrediction]:
    """Return what the network itself answers to a document."""
    rows = encode_reading(reading)
    if not rows:
        return {field.name: FieldPrediction(0.0) for field in fields}
    with torch.no_grad():
        scores, classes = module(*(torch.from_numpy(array) for array in stacked(rows).values()))
    return decode(_outputs(scores, classes), rows, reading, fields, thresholds)


@dataclass(frozen=True)
class JudgedExample:
    """A labelled document, and what a network that had not learned from it says, calibrated, without thresholds."""

    example: Example
    predictions: dict[str, FieldPrediction]


def judged_examples(
    left_out: Sequence[LeftOut], examples: Sequence[Example], fields: Sequence[DataField], module: Served
) -> tuple[JudgedExample, ...]:
    """Decode the scores of left-out documents as the served module would."""
    found = []
    for one, example in zip(left_out, examples, strict=True):
        outputs = _outputs(one.scores / module.temperature, one.classes / module.class_temperature)
        predictions = decode(outputs, encode_reading(example.reading), example.reading, fields)
        found.append(JudgedExample(example, predictions))
    return tuple(found)


def confidences(
    judged: Sequence[JudgedExample], fields: Sequence[DataField]
) -> dict[str, list[tuple[float, bool, bool]]]:
    """Return (confidence, right, absent by the person) of each labelled field."""
    told: dict[str, list[tuple[float, bool, bool]]] = defaultdict(list)
    for one in judged:
        labels = {label.field: label for label in one.example.labels}
        for field in fields:
            if field.name in labels:
                label, prediction = labels[field.name], one.predictions[field.name]
                told[field.name].append((prediction.confidence, is_right(prediction, label, field), label.absent))
    return dict(told)


def _outputs(scores: torch.Tensor, classes: torch.Tensor) -> list[dict[str, NDArray[np.generic]]]:
    return [
        {SCORES_OUTPUT: one.numpy(), CLASSES_OUTPUT: other.numpy()} for one, other in zip(scores, classes, strict=True)
    ]
