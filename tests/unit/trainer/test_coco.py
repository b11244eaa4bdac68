"""Metrics: what they say where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from capforge_trainer.data.items import Item
from capforge_trainer.evaluate.coco import Found, evaluate

_BOXES = np.array([[10, 10, 30, 30], [50, 50, 90, 80]], np.float32)


def _item(classes: list[int], boxes: np.ndarray = _BOXES) -> Item:
    return Item("a.png", "0" * 64, 100, 100, np.array(classes, np.int64), boxes[: len(classes)])


def _found(boxes: np.ndarray, scores: list[float], classes: list[int]) -> Found:
    return Found(boxes.astype(np.float32), np.array(scores, np.float32), np.array(classes, np.int64))


def test_perfect_answers_are_perfect():
    evaluation = evaluate([_item([0, 1])], [_found(_BOXES, [0.9, 0.8], [0, 1])], ["a", "b"])
    assert evaluation.map50 == pytest.approx(1)
    assert evaluation.map50_95 == pytest.approx(1)
    metrics = evaluation.metrics(0.5)
    assert (metrics.precision, metrics.recall, metrics.f1) == (1, 1, 1)


def test_the_threshold_of_best_f1_lies_below_the_last_right_answer():
    wrong = np.array([[0, 60, 20, 90]], np.float32)
    found = _found(np.concatenate([_BOXES, wrong]), [0.9, 0.8, 0.4], [0, 0, 0])
    threshold = evaluate([_item([0, 0])], [found], ["a"]).best_f1_threshold()
    assert threshold == pytest.approx(0.6)


def test_a_second_answer_for_one_object_is_wrong():
    found = _found(np.stack([_BOXES[0], _BOXES[0] + 1]), [0.9, 0.8], [0, 0])
    metrics = evaluate([_item([0])], [found], ["a"]).metrics(0.5)
    assert (metrics.precision, metrics.recall) == (0.5, 1)


def test_a_class_that_is_not_in_the_set_is_no_data_and_does_not_lower_the_mean():
    found = _found(np.concatenate([_BOXES[:1], _BOXES[1:]]), [0.9, 0.7], [0, 1])
    evaluation = evaluate([_item([0])], [found], ["a", "b"])
    assert evaluation.map50 == pytest.approx(1)
    absent = evaluation.metrics(0.5).classes[1]
    assert (absent.objects, absent.ap50, absent.precision, absent.recall) == (0, None, None, None)


def test_an_image_without_objects_counts_false_alarms():
    items = [_item([0]), _item([])]
    found = [_found(_BOXES[:1], [0.6], [0]), _found(_BOXES[1:], [0.9], [0])]
    evaluation = evaluate(items, found, ["a"])
    assert evaluation.map50 == pytest.approx(0.5, abs=0.01)


def test_nothing_found_is_zero_and_has_no_threshold():
    evaluation = evaluate([_item([0, 1])], [_found(np.zeros((0, 4)), [], [])], ["a", "b"])
    assert evaluation.map50 == 0
    assert evaluation.best_f1_threshold() is None
    metrics = evaluation.metrics(0.5)
    assert (metrics.precision, metrics.recall) == (None, 0)


def test_more_than_a_hundred_objects_are_all_counted():
    grid = np.array([[x, y, x + 4, y + 4] for x in range(0, 100, 6) for y in range(0, 60, 6)], np.float32)
    item = Item("many.png", "0" * 64, 100, 100, np.zeros(len(grid), np.int64), grid)
    found = _found(grid, np.linspace(0.9, 0.5, len(grid)).tolist(), [0] * len(grid))
    assert len(grid) > 100
    assert evaluate([item], [found], ["a"]).map50 == pytest.approx(1)
