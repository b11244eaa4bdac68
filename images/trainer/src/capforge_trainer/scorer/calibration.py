"""Confidence that means something: scores divided by what makes left-out answers most probable, and thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from capforge_contracts.data_model import DataField, FieldType
from capforge_trainer.scorer.examples import UNKNOWN, Document, Targets, batch_of
from capforge_trainer.scorer.loss import class_losses, value_losses
from capforge_trainer.scorer.network import Scorer

_TEMPERATURES = np.geomspace(0.5, 8.0, 41)
_PRIOR_ANSWERS = 20.0
"""A field's own temperature counts as so many answers less than all fields' common one."""
_BINS = 10
_STEPS = 10_000
"""Thresholds are told in so many steps, downwards: equal trainings tell equal ones."""


@dataclass(frozen=True)
class LeftOut:
    """Answers to documents that the network had not learned from."""

    scores: Tensor
    classes: Tensor
    targets: Targets


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not in the environment that types are checked in
def left_out_answers(network: Scorer, documents: Sequence[Document]) -> list[LeftOut]:
    """Return a network's answers to each document."""
    found = []
    for document in documents:
        batch, targets = batch_of([document])
        scores, classes = network(batch)
        found.append(LeftOut(scores, classes, targets))
    return found


def temperatures(answers: Sequence[LeftOut], fields: Sequence[DataField]) -> Tensor:
    """Return [F]: what each field's scores are divided by; 1 where nothing is known."""
    if not answers:
        return torch.ones(len(fields))
    losses = np.stack([_losses(answers, fields, float(one)) for one in _TEMPERATURES])  # [grid, F]
    known = sum((one.targets.known != UNKNOWN).float().sum(0) for one in answers).numpy()
    common = losses.sum(1) / max(known.sum(), 1)
    chosen = (losses + _PRIOR_ANSWERS * common[:, None]).argmin(0)
    return torch.tensor(_TEMPERATURES[chosen], dtype=torch.float32)


def _losses(answers: Sequence[LeftOut], fields: Sequence[DataField], temperature: float) -> NDArray[np.float32]:
    total = torch.zeros(len(fields))
    for one in answers:
        loss = value_losses(one.scores / temperature, one.targets, fields)
        total += torch.where(one.targets.known != UNKNOWN, loss, 0.0).sum(0)
    found: NDArray[np.float32] = total.numpy()
    return found


def class_temperature(answers: Sequence[LeftOut], fields: Sequence[DataField]) -> float:
    """Return what class scores are divided by."""
    if not any(field.type is FieldType.CLASSIFICATION for field in fields) or not answers:
        return 1.0
    totals = [
        sum(float(loss.sum()) for one in answers for loss in class_losses(one.classes / float(t), one.targets, fields))
        for t in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(totals))])


def calibration_error(answers: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error of (confidence, right) pairs, 0-1; 0 where there are none.

    In each of ten bins of equal width the mean confidence should be the share that is right.
    """
    if not answers:
        return 0.0
    confidence = np.array([one[0] for one in answers])
    right = np.array([one[1] for one in answers], dtype=float)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs(float((right - confidence)[bins == one].sum())) for one in range(_BINS)]
    return sum(gaps) / len(answers)


def best_thresholds(told: Mapping[str, Sequence[tuple[float, bool, bool]]]) -> dict[str, float]:
    """Return each field's threshold from (confidence, right, absent by the person) of left-out answers.

    It is 0 unless two answers or more are gained by keeping silent below it.
    """
    return {name: _threshold(answers) for name, answers in told.items()}


def _threshold(answers: Sequence[tuple[float, bool, bool]]) -> float:
    best, gained = 0.0, 1
    for limit in sorted({confidence for confidence, _, _ in answers if confidence > 0}):
        silent = [(right, absent) for confidence, right, absent in answers if 0 < confidence < limit]
        gain = sum(absent for _, absent in silent) - sum(right for right, _ in silent)
        if gain > gained:
            best, gained = np.floor(limit * _STEPS) / _STEPS, gain
    return float(best)
