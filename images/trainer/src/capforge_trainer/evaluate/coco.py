"""Detection metrics by pycocotools: matching, precision and recall are the library's."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from capforge_contracts.run import ClassMetrics, DetectionMetrics
from capforge_trainer.data.items import Item
from capforge_trainer.evaluate.threshold import best_f1_threshold

_IOU_50 = 0
_ALL_AREAS = 0
_MOST_DETECTIONS = -1


@dataclass(frozen=True)
class Found:
    """Detections of one image in its own pixels, best first: boxes [D,4] xyxy, scores [D] 0-1, classes [D]."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


@dataclass(frozen=True)
class Evaluation:
    """What the library found out about one set."""

    names: tuple[str, ...]
    images: int
    objects: tuple[int, ...]
    """Per class."""
    ap50: tuple[float | None, ...]
    ap50_95: tuple[float | None, ...]
    """Per class; None where the set has no object of it."""
    scores: tuple[NDArray[np.float64], ...]
    """Per class, of all detections, falling."""
    correct: tuple[NDArray[np.bool_], ...]
    """Per class, whether the detection found an object (IoU 0.5) that no better one had found."""

    @property
    def map50(self) -> float | None:
        """Mean over the classes that occur; None if none does."""
        return _mean(self.ap50)

    @property
    def map50_95(self) -> float | None:
        """Mean over the classes that occur, over IoU 0.5 to 0.95; None if none does."""
        return _mean(self.ap50_95)

    def best_f1_threshold(self) -> float | None:
        """Return the threshold of the best F1 over all classes; None where nothing was found or is to be found."""
        return best_f1_threshold(np.concatenate(self.scores), np.concatenate(self.correct), sum(self.objects))

    def metrics(self, threshold: float) -> DetectionMetrics:
        """Return the metrics as the card stores them, precision and recall at the threshold."""
        taken = [int((scores >= threshold).sum()) for scores in self.scores]
        hits = [int(correct[:count].sum()) for correct, count in zip(self.correct, taken, strict=True)]
        rows = zip(self.names, self.objects, self.ap50, self.ap50_95, taken, hits, strict=True)
        precision, recall = _ratio(sum(hits), sum(taken)), _ratio(sum(hits), sum(self.objects))
        return DetectionMetrics(
            images=self.images,
            objects=sum(self.objects),
            map50=_rounded(self.map50),
            map50_95=_rounded(self.map50_95),
            precision=precision,
            recall=recall,
            f1=_ratio(2 * sum(hits), sum(taken) + sum(self.objects)) if sum(self.objects) else None,
            classes=[_class_metrics(*row) for row in rows],
        )


def evaluate(items: list[Item], found: list[Found], names: list[str]) -> Evaluation:
    """Compare detections with the gold of the same images (classes are positions in `names`)."""
    with contextlib.redirect_stdout(io.StringIO()):  # the library talks
        gold = _gold(items, names)
        result = COCOeval(gold, _results(gold, _rows(found)), "bbox")
        result.params.maxDets = [1, 10, max([1, *(len(one.scores) for one in found)])]
        result.params.areaRng, result.params.areaRngLbl = [[0, 1e10]], ["all"]
        result.evaluate()
        result.accumulate()
    counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *(i.classes for i in items)]), minlength=len(names))
    precision = result.eval["precision"]
    hits = [_hits(result, position, len(items)) for position in range(len(names))]
    return Evaluation(
        names=tuple(names),
        images=len(items),
        objects=tuple(counts.tolist()),
        ap50=tuple(_average(precision[_IOU_50, :, k, _ALL_AREAS, _MOST_DETECTIONS]) for k in range(len(names))),
        ap50_95=tuple(_average(precision[:, :, k, _ALL_AREAS, _MOST_DETECTIONS]) for k in range(len(names))),
        scores=tuple(scores for scores, _ in hits),
        correct=tuple(correct for _, correct in hits),
    )


def _gold(items: list[Item], names: list[str]) -> COCO:
    annotations = [
        {
            "id": 0,
            "image_id": index,
            "category_id": int(category),
            "bbox": _xywh(box),
            "area": float((box[2] - box[0]) * (box[3] - box[1])),
            "iscrowd": 0,
        }
        for index, item in enumerate(items)
        for category, box in zip(item.classes, item.boxes, strict=True)
    ]
    for number, annotation in enumerate(annotations, start=1):  # the library takes id 0 for "no match"
        annotation["id"] = number
    gold = COCO()
    gold.dataset = {
        "info": {},
        "images": [{"id": index, "width": one.width, "height": one.height} for index, one in enumerate(items)],
        "categories": [{"id": position, "name": name} for position, name in enumerate(names)],
        "annotations": annotations,
    }
    gold.createIndex()
    return gold


def _results(gold: COCO, rows: NDArray[np.float64]) -> COCO:
    if len(rows):
        return gold.loadRes(rows)
    nothing = COCO()  # the library's loadRes fails where nothing was found
    nothing.dataset = {**gold.dataset, "annotations": []}
    nothing.createIndex()
    return nothing


def _rows(found: list[Found]) -> NDArray[np.float64]:
    """Return detections as the library's table [D,7]: image, x, y, width, height, score, class."""
    rows = [
        [index, *_xywh(box), float(score), int(category)]
        for index, one in enumerate(found)
        for box, score, category in zip(one.boxes, one.scores, one.classes, strict=True)
    ]
    return np.array(rows, np.float64).reshape(-1, 7)


def _hits(result: COCOeval, position: int, images: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    start = position * images  # evalImgs: class by class, one area, image by image
    found = [one for one in result.evalImgs[start : start + images] if one is not None]
    scores = np.concatenate([np.zeros(0), *(np.asarray(one["dtScores"], np.float64) for one in found)])
    correct = np.concatenate([np.zeros(0, bool), *(one["dtMatches"][_IOU_50] > 0 for one in found)])
    order = np.argsort(-scores, kind="stable")
    return scores[order], correct[order]


def _xywh(box: NDArray[np.float32]) -> list[float]:
    left, top, right, bottom = (float(value) for value in box)
    return [left, top, right - left, bottom - top]


def _average(precision: NDArray[np.float64]) -> float | None:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else None


def _mean(values: tuple[float | None, ...]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _class_metrics(
    name: str, objects: int, ap50: float | None, ap50_95: float | None, taken: int, hits: int
) -> ClassMetrics:
    return ClassMetrics(
        name=name,
        objects=objects,
        ap50=_rounded(ap50),
        ap50_95=_rounded(ap50_95),
        precision=_ratio(hits, taken) if objects else None,
        recall=_ratio(hits, objects),
    )
