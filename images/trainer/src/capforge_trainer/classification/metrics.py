"""How well regions are classified: shares, per class, and who is taken for whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.run import ClassificationMetrics, ClassShare

_TOP = 5


def classification(scores: NDArray[np.float32], classes: NDArray[np.int64], names: list[str]) -> ClassificationMetrics:
    """Return the metrics of scores [N,C] for regions whose classes [N] are positions of the names."""
    count = len(classes)
    if count == 0:
        return ClassificationMetrics(objects=0, classes=[ClassShare(name=name, objects=0) for name in names])
    confusion = confusion_matrix(scores.argmax(axis=1), classes, len(names))
    shares = [_share(name, confusion, position) for position, name in enumerate(names)]
    known = [one.f1 for one in shares if one.f1 is not None]
    return ClassificationMetrics(
        objects=count,
        top1=_rounded(confusion.trace() / count),
        top5=_rounded(_among_best(scores, classes).mean()) if len(names) > _TOP else None,
        macro_f1=_rounded(sum(known) / len(known)),
        classes=shares,
        confusion=confusion.tolist(),
    )


def confusion_matrix(said: NDArray[np.int64], classes: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return counts [size,size]: true class by row, said class by column."""
    counts = np.bincount(classes * size + said, minlength=size * size)
    return np.asarray(counts.reshape(size, size), np.int64)


def _among_best(scores: NDArray[np.float32], classes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each region whether fewer than five classes score higher than its own."""
    own = scores[np.arange(len(classes)), classes]
    return np.asarray((scores > own[:, None]).sum(axis=1) < _TOP)


def _share(name: str, confusion: NDArray[np.int64], position: int) -> ClassShare:
    hits = int(confusion[position, position])
    objects, said = int(confusion[position].sum()), int(confusion[:, position].sum())
    if objects == 0:
        return ClassShare(name=name, objects=0)
    return ClassShare(
        name=name,
        objects=objects,
        precision=_rounded(hits / said) if said else None,
        recall=_rounded(hits / objects),
        f1=_rounded(2 * hits / (said + objects)),
    )


def _rounded(share: float) -> float:
    return round(float(share), 5)
