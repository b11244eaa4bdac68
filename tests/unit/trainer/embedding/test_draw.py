"""Which regions meet in a batch."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from capforge_trainer.embedding.draw import LEAST_STEPS, ClassDraw


def _classes(*counts: int) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts)), counts)


@pytest.mark.parametrize(
    ("counts", "together", "each"),
    [
        pytest.param([20] * 50, 16, 4, id="many classes"),
        pytest.param([1000, 10, 5], 3, 21, id="three classes share the batch"),
        pytest.param([3, 1], 2, 32, id="fewer regions than places"),
    ],
)
def test_a_batch_has_equally_many_regions_of_several_classes(counts: list[int], together: int, each: int):
    classes = _classes(*counts)
    for group in ClassDraw(classes, batch_size=64, regions_per_class=4, seed=1).groups(0):
        assert sorted(Counter(classes[group].tolist()).values()) == [each] * together


def test_no_region_comes_twice_before_all_others_of_its_class():
    classes = _classes(150, 150)
    draw = ClassDraw(classes, batch_size=16, regions_per_class=8, seed=2)
    regions = [region for group in draw.groups(0) for region in group if classes[region] == 0]
    assert len(regions) >= 150
    assert len(set(regions[:150])) == 150


def test_a_rare_class_comes_up_more_often_than_it_occurs_and_a_common_one_still_more():
    classes = _classes(*[100] * 10, *[4] * 10)
    draw = ClassDraw(classes, batch_size=8, regions_per_class=4, seed=3)
    drawn = Counter(int(classes[group[0]] >= 10) for epoch in range(20) for group in draw.groups(epoch))
    rare = drawn[1] / drawn.total()
    assert 4 / 104 < rare < 0.4


def test_an_epoch_is_the_same_whenever_it_is_drawn_and_another_one_is_not():
    draw = ClassDraw(_classes(9, 9, 9), batch_size=6, regions_per_class=2, seed=4)
    assert draw.groups(5) == draw.groups(5)
    assert draw.groups(5) != draw.groups(6)


def test_an_epoch_of_few_regions_is_long_enough_to_learn_something():
    draw = ClassDraw(_classes(4, 4), batch_size=8, regions_per_class=4, seed=6)
    assert draw.steps() == len(draw.groups(0)) == LEAST_STEPS


def test_processes_get_batches_of_their_own_and_equally_many():
    draw = ClassDraw(_classes(*[12] * 8), batch_size=8, regions_per_class=4, seed=5)
    parts = [draw.groups(0, rank, 3) for rank in range(3)]
    assert {len(part) for part in parts} == {draw.steps(3)}
    assert parts[0] != parts[1]
