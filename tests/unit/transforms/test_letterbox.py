from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_transforms import PADDING, boxes_to_image, boxes_to_model, letterbox, place

SIDES = st.integers(1, 4000)
SHARE = st.floats(0, 1)


def test_a_wide_picture_lies_in_the_middle_between_grey_margins():
    canvas, placement = letterbox(np.zeros((50, 100, 3), np.uint8), 64, 64)
    assert (placement.left, placement.top, placement.scaled_width, placement.scaled_height) == (0, 16, 64, 32)
    assert (canvas[:16] == PADDING).all()
    assert (canvas[16:48] == 0).all()
    assert (canvas[48:] == PADDING).all()


def test_a_picture_of_the_canvas_size_is_unchanged():
    image = np.random.default_rng(0).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    canvas, _ = letterbox(image, 48, 32)
    assert (canvas == image).all()


def test_a_small_object_survives_shrinking():
    image = np.zeros((900, 900, 3), np.uint8)
    image[450:453, 450:453] = 255
    canvas, _ = letterbox(image, 300, 300)
    assert canvas[150, 150].tolist() == [255, 255, 255]


@pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 1), (1, 1)], ids=str)
def test_extreme_shapes_fit(shape: tuple[int, int]):
    canvas, placement = letterbox(np.zeros((*shape, 3), np.uint8), 320, 256)
    assert canvas.shape == (256, 320, 3)
    assert placement.scaled_width >= 1
    assert placement.scaled_height >= 1


@given(SIDES, SIDES, st.integers(32, 1024), st.integers(32, 1024))
def test_the_picture_always_lies_inside_the_canvas(image_width: int, image_height: int, width: int, height: int):
    placement = place(image_width, image_height, width, height)
    assert placement.left >= 0
    assert placement.left + placement.scaled_width <= width
    assert placement.top >= 0
    assert placement.top + placement.scaled_height <= height
    assert placement.scaled_width == width or placement.scaled_height == height


@given(SIDES, SIDES, st.integers(32, 1024), st.integers(32, 1024), SHARE, SHARE, SHARE, SHARE)
def test_boxes_come_back_within_a_pixel(
    image_width: int, image_height: int, width: int, height: int, a: float, b: float, c: float, d: float
):
    placement = place(image_width, image_height, width, height)
    x0, x1 = sorted((a * image_width, b * image_width))
    y0, y1 = sorted((c * image_height, d * image_height))
    boxes = np.array([[x0, y0, x1, y1]])
    returned = boxes_to_image(boxes_to_model(boxes, placement), placement)
    assert np.abs(returned - boxes).max() <= 1


def test_boxes_in_the_margin_are_clipped_to_the_image():
    placement = place(100, 50, 64, 64)
    assert boxes_to_image(np.array([[-5.0, 0.0, 70.0, 64.0]]), placement).tolist() == [[0.0, 0.0, 100.0, 50.0]]


def test_boxes_outside_the_image_are_clipped_to_its_part_of_the_canvas():
    placement = place(100, 50, 64, 64)
    assert boxes_to_model(np.array([[-50.0, -50.0, 500.0, 500.0]]), placement).tolist() == [[0.0, 16.0, 64.0, 48.0]]


def test_no_boxes_stay_no_boxes():
    placement = place(100, 50, 64, 64)
    assert boxes_to_model(np.zeros((0, 4)), placement).shape == (0, 4)
    assert boxes_to_image(np.zeros((0, 4)), placement).shape == (0, 4)
