"""From annotated documents to a served scorer: train, calibrate on what was left out, choose thresholds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import Split
from capforge_trainer.errors import BadDataError, StoppedError
from capforge_trainer.scorer.answers import JudgedExample, confidences, judged_examples
from capforge_trainer.scorer.calibration import (
    LeftOut,
    best_thresholds,
    class_temperature,
    left_out_answers,
    temperatures,
)
from capforge_trainer.scorer.examples import Document, Example, documents_of
from capforge_trainer.scorer.member import Course, train_member
from capforge_trainer.scorer.network import Scorer
from capforge_trainer.scorer.parameters import ScorerParameters
from capforge_trainer.scorer.served import Served

ENOUGH_DEV = 10
"""Dev documents; with fewer, confidence is calibrated on left-out parts of train."""
DEFAULT_BUDGET_SECONDS = 300.0


@dataclass(frozen=True)
class FitProgress:
    """How far a training is."""

    share: float
    """0-1, of everything."""
    part: int
    """From 1: which of the trainings (left-out parts, then members)."""
    parts: int
    loss: float
    """Of the last step, nats per field."""


@dataclass(frozen=True)
class FittedScorer:
    """A trained scorer."""

    module: Served
    """On the CPU, in evaluation mode, calibration inside; `scorer_graph` makes ONNX of it."""
    fields: tuple[DataField, ...]
    thresholds: dict[str, float]
    """By field name, 0-1: a value with less confidence is not told."""
    seconds: float
    left_out: tuple[JudgedExample, ...] = ()
    """Train documents, each answered by a network that had not seen it; empty where dev is large enough instead."""


@dataclass
class _Fit:
    fields: tuple[DataField, ...]
    parameters: ScorerParameters
    seed: int
    listener: Callable[[FitProgress], None]
    stop_asked: Callable[[], bool]
    ends_at: float
    parts: int
    clock: Callable[[], float]
    part: int = 0

    def train(self, documents: Sequence[Document], *, fresh: bool = False) -> Scorer:
        """Train the next part; it may take its share of the time that is left."""
        left = max(self.ends_at - self.clock(), 0.05) / (self.parts - self.part)
        self.part += 1
        parameters = self.parameters.model_copy(update={"pretrained": self.parameters.pretrained and not fresh})
        course = Course(self.fields, parameters, self.seed + 1000 * self.part, left, self._heard, self.clock)
        return train_member(documents, course)

    def _heard(self, share: float, loss: float) -> None:
        if self.stop_asked():
            raise StoppedError("stopped while training the scorer; another attempt starts it anew")
        done = (self.part - 1 + min(share, 1.0)) / self.parts
        self.listener(FitProgress(done, self.part, self.parts, loss))


def fit(
    examples: Sequence[Example],
    fields: Sequence[DataField],
    parameters: ScorerParameters | None = None,
    seed: int = 0,
    listener: Callable[[FitProgress], None] = lambda _: None,
    stop_asked: Callable[[], bool] = lambda: False,
    budget_seconds: float = DEFAULT_BUDGET_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> FittedScorer:
    """Train on the Train examples; Dev ones calibrate where there are enough, otherwise left-out parts of Train do.

    Raises BadDataError (nothing to learn from), NonFiniteLossError, StoppedError.
    """
    with _one_thread():
        return _fit(
            examples, tuple(fields), parameters or ScorerParameters(), seed, listener, stop_asked, budget_seconds, clock
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Networks this small lose more by waiting for a second thread than it brings, most of all on busy cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fit(
    examples: Sequence[Example],
    fields: tuple[DataField, ...],
    parameters: ScorerParameters,
    seed: int,
    listener: Callable[[FitProgress], None],
    stop_asked: Callable[[], bool],
    budget_seconds: float,
    clock: Callable[[], float],
) -> FittedScorer:
    started = clock()
    train = [example for example in examples if example.split is Split.TRAIN and example.reading.pages]
    dev = [example for example in examples if example.split is Split.DEV and example.reading.pages]
    if not train or not fields:
        raise BadDataError("there is no annotated training document with a page; annotate some, or check the splits")
    documents = documents_of(train, fields)
    folds = 0 if len(dev) >= ENOUGH_DEV else min(parameters.calibration_folds, len(train))
    folds = folds if folds > 1 else 0
    work = _Fit(
        fields,
        parameters,
        seed,
        listener,
        stop_asked,
        started + budget_seconds,
        folds + parameters.members,
        clock,
    )
    judged: list[Example] = []
    left_out: list[LeftOut] = []
    for fold in range(folds):
        network = work.train([one for place, one in enumerate(documents) if place % folds != fold])
        left_out += left_out_answers(network, documents[fold::folds])
        judged += train[fold::folds]
    pretrained = max(1, parameters.members - parameters.fresh_members)
    members = [work.train(documents, fresh=place >= pretrained) for place in range(parameters.members)]
    if not folds:
        judged, left_out = dev, _mean_answers(members, documents_of(dev, fields))
    heat = temperatures(left_out, fields)
    module = Served(members, heat, class_temperature(left_out, fields)).eval()
    answers = judged_examples(left_out, judged, fields, module)
    thresholds = best_thresholds(confidences(answers, fields))
    return FittedScorer(module, fields, thresholds, clock() - started, answers if folds else ())


def _mean_answers(members: Sequence[Scorer], documents: Sequence[Document]) -> list[LeftOut]:
    each = [left_out_answers(member, documents) for member in members]
    return [
        LeftOut(
            torch.stack([one.scores for one in same]).mean(0),
            torch.stack([one.classes for one in same]).mean(0),
            same[0].targets,
        )
        for same in zip(*each, strict=True)
    ]
