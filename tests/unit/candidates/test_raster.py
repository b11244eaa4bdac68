"""Pages and their boxes turn together; the small picture is small."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_candidates.raster import small_picture, turned, turned_box
from capforge_contracts.reading import PICTURE_LONG_SIDE


@given(
    st.sampled_from([0, 90, 180, 270]),
    st.tuples(st.integers(0, 8), st.integers(0, 5)),
    st.tuples(st.integers(1, 4), st.integers(1, 3)),
)
def test_a_box_frames_the_same_pixels_after_the_turn(
    degrees: int, corner: tuple[int, int], size: tuple[int, int]
) -> None:
    page = np.zeros((8, 12), np.uint8)
    x0, y0, x1, y1 = corner[0], corner[1], corner[0] + size[0], corner[1] + size[1]
    page[y0:y1, x0:x1] = 255
    u0, v0, u1, v1 = (int(edge) for edge in turned_box((x0, y0, x1, y1), 12, 8, degrees))
    expected = np.zeros_like(turned(page, degrees))
    expected[v0:v1, u0:u1] = 255
    assert np.array_equal(turned(page, degrees), expected)


@pytest.mark.parametrize(
    ("shape", "small"), [((1000, 500), (256, 128)), ((40, 100), (102, 256)), ((5000, 3), (256, 1))]
)
def test_the_longer_side_of_the_picture_is_fixed(shape: tuple[int, int], small: tuple[int, int]) -> None:
    png = base64.b64decode(small_picture(np.full(shape, 200, np.uint8)))
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels.shape == small
    assert max(pixels.shape) == PICTURE_LONG_SIDE
    assert (pixels == 200).all()
