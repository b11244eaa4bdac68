"""What the outside sees of a scorer's training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from capforge_contracts.run import Phase
from capforge_trainer.fit.watch import Watch
from capforge_trainer.scorer.fit import FitProgress

_RECORDED_SHARE = 0.01
"""A line of metrics for each hundredth of the training."""


class Told:
    """Hears every step, tells share and loss, records now and then."""

    def __init__(self, watch: Watch, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds from anywhere; it is started by the first step."""
        self._watch, self._clock, self._started = watch, clock, math.nan
        self._steps, self._recorded = 0, -_RECORDED_SHARE
        self._part, self.part_steps = 0, 0
        """Of the newest of the trainings that the fit consists of."""

    def __call__(self, progress: FitProgress) -> None:
        """Take the news of one step. `epoch` counts the trainings that the fit consists of."""
        if not self._steps:
            self._started = self._clock()
        self._steps += 1
        self.part_steps = self.part_steps + 1 if progress.part == self._part else 1
        self._part = progress.part
        loss = round(progress.loss, 4)
        self._watch.update(
            Phase.TRAINING,
            progress.share,
            epoch=progress.part,
            epochs=progress.parts,
            step=self._steps,
            remaining_seconds=self._remaining(progress.share),
            metrics={"loss": loss},
        )
        if progress.share - self._recorded >= _RECORDED_SHARE:
            self._watch.record(self._steps, epoch=progress.part, loss=loss)
            self._recorded = progress.share

    def _remaining(self, share: float) -> int | None:
        if share <= 0:
            return None
        return math.ceil((self._clock() - self._started) * (1 - share) / share)
