"""What is learnt: softmax regression on the mean colours of a region's cells. Put your own network here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.exitcodes import ExitCode
from own_trainer.ending import EndError
from own_trainer.regions import Pixels, Regions
from own_trainer.settings import Settings

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """scores = softmax(means @ weights + bias), means: [N, cells * cells * 3] of pixels in 0-1, channel by channel."""

    cells: int
    weights: Floats
    """[cells * cells * 3, C]."""
    bias: Floats
    """[C]."""

    def scores(self, crops: Pixels) -> Floats:
        """Return the classes' shares for uint8 [N,H,W,3]: [N,C], each row sums to 1."""
        return softmax(means(crops, self.cells) @ self.weights + self.bias)


@dataclass(frozen=True)
class Learnt:
    """The best model on dev, and how long it took."""

    model: Model
    step: int
    steps: int


def means(crops: Pixels, cells: int) -> Floats:
    """Return the mean colours [N, 3 * cells * cells] of crops uint8 [N,H,W,3], 0-1."""
    count, side = crops.shape[:2]
    cut = crops.astype(np.float32).reshape(count, cells, side // cells, cells, side // cells, 3).mean(axis=(2, 4))
    return np.asarray(cut.transpose(0, 3, 1, 2).reshape(count, 3 * cells * cells) / 255, np.float32)


def softmax(logits: Floats) -> Floats:
    """Return shares [N,C]."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def learn(
    train: Regions, dev: Regions, classes: int, settings: Settings, told: Callable[[int, float, float], bool]
) -> Learnt:
    """Learn by gradient descent; `told` hears step, loss and accuracy on dev, and answers whether to go on.

    Dev chooses the step. Raises EndError where the loss is no number.
    """
    seen, truth = means(train.crops, settings.grid_cells), np.eye(classes, dtype=np.float32)[train.positions]
    weights: Floats = np.zeros((seen.shape[1], classes), np.float32)
    bias: Floats = np.zeros(classes, np.float32)
    best, best_accuracy = Learnt(Model(settings.grid_cells, weights, bias), 0, 0), -1.0
    for step in range(1, settings.steps + 1):
        said = softmax(seen @ weights + bias)
        loss = float(-np.log(np.maximum((said * truth).sum(axis=1), 1e-12)).mean())
        wrong = (said - truth) / len(truth)
        weights = np.asarray(weights - settings.learning_rate * (seen.T @ wrong), np.float32)
        bias = np.asarray(bias - settings.learning_rate * wrong.sum(axis=0), np.float32)
        if not (np.isfinite(loss) and np.isfinite(weights).all()):
            raise EndError(ExitCode.NON_FINITE_LOSS, f"the loss is no number at step {step}; lower learningRate")
        model = Model(settings.grid_cells, weights, bias)
        accuracy = float((model.scores(dev.crops).argmax(axis=1) == dev.positions).mean())
        if accuracy > best_accuracy:
            best, best_accuracy = Learnt(model, step, step), accuracy
        if not told(step, loss, accuracy):
            break
    return Learnt(best.model, best.step, step)
