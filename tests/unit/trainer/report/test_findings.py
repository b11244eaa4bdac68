"""What strategies tell the report: a detector's confusion and worst images, a field extractor's outcomes."""

from __future__ import annotations

import numpy as np

from capforge_contracts.data_model import DataField, FieldType
from capforge_trainer.data.items import Item
from capforge_trainer.documents.findings import document_findings
from capforge_trainer.documents.judging import Answer
from capforge_trainer.evaluate.coco import Found, evaluate
from capforge_trainer.evaluate.matching import matched
from capforge_trainer.report.detections import detection_findings
from tests.unit.trainer.report.told import pixels

NAMES = ["disc", "square"]


def item(name: str, *objects: tuple[int, float, float]) -> Item:
    """An image 300 x 200 with objects (class, left, top) of 50 x 50 pixels."""
    boxes = np.array([[left, top, left + 50, top + 50] for _, left, top in objects], np.float32).reshape(-1, 4)
    return Item(name, name, 300, 200, np.array([one for one, _, _ in objects], np.int64), boxes)


def found(*detections: tuple[int, float, float, float]) -> Found:
    """Detections (class, score, left, top), best first, of the same size."""
    boxes = np.array([[left, top, left + 50, top + 50] for *_, left, top in detections], np.float32).reshape(-1, 4)
    scores = np.array([one[1] for one in detections], np.float32)
    return Found(boxes, scores, np.array([one[0] for one in detections], np.int64))


def test_an_object_of_the_same_class_is_matched_before_one_of_another() -> None:
    both = item("a", (1, 0, 0), (0, 4, 0))
    match = matched(both, found((0, 0.9, 1, 0)), 0.5)
    assert (match.pairs, match.missed, match.invented) == (((1, 0),), (0,), ())


def test_what_is_below_the_threshold_is_not_said() -> None:
    match = matched(item("a", (0, 0, 0)), found((0, 0.4, 0, 0)), 0.5)
    assert (match.pairs, match.missed, match.invented) == ((), (0,), ())


def test_one_object_answers_for_one_detection() -> None:
    match = matched(item("a", (0, 0, 0)), found((0, 0.9, 2, 0), (0, 0.8, 0, 0), (1, 0.7, 1, 0)), 0.5)
    assert (match.pairs, match.invented) == (((0, 0),), (1, 2))


def test_an_image_without_objects_has_inventions_only() -> None:
    match = matched(item("a"), found((0, 0.9, 2, 0)), 0.5)
    assert (match.pairs, match.missed, match.invented) == ((), (), (0,))


def test_a_detectors_findings_are_the_confusion_the_curves_and_the_worst_images_first() -> None:
    dev = [
        item("right", (0, 0, 0)),
        item("mixed", (0, 0, 0), (1, 100, 100)),
        item("missed", (0, 0, 0), (1, 100, 100)),
    ]
    said = [
        found((0, 0.9, 0, 0)),
        found((1, 0.8, 0, 0), (1, 0.7, 100, 100)),
        found((0, 0.6, 200, 0), (0, 0.1, 0, 0)),
    ]
    told = detection_findings(NAMES, [("dev", dev)], dev, said, evaluate(dev, said, NAMES), 0.5, lambda _: pixels())
    assert told.counts[0].cells.tolist() == [[1, 1, 1], [0, 1, 1], [1, 0, 0]]
    assert [(one.name, one.what) for one in told.mistakes] == [
        ("missed", "1 disc missed, 1 square missed, 1 disc where nothing is"),
        ("mixed", "1 disc taken for square"),
    ]
    marks = told.mistakes[1].pictures[0].marks
    assert [(mark.label, mark.truth) for mark in marks] == [("disc", True), ("square 0.80", False)]
    assert told.trades[0].name == "all classes"
    assert {one.name for one in told.trades} == {"all classes", "disc", "square"}
    assert told.data[0].totals == {"images": 3, "objects": 5}


def answer(document: str, confidence: float, *, present: bool, says: bool, hit: bool = False) -> Answer:
    return Answer(document, "total", present, says, confidence, hit)


def test_a_field_extractors_findings_tell_what_becomes_of_each_field_and_no_word_of_a_document() -> None:
    answers = [
        answer("right", 0.9, present=True, says=True, hit=True),
        answer("none", 0.1, present=False, says=False),
        answer("wrong", 0.8, present=True, says=True),
        answer("held", 0.3, present=True, says=True, hit=True),
        answer("nothing", 0.0, present=True, says=False),
        answer("invented", 0.95, present=False, says=True),
    ]
    told = document_findings([DataField(name="total", type=FieldType.AMOUNT)], [], answers, {"total": 0.5})
    assert told.counts[0].cells.tolist() == [[1, 1, 1, 2, 1]]
    assert [(one.name, one.what) for one in told.mistakes] == [
        ("invented", "total: a value, the person says none (confidence 0.95, threshold 0.50)"),
        ("wrong", "total: another value than the person's (confidence 0.80, threshold 0.50)"),
        ("held", "total: the right value, held back (confidence 0.30, threshold 0.50)"),
        ("nothing", "total: nothing found"),
    ]
    assert not any(one.pictures for one in told.mistakes)
    assert told.trades[0].name == "total"
    assert told.counted_in == "step"
