"""One round: train on some documents, answer others, in one process with a given number of threads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.fields.baseline import Baseline
from benchmarks.fields.judge import Answer, answers
from benchmarks.fields.receipts import Document
from capforge_contracts.data_model import DataField
from capforge_trainer.scorer.answers import predict
from capforge_trainer.scorer.calibration import calibration_error
from capforge_trainer.scorer.fit import fit
from capforge_trainer.scorer.parameters import ScorerParameters


@dataclass(frozen=True)
class Round:
    """What one training reached."""

    answers: tuple[Answer, ...]
    calibration_error: float
    seconds: float
    cpu_seconds: float


def drawn(documents: Sequence[Document], count: int, draw: int) -> list[Document]:
    """Return so many documents, others for each draw."""
    order = list(range(len(documents)))
    Random(draw).shuffle(order)  # noqa: S311 - documents, not secrets
    return [documents[place] for place in order[:count]]


def scored(
    train: Sequence[Document],
    dev: Sequence[Document],
    fields: Sequence[DataField],
    parameters: ScorerParameters,
    seed: int,
) -> Round:
    """Train the template's scorer and judge it.

    Its budget is of CPU seconds: what else the machine does shall not end a training early.
    """
    started, cpu = time.monotonic(), time.process_time()
    fitted = fit([document.example for document in train], fields, parameters, seed, clock=time.process_time)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    found = [
        answer
        for document in dev
        for answer in answers(document, predict(fitted.module, document.reading, fields, fitted.thresholds), fields)
    ]
    told = [(answer.confidence, answer.right) for answer in found if not answer.silent]
    return Round(tuple(found), calibration_error(told), seconds, cpu)


def plain(train: Sequence[Document], dev: Sequence[Document], fields: Sequence[DataField]) -> Round:
    """Train the baseline and judge it."""
    started, cpu = time.monotonic(), time.process_time()
    baseline = Baseline(train, fields)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    found = [answer for document in dev for answer in answers(document, baseline.predict(document), fields)]
    return Round(tuple(found), float("nan"), seconds, cpu)
