"""What augmentation does to an image, and which of it a training set gets."""

from __future__ import annotations

import numpy as np
import pytest

from capforge_trainer.config import AugmentationParameters
from capforge_trainer.data.augment import Augmentation, Labelled
from capforge_trainer.data.colour import recoloured
from capforge_trainer.data.items import Item
from capforge_trainer.data.pictures import Picture
from capforge_trainer.data.suited import suited
from capforge_trainer.data.turning import frame_around, quarter_turned, tilted

_STILL = AugmentationParameters(
    horizontal_flip=0, turn_degrees=0, stretch=0, scale_min=1, scale_max=1, colour=0, mosaic=0, quarter_turns="Never"
)


def _labelled(boxes: list[list[int]], width: int = 120, height: int = 90) -> Labelled:
    """White rectangles on black."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = 255
    gold = np.array(boxes, np.float32).reshape(-1, 4)
    return Labelled(Item("one", "0", width, height, np.zeros(len(boxes), np.int64), gold), Picture(pixels, 1))


def _white(pixels: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(pixels[..., 0] > 160)  # above the grey of the padding
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("quarters", range(4))
def test_a_box_follows_whole_quarters_exactly(quarters: int):
    image = _labelled([[10, 20, 50, 40]])
    turned = quarter_turned(image.item.boxes, (120, 90), quarters)
    np.testing.assert_array_equal(turned[0], _white(np.rot90(image.picture.pixels, quarters)))


@pytest.mark.parametrize("degrees", [-20.0, -3.0, 5.0, 30.0])
def test_a_box_follows_a_few_degrees_nearly(degrees: float):
    image = _labelled([[45, 35, 75, 55]])
    pixels, boxes = tilted(image.picture.pixels, image.item.boxes, (100, 80), degrees)
    assert pixels.shape == (80, 100, 3)
    of_a_rectangle = _white(pixels)
    assert np.abs((boxes[0, :2] + boxes[0, 2:]) - (of_a_rectangle[:2] + of_a_rectangle[2:])).max() <= 2, "same centre"
    sides, largest = boxes[0, 2:] - boxes[0, :2], of_a_rectangle[2:] - of_a_rectangle[:2]
    assert (sides <= largest + 1).all()
    assert (sides >= 0.8 * largest).all()


def test_a_turned_frame_has_no_grey_corners():
    frame, degrees = (100, 60), 17.0
    width, height = frame_around(frame, degrees)
    white = np.full((height, width, 3), 255, np.uint8)
    pixels, _ = tilted(white, np.zeros((0, 4), np.float32), frame, degrees)
    assert (pixels == 255).mean() > 0.999


@pytest.mark.parametrize("seed", range(8))
def test_boxes_follow_turns_by_quarters_mirrors_and_stretches(seed: int):
    changed = _STILL.model_copy(
        update={
            "quarter_turns": "Always",
            "horizontal_flip": 0.5,
            "vertical_flip": 0.5,
            "stretch": 0.5,
            "scale_min": 0.5,
        }
    )
    image = _labelled([[10, 20, 50, 40]])
    sample = Augmentation(changed, 160, 128)(image, lambda: image, np.random.default_rng(seed), plain=True)
    assert sample.pixels.shape == (128, 160, 3)
    assert np.abs(_white(sample.pixels) - sample.boxes[0]).max() <= 2


@pytest.mark.parametrize("seed", range(8))
def test_an_enlarged_image_shows_one_of_its_objects_whole(seed: int):
    zoomed = _STILL.model_copy(update={"scale_min": 3.0, "scale_max": 3.0})
    image = _labelled([[2, 2, 22, 17], [100, 70, 118, 88]])
    sample = Augmentation(zoomed, 120, 90)(image, lambda: image, np.random.default_rng(seed), plain=True)
    whole = {(60, 45), (54, 54)}
    assert any(tuple(np.round(box[2:] - box[:2]).astype(int).tolist()) in whole for box in sample.boxes)


def test_an_image_without_objects_is_a_sample_too():
    image = _labelled([])
    sample = Augmentation(AugmentationParameters(mosaic=1), 120, 90)(
        image, lambda: image, np.random.default_rng(0), plain=False
    )
    assert sample.boxes.shape == (0, 4)
    assert sample.classes.shape == (0,)


def test_other_light_keeps_grey_grey_and_shapes_in_place():
    pixels = _labelled([[45, 35, 75, 55]]).picture.pixels // 2 + 60
    for seed in range(10):
        changed = recoloured(pixels, 0.5, np.random.default_rng(seed))
        assert changed.dtype == np.uint8
        assert np.ptp(changed, axis=2).max() <= 1, "saturation and hue do nothing to grey"
        assert changed[40, 50, 0] >= changed[10, 10, 0], "what was lighter is not darker"
    assert recoloured(pixels, 0.0, np.random.default_rng(0)) is pixels


def test_other_light_changes_colours_a_little():
    red = np.zeros((16, 16, 3), np.uint8) + np.array([200, 40, 40], np.uint8)
    seen = np.array([recoloured(red, 0.3, np.random.default_rng(seed))[0, 0] for seed in range(20)])
    assert len(np.unique(seen, axis=0)) > 15
    assert (seen[:, 0] > seen[:, 1:].max(axis=1) + 50).all(), "red stays red"


def _set(boxes: list[list[int]], per_image: int) -> list[Item]:
    parts = [boxes[start : start + per_image] for start in range(0, len(boxes), per_image)]
    return [_labelled(part).item for part in parts]


_WIDE, _TALL = [10, 10, 50, 30], [10, 10, 30, 50]


@pytest.mark.parametrize(
    ("boxes", "asked", "turns"),
    [
        pytest.param([_WIDE] * 9 + [_TALL], "Auto", "Always", id="seen both ways"),
        pytest.param([_TALL] * 10, "Auto", "Never", id="always upright"),
        pytest.param([], "Auto", "Never", id="no object"),
        pytest.param([_TALL] * 10, "Always", "Always", id="asked for"),
        pytest.param([_WIDE, _TALL], "Never", "Never", id="forbidden"),
    ],
)
def test_images_are_turned_where_their_objects_lie_any_way(boxes: list[list[int]], asked: str, turns: str):
    parameters = AugmentationParameters.model_validate({"quarterTurns": asked})
    found = suited(parameters, _set(boxes, 1) or [_labelled([]).item])
    assert found.parameters.quarter_turns == turns


@pytest.mark.parametrize(("per_image", "share"), [(1, 0.8), (4, 0.8), (8, 0.4), (16, 0.2)])
def test_the_fewer_objects_an_image_holds_the_more_often_four_are_joined(per_image: int, share: float):
    found = suited(AugmentationParameters(mosaic=0.8), _set([_WIDE] * 16, per_image))
    assert found.parameters.mosaic == pytest.approx(share)


@pytest.mark.parametrize("seed", range(8))
def test_a_window_shows_objects_as_large_as_the_whole_input_does(seed: int):
    image = _labelled([[10, 20, 50, 40], [100, 60, 112, 80]])
    windows = Augmentation(_STILL, 240, 180, (96, 64))
    sample = windows(image, lambda: image, np.random.default_rng(seed), plain=True)
    assert sample.pixels.shape == (64, 96, 3)
    whole = {(80, 40), (24, 40)}
    found = {tuple(np.round(box[2:] - box[:2]).astype(int).tolist()) for box in sample.boxes if _is_inside(box, 96, 64)}
    assert found <= whole


def _is_inside(box: np.ndarray, width: int, height: int) -> bool:
    return bool((box[:2] > 0).all() and box[2] < width and box[3] < height)
