"""Version 2: the JPEG decoder shrinks. The same places and nearly the same colours as shrinking the whole picture."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from capforge_transforms import DEFAULT_LIMITS, NotAnImage, Placement, Transforms, Truncated, place, transforms
from tests.unit.transforms.pictures import difference, encoded

ONE, TWO = transforms("1"), transforms("2")
SIZES = [(640, 480), (641, 479), (1023, 767), (2047, 1531), (333, 222), (161, 97), (90, 60), (17, 1000), (1, 1), (3, 5)]
UNDO = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""PIL.Image.Transpose that stores an upright scene in this orientation."""


def scene(width: int, height: int) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
    """Return a dark picture with one bright rectangle off its centre, and the rectangle (xyxy)."""
    picture = np.full((height, width, 3), 20, np.uint8)
    box = (width // 8, height // 4, width // 2, height - height // 8)
    picture[box[1] : box[3], box[0] : box[2]] = 235
    return picture, box


def stored(picture: NDArray[np.uint8], orientation: int) -> bytes:
    image = Image.fromarray(picture)
    turned = image.transpose(Image.Transpose(UNDO[orientation])) if orientation in UNDO else image
    return encoded(turned, "JPEG", quality=95, subsampling=0, orientation=orientation)


def found(canvas: NDArray[np.uint8], placement: Placement) -> NDArray[np.float32]:
    """Return the bright rectangle in image pixels, its edges placed to fractions of a canvas pixel."""
    light = (canvas[..., 1].astype(float) - 20).clip(0) / 215
    light[:, : placement.left], light[:, placement.left + placement.scaled_width :] = 0, 0
    light[: placement.top], light[placement.top + placement.scaled_height :] = 0, 0
    edges = []
    for profile in (light.max(axis=0), light.max(axis=1)):
        middle = int(np.argmax(profile > 0.9))
        edges.append((middle + 1 - profile[: middle + 1].sum(), middle + profile[middle:].sum()))
    (x0, x1), (y0, y1) = edges
    return TWO.boxes_to_image(np.array([[x0, y0, x1, y1]]), placement)[0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(640, 480), (641, 479), (1023, 767), (1531, 2047), (333, 222)], ids=str)
def test_boxes_are_at_the_same_pixel_however_the_file_is_turned(size: tuple[int, int], orientation: int):
    picture, box = scene(*size)
    canvas, placement = TWO.canvas(stored(picture, orientation), DEFAULT_LIMITS, 128, 96)
    canvas_pixel = max(1 / placement.scale_x, 1 / placement.scale_y)
    assert found(canvas, placement) == pytest.approx(np.array(box), abs=max(1.0, 0.15 * canvas_pixel))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_canvas_is_nearly_that_of_the_whole_picture(size: tuple[int, int]):
    x, y = np.linspace(0, 150, size[0])[None, :, None], np.linspace(0, 80, size[1])[:, None, None]
    data = encoded(Image.fromarray((x + y + np.array([0.0, 5.0, 20.0])).astype(np.uint8)), "JPEG", quality=95)
    for width, height in ((128, 96), (64, 320), (320, 320)):
        slow, was = ONE.canvas(data, DEFAULT_LIMITS, width, height)
        fast, now = TWO.canvas(data, DEFAULT_LIMITS, width, height)
        assert fast.shape == slow.shape == (height, width, 3)
        assert fast.flags.c_contiguous
        assert (now.left, now.top, now.scaled_width, now.scaled_height) == (
            was.left, was.top, was.scaled_width, was.scaled_height
        )  # fmt: skip
        assert np.abs(fast.astype(int) - slow).mean() < 2


def test_a_picture_of_twice_the_size_is_decoded_straight_into_the_canvas():
    picture, _ = scene(640, 480)
    canvas, placement = TWO.canvas(encoded(Image.fromarray(picture), "JPEG"), DEFAULT_LIMITS, 320, 320)
    assert (placement.scaled_width, placement.scaled_height, placement.top) == (320, 240, 40)
    assert (canvas[:40] == 114).all()
    assert (canvas[280:] == 114).all()
    assert canvas[40 + 120, 100].tolist() == [235, 235, 235]


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_grey_and_cmyk_give_the_same_boxes(mode: str):
    picture, box = scene(640, 480)
    file = encoded(Image.fromarray(picture).convert(mode), "JPEG", quality=95)
    canvas, placement = TWO.canvas(file, DEFAULT_LIMITS, 128, 96)
    assert found(canvas, placement) == pytest.approx(np.array(box), abs=1)


def test_a_progressive_jpeg_is_shrunk_alike():
    picture, _ = scene(640, 480)
    plain, again = (encoded(Image.fromarray(picture), "JPEG", quality=90, progressive=one) for one in (False, True))
    assert difference(TWO.canvas(plain, DEFAULT_LIMITS, 96, 96)[0], TWO.canvas(again, DEFAULT_LIMITS, 96, 96)[0]) == 0


def test_stray_bytes_between_segments_do_no_harm():
    picture, _ = scene(640, 480)
    data = encoded(Image.fromarray(picture), "JPEG")
    stray = TWO.canvas(data[:-2] + b"\x00\x01\x02" + data[-2:], DEFAULT_LIMITS, 96, 96)[0]
    assert np.abs(stray.astype(int) - TWO.canvas(data, DEFAULT_LIMITS, 96, 96)[0]).mean() < 2


def test_a_file_cut_off_anywhere_is_refused():
    picture, _ = scene(256, 192)
    data = encoded(Image.fromarray(picture), "JPEG", quality=95)
    for length in range(16, len(data) - 32, 61):
        with pytest.raises((Truncated, NotAnImage)):
            TWO.canvas(data[:length], DEFAULT_LIMITS, 64, 64)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_other_formats_keep_their_boxes(file_format: str):
    picture, box = scene(641, 479)
    options = {"lossless": True} if file_format == "WEBP" else {}
    canvas, placement = TWO.canvas(encoded(Image.fromarray(picture), file_format, **options), DEFAULT_LIMITS, 128, 96)
    assert found(canvas, placement) == pytest.approx(np.array(box), abs=1)


def test_a_small_object_survives_shrinking():
    picture = np.zeros((1800, 1800, 3), np.uint8)
    picture[900:912, 900:912] = 255
    canvas, _ = TWO.canvas(encoded(Image.fromarray(picture), "JPEG", quality=95), DEFAULT_LIMITS, 300, 300)
    assert canvas[150:152, 150:152].min() > 200


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700), st.integers(16, 200), st.integers(16, 200), st.integers(1, 8))
def test_whole_pictures_map_onto_themselves(width: int, height: int, canvas_width: int, canvas_height: int, way: int):
    data = stored(np.zeros((height, width, 3), np.uint8), way)
    canvas, placement = TWO.canvas(data, DEFAULT_LIMITS, canvas_width, canvas_height)
    assert canvas.shape == (canvas_height, canvas_width, 3)
    assert (placement.image_width, placement.image_height) == (width, height)
    assert (placement.left, placement.top) == (
        place(width, height, canvas_width, canvas_height).left, place(width, height, canvas_width, canvas_height).top
    )  # fmt: skip
    whole = np.array([[0.0, 0.0, width, height]])
    assert TWO.boxes_to_image(TWO.boxes_to_model(whole, placement), placement) == pytest.approx(whole, abs=1e-3)


def test_version_2_never_moves_a_pixel_of_a_png():
    pattern = np.add.outer(np.arange(90) * 7, np.arange(130) * 3)[..., None] + np.array([0, 50, 100])
    data = encoded(Image.fromarray((pattern % 256).astype(np.uint8)), "PNG")
    canvas, _ = TWO.canvas(data, DEFAULT_LIMITS, 80, 80)
    assert hashlib.sha256(canvas.tobytes()).hexdigest() == (
        "e4e66900dd974a7b092cf9b982fcfda129e7e9be676e828e7d22e32157a86747"
    )


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("size", [(640, 480), (1023, 767), (1531, 2047)], ids=str)
def test_boxes_are_at_the_same_pixel_on_the_canvas_of_decoded_pixels(size: tuple[int, int], orientation: int):
    picture, box = scene(*size)
    file = stored(picture, orientation)
    canvas, placement = TWO.canvas_of_decoded(file, TWO.decode(file, DEFAULT_LIMITS), 128, 96)
    canvas_pixel = max(1 / placement.scale_x, 1 / placement.scale_y)
    assert found(canvas, placement) == pytest.approx(np.array(box), abs=max(1.0, 0.15 * canvas_pixel))


@pytest.mark.parametrize("version", [ONE, TWO], ids=["version 1", "version 2"])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_canvas_of_decoded_pixels_is_that_of_the_file(version: Transforms, file_format: str, size: tuple[int, int]):
    file = encoded(Image.fromarray(scene(*size)[0]), file_format, quality=95, subsampling=0)
    canvas, placement = version.canvas(file, DEFAULT_LIMITS, 128, 96)
    ours, ours_placed = version.canvas_of_decoded(file, version.decode(file, DEFAULT_LIMITS), 128, 96)
    assert ours_placed == placement
    if file_format == "PNG" or not version.shrinks_early:
        assert np.array_equal(ours, canvas)
    else:  # the decoder rounds its blocks on its own way to colours
        assert np.abs(ours.astype(int) - canvas).mean() < 1
