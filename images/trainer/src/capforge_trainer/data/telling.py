"""What tells the classes of a training set apart, as far as simple features show: asked before training.

A linear decision on edges, light and colour is learnt from some of the images and asked of the others: once as they
are, once changed. Where mirrored objects are taken for another class and its objects for theirs (letters, arrows, left
and right hands), training on mirrored images would teach what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.data.looks import SIDE_PIXELS, Looks

Features = NDArray[np.float64]
"""[N,F]"""
Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Of looks [N,S,S,3]; the result has the same shape."""

_FOLDS = 5
_RIDGE = 0.2
"""Of the number of objects: features are many, objects few."""
_SURE = 3.0
"""Standard deviations of a fair coin."""
_MOST = 0.5
_LOST = 0.1
"""Share of what was right and may be wrong at another size."""
_GAINED, _WELL = 0.1, 0.8
"""Sizes tell classes apart where they add this share of right answers, to this share, and halve the wrong ones."""
_CLEAR_GREYS = 10.0
"""Deviation of the greys in and around an object, of 255; below it other light hides an object, not varies it."""
_BINS = 8
_ZOOMS, _NEAREST = 12, 3
_CELLS, _DIRECTIONS = 4, 8
_EPSILON = 1e-6


def keeps_classes(looks: Looks, change: Change, back: Change) -> bool:
    """Tell whether objects are still of their class after a change, for all that is to be seen; `back` undoes it.

    False where most objects of one class, changed, are taken for another, and most of the other, changed back, for it:
    what merely looks unusual is taken for anything, and not in both directions.
    """
    if len(np.unique(looks.classes)) < 2:  # noqa: PLR2004 - nothing to mistake them for
        return True
    seen = _appearance(looks.pixels)
    said, changed = _answers(seen, looks, _appearance(change(looks.pixels)))
    _, undone = _answers(seen, looks, _appearance(back(looks.pixels)))
    of = {int(name): looks.classes == name for name in np.unique(looks.classes)}
    for one, other in permutations(of, 2):
        there, and_back = changed[of[one]] == other, undone[of[other]] == one
        after = np.concatenate([there, and_back])
        before = np.concatenate([said[of[one]] == other, said[of[other]] == one])
        if min(there.mean(), and_back.mean()) >= _MOST and _surely(after, before):
            return False
    return True


def sizes_tell(looks: Looks) -> bool:
    """Tell whether classes that look alike differ in their sides in pixels."""
    if len(np.unique(looks.classes)) < 2:  # noqa: PLR2004 - nothing to tell apart
        return False
    seen, known = _appearance(looks.pixels), _extent(looks.sides, looks.sides)
    without, _ = _answers(seen, looks, seen)
    together = np.concatenate([seen, known], axis=1)
    having, _ = _answers(together, looks, together)
    before, after = without == looks.classes, having == looks.classes
    wrong, left = float(1 - before.mean()), float(1 - after.mean())
    return wrong - left >= _GAINED and left <= min(wrong / 2, 1 - _WELL) and _surely(after, before)


def zoom_that_keeps_sizes(looks: Looks, largest: float) -> float:
    """Return the largest factor (1 to `largest`), both ways, after which an object is as large as its class."""
    wanted = (1 - _LOST) * _share_by_size(looks, 1.0)
    factors = np.exp(np.linspace(np.log(largest), 0, _ZOOMS)).tolist()
    kept = (one for one in factors if min(_share_by_size(looks, one), _share_by_size(looks, 1 / one)) >= wanted)
    return float(next(kept, 1.0))


def _share_by_size(looks: Looks, zoom: float) -> float:
    """Return how many objects, zoomed, are of the class of most of the three nearest in size in other images."""
    size = _log_size(looks.sides)
    apart = np.abs(size[:, None] + np.log(zoom) - size)
    apart[looks.images[:, None] == looks.images] = np.inf
    near = looks.classes[np.argsort(apart, axis=1, kind="stable")[:, :_NEAREST]]
    votes = (near[..., None] == np.unique(looks.classes)).sum(axis=1)
    return float((np.unique(looks.classes)[votes.argmax(axis=1)] == looks.classes).mean())


def colour_share(looks: Looks) -> float:
    """Return how much (0-1) of the usual change of light and colours objects bear: less where they are faint."""
    if len(looks.pixels) == 0:
        return 1.0
    deviation = looks.pixels.mean(axis=3).reshape(len(looks.pixels), -1).std(axis=1)
    return min(1.0, float(np.median(deviation)) / _CLEAR_GREYS) ** 2  # in proportion was still too much


@dataclass(frozen=True)
class _Decision:
    """Linear, on features of equal scale."""

    mean: Features
    scale: Features
    weights: Features
    names: NDArray[np.int64]

    def __call__(self, features: Features) -> NDArray[np.int64]:
        return np.asarray(self.names[(_biased((features - self.mean) / self.scale) @ self.weights).argmax(axis=1)])


def _answers(features: Features, looks: Looks, asked: Features) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which classes [N] are said of the features and of those asked, learnt from other images' features."""
    said, of_asked = np.full(len(features), -1), np.full(len(features), -1)
    fold = np.random.default_rng(0).permutation(int(looks.images.max(initial=0)) + 1)[looks.images] % _FOLDS
    for number in range(_FOLDS):
        held = fold == number
        if held.any() and len(np.unique(looks.classes[~held])) > 1:
            decide = _learnt(features[~held], looks.classes[~held])
            said[held], of_asked[held] = decide(features[held]), decide(asked[held])
    return said, of_asked


def _learnt(features: Features, classes: NDArray[np.int64]) -> _Decision:
    names, counts = np.unique(classes, return_counts=True)
    weight = (1 / counts)[np.searchsorted(names, classes)]
    weight = weight / weight.sum() * len(classes)
    mean, scale = features.mean(axis=0), features.std(axis=0) + _EPSILON
    known = _biased((features - mean) / scale)
    wanted = np.where(classes[:, None] == names, 1.0, -1.0)
    square = known.T @ (known * weight[:, None]) + _RIDGE * len(classes) * np.eye(known.shape[1])
    return _Decision(mean, scale, np.linalg.solve(square, known.T @ (wanted * weight[:, None])), names)


def _biased(features: Features) -> Features:
    return np.concatenate([features, np.ones((len(features), 1))], axis=1)


def _surely(more: NDArray[np.bool_], less: NDArray[np.bool_]) -> bool:
    """Tell whether one is right more often than the other beyond chance (a sign test on where they differ)."""
    only, other = int((more & ~less).sum()), int((less & ~more).sum())
    return bool(only - other >= _SURE * max(1.0, only + other) ** 0.5)


def _appearance(pixels: NDArray[np.float32]) -> Features:
    """Return light, colour and the directions of edges of each look."""
    grey = pixels.mean(axis=3)
    grey = grey - grey.mean(axis=(1, 2), keepdims=True)
    grey = grey / (grey.std(axis=(1, 2), keepdims=True) + 1)
    light = _pooled(grey[..., None], 2 * _CELLS)
    colour = _pooled(pixels / 64, 2)
    down, across = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(across, down)
    direction = np.floor((np.arctan2(down, across) % np.pi) / np.pi * _DIRECTIONS).astype(int) % _DIRECTIONS
    edges = strength[..., None] * (direction[..., None] == np.arange(_DIRECTIONS))
    return np.concatenate([light, colour, np.sqrt(_pooled(edges, _CELLS))], axis=1).astype(np.float64)


def _pooled(maps: NDArray[np.floating], cells: int) -> NDArray[np.floating]:
    """[N,S,S,C] → means over cells x cells squares, [N,cells*cells*C]."""
    count, side = len(maps), SIDE_PIXELS // cells
    squares = maps.reshape(count, cells, side, cells, side, -1).mean(axis=(2, 4))
    return np.asarray(squares.reshape(count, -1))


def _extent(sides: NDArray[np.float64], among: NDArray[np.float64]) -> Features:
    """Return in which eighth of all each object's size and proportions lie."""
    bins = []
    for measure in (_log_size, _log_shape):
        edges = np.quantile(measure(among), np.arange(1, _BINS) / _BINS)
        bins.append(np.searchsorted(edges, measure(sides))[:, None] == np.arange(_BINS))
    return np.concatenate(bins, axis=1).astype(np.float64)


def _log_size(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(sides).mean(axis=1))


def _log_shape(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(sides[:, 0] / sides[:, 1]))


def mirrored(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Left and right; undoes itself."""
    return pixels[:, :, ::-1]


def upside_down(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Top and bottom; undoes itself."""
    return pixels[:, ::-1]


def turned(quarters: int) -> Change:
    """Return a turn by whole quarters, counter-clockwise."""
    return lambda pixels: np.rot90(pixels, quarters, axes=(1, 2))
