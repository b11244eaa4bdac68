"""What a classifier's training is made of: the draw, the changes to crops, the figures."""

from __future__ import annotations

import numpy as np
import pytest

from capforge_trainer.classification.augment import MARGIN, CropAugmentation
from capforge_trainer.classification.draw import BalancedDraw
from capforge_trainer.classification.metrics import classification
from capforge_trainer.classification.parameters import ClassifierAugmentationParameters

_STILL = ClassifierAugmentationParameters(turn_degrees=0, zoom=0, shift=0, colour=0, hide=0)


def _classes(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def _drawn(draw: BalancedDraw, epoch: int = 0) -> list[int]:
    return [region for group in draw.groups(epoch) for region in group]


def test_every_region_comes_once_where_nothing_is_balanced():
    draw = BalancedDraw(_classes(200, 56), batch_size=16, balance=0.0, seed=1)
    assert sorted(_drawn(draw)) == list(range(256))
    assert draw.shift.tolist() == pytest.approx([0, 0])


def test_full_balance_draws_each_class_equally_often():
    classes = _classes(360, 30, 10)
    drawn = classes[_drawn(BalancedDraw(classes, batch_size=20, balance=1.0, seed=1))]
    counts = np.bincount(drawn)
    assert counts.max() - counts.min() <= 2


def test_half_a_balance_lies_between_and_its_shift_says_by_how_much():
    classes = _classes(900, 100)
    draw = BalancedDraw(classes, batch_size=10, balance=0.5, seed=3)
    counts = np.bincount(classes[_drawn(draw)])
    assert counts[0] / counts[1] == pytest.approx(3, rel=0.05)  # the root of nine
    assert np.exp(draw.shift[1] - draw.shift[0]) == pytest.approx(3, rel=1e-6)


def test_an_epoch_of_few_regions_is_several_passes():
    draw = BalancedDraw(_classes(3, 2), batch_size=8, balance=0.5, seed=0)
    assert draw.steps() >= 10
    assert set(_drawn(draw)) == set(range(5))


def test_a_draw_depends_on_seed_and_epoch_alone():
    def groups(seed: int, epoch: int) -> list[list[int]]:
        return BalancedDraw(_classes(40, 9), batch_size=8, balance=0.5, seed=seed).groups(epoch)

    assert groups(1, 2) == groups(1, 2)
    assert groups(1, 2) != groups(1, 3)
    assert groups(1, 2) != groups(2, 2)


def test_processes_share_a_draw_without_overlap():
    draw = BalancedDraw(_classes(300, 84), batch_size=16, balance=0.0, seed=5)
    mine, theirs = ([one for group in draw.groups(0, rank, 2) for one in group] for rank in (0, 1))
    assert len(mine) == len(theirs) == draw.steps(2) * 16
    assert not set(mine) & set(theirs)


def test_without_strength_a_crop_is_the_middle_of_the_wider_one():
    wide = np.random.default_rng(0).integers(0, 255, (40, 80, 3), dtype=np.uint8)
    changed = CropAugmentation(_STILL, 64, 32)(wide, np.random.default_rng(1))
    assert MARGIN * 64 == 8
    assert (changed == wide[4:36, 8:72]).all()


def test_a_change_depends_on_its_generator_alone_and_leaves_the_crop_as_it_was():
    wide = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    before = wide.copy()
    change = CropAugmentation(ClassifierAugmentationParameters(hide=1.0, vertical_flip=0.5), 32, 32)
    one, again, other = (change(wide, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == (32, 32, 3)
    assert (one == again).all()
    assert (one != other).any()
    assert (wide == before).all()


def test_turning_brings_in_what_lies_around():
    wide = np.full((40, 40, 3), 200, np.uint8)
    change = CropAugmentation(_STILL.model_copy(update={"turn_degrees": 180.0}), 32, 32)
    assert (change(wide, np.random.default_rng(3)) == 200).all()


def _one_hot(*said: int, size: int) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[list(said)]


def test_the_figures_of_a_known_case():
    metrics = classification(_one_hot(0, 0, 1, 0, size=3), np.array([0, 0, 1, 1]), ["a", "b", "c"])
    assert (metrics.objects, metrics.top1, metrics.top5) == (4, 0.75, None)
    a, b, c = metrics.classes
    assert (a.objects, a.precision, a.recall, a.f1) == (2, pytest.approx(2 / 3, abs=1e-4), 1.0, 0.8)
    assert (b.objects, b.precision, b.recall, b.f1) == (2, 1.0, 0.5, pytest.approx(2 / 3, abs=1e-4))
    assert (c.objects, c.precision, c.recall, c.f1) == (0, None, None, None)
    assert metrics.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2, abs=1e-4)
    assert metrics.confusion == [[2, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_a_class_that_is_never_said_has_no_precision_and_an_f1_of_zero():
    a, b = classification(_one_hot(0, 0, size=2), np.array([0, 1]), ["a", "b"]).classes
    assert (b.precision, b.recall, b.f1) == (None, 0.0, 0.0)
    assert a.precision == 0.5


def test_the_best_five_count_where_there_are_more_classes():
    scores = np.tile(np.linspace(0.3, 0.0, 7, dtype=np.float32), (3, 1))
    metrics = classification(scores, np.array([0, 4, 5]), list("abcdefg"))
    assert (metrics.top1, metrics.top5) == (pytest.approx(1 / 3, abs=1e-4), pytest.approx(2 / 3, abs=1e-4))


def test_without_regions_there_is_no_data():
    metrics = classification(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), ["a", "b"])
    assert (metrics.objects, metrics.top1, metrics.macro_f1, metrics.confusion) == (0, None, None, [])
