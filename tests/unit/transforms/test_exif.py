from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_transforms import boxes_to_upright, upright_size
from capforge_transforms.exif import orientation_of, turned


@given(st.integers(1, 8), st.integers(2, 30), st.integers(2, 30), st.data())
def test_a_box_moves_with_its_pixels(orientation: int, width: int, height: int, data: st.DataObject):
    x0 = data.draw(st.integers(0, width - 1))
    y0 = data.draw(st.integers(0, height - 1))
    x1 = data.draw(st.integers(x0 + 1, width))
    y1 = data.draw(st.integers(y0 + 1, height))
    stored = np.zeros((height, width, 3), np.uint8)
    stored[y0:y1, x0:x1] = 255
    upright = turned(stored, orientation)
    assert (upright.shape[1], upright.shape[0]) == upright_size(width, height, orientation)
    moved = boxes_to_upright(np.array([[x0, y0, x1, y1]], float), width, height, orientation)
    left, top, right, bottom = (int(value) for value in moved[0])
    expected = np.zeros_like(upright)
    expected[top:bottom, left:right] = 255
    assert (upright == expected).all()


@pytest.mark.parametrize(
    "tiff",
    [b"", b"II*\x00", b"XX*\x00" + bytes(50), b"II*\x00\xff\xff\xff\xff", b"MM\x00*\x00\x00\x00\x08\xff\xff"],
    ids=["empty", "cut off", "unknown byte order", "offset outside", "entries missing"],
)
def test_damaged_exif_counts_as_upright(tiff: bytes):
    assert orientation_of(tiff) == 1


def test_both_byte_orders_are_read():
    little = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
    big = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
    assert (orientation_of(little), orientation_of(big)) == (6, 6)
