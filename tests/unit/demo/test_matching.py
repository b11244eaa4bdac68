"""How many gold boxes count as found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge.draw import Detection
from capforge_demo.boxes import iou, matched
from capforge_demo.coco import Box, Gold

_SIDE = st.floats(0, 1000, allow_nan=False)
_BOXES = st.tuples(_SIDE, _SIDE, _SIDE, _SIDE).map(
    lambda s: (min(s[0], s[2]), min(s[1], s[3]), max(s[0], s[2]), max(s[1], s[3]))
)


def _found(box: Box, name: str = "cat", confidence: float = 0.9) -> Detection:
    return Detection(name, 0, confidence, box)


def test_half_overlapping_boxes_have_an_iou_of_a_third() -> None:
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)


@given(_BOXES, _BOXES)
def test_iou_is_symmetric_and_between_0_and_1(a: Box, b: Box) -> None:
    assert iou(a, b) == iou(b, a)
    assert 0 <= iou(a, b) <= 1 + 1e-9


def test_a_box_of_another_class_is_no_match() -> None:
    assert matched([Gold("dog", (0, 0, 10, 10))], [_found((0, 0, 10, 10))]) == set()


def test_one_prediction_finds_one_object() -> None:
    gold = [Gold("cat", (0, 0, 10, 10)), Gold("cat", (1, 0, 11, 10))]
    assert len(matched(gold, [_found((0, 0, 10, 10))])) == 1


def test_the_more_confident_prediction_chooses_first() -> None:
    gold = [Gold("cat", (0, 0, 10, 10)), Gold("cat", (3, 0, 13, 10))]
    assert matched(gold, [_found((3, 0, 13, 10), confidence=0.9), _found((1, 0, 11, 10), confidence=0.5)]) == {0, 1}


def test_a_loose_box_is_no_match() -> None:
    assert matched([Gold("cat", (0, 0, 10, 10))], [_found((6, 0, 16, 10))]) == set()
