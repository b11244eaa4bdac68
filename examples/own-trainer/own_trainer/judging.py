"""How good the file is, and whether it computes what was learnt."""

from __future__ import annotations

import numpy as np

from capforge_contracts.run import ClassificationMetrics, ClassShare, Output, Parity
from own_trainer.graph import ATOL, RTOL, served
from own_trainer.learner import Floats, Model
from own_trainer.regions import Pixels, Regions

_TOP = 5
_PARITY_REGIONS = 64


def judged(file: bytes, data: Regions, outputs: list[Output]) -> ClassificationMetrics:
    """Measure the file itself, not what it was made from; a class without regions has no data."""
    scores, count = served(file, data.crops), len(outputs)
    said = scores.argmax(axis=1)
    confusion = np.zeros((count, count), int)
    np.add.at(confusion, (data.positions, said), 1)
    classes = [_share(output, confusion) for output in outputs]
    known = [one.f1 for one in classes if one.f1 is not None]
    among = np.argsort(-scores, axis=1)[:, :_TOP]
    return ClassificationMetrics(
        objects=len(data),
        top1=float((said == data.positions).mean()),
        top5=float((among == data.positions[:, None]).any(axis=1).mean()) if count > _TOP else None,
        macro_f1=float(np.mean(known)) if known else None,
        classes=classes,
        confusion=confusion.tolist(),
    )


def best_threshold(file: bytes, data: Regions) -> float:
    """Return the confidence from which answers count: the one with the best F1 on dev."""
    scores = served(file, data.crops)
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == data.positions
    tried = np.round(np.arange(0, 1, 0.05), 2)
    f1 = [2 * (right & (confidence >= one)).sum() / ((confidence >= one).sum() + len(right)) for one in tried]
    return float(tried[int(np.argmax(f1))])


def parity(model: Model, file: bytes, crops: Pixels) -> Parity:
    """Compare the file with what was learnt, and a batch of three with the same three alone."""
    picked = crops[:_PARITY_REGIONS]
    expected, answer = model.scores(picked), served(file, picked)
    alone = np.concatenate([served(file, one[None]) for one in picked[:3]])
    close = np.isclose(answer, expected, rtol=RTOL, atol=ATOL).all(axis=1)
    return Parity(
        images=len(picked),
        heads_max_abs_error=float(np.abs(answer - expected).max()),
        detections_matched_percent=float(100 * close.mean()),
        passed=bool(close.all() and np.allclose(alone, answer[:3], rtol=0, atol=ATOL)),
    )


def _share(output: Output, confusion: Floats | np.ndarray) -> ClassShare:
    place = output.position
    right, objects, said = (
        int(one) for one in (confusion[place, place], confusion[place].sum(), confusion[:, place].sum())
    )
    return ClassShare(
        name=output.name,
        objects=objects,
        precision=right / said if said else None,
        recall=right / objects if objects else None,
        f1=2 * right / (said + objects) if objects else None,
    )
