"""EXIF orientation: finding it in the bytes, and turning pixels, sizes and boxes upright.

Orientation 1 is upright; 2 mirrors, 3 turns by 180°, 4 flips, 5 transposes, 6 turns clockwise by 90°, 7 transposes
along the other diagonal, 8 turns counter-clockwise by 90° (CIPA DC-008, tag 0x0112). 5 to 8 swap width and height.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1
ORIENTATIONS = range(1, 9)
_FIRST_THAT_SWAPS = 5
ORIENTATION_TAG = 0x0112
_TYPE_SHORT = 3
_ENTRY_BYTES = 12
_MARKERS = {b"II*\x00": "<", b"MM\x00*": ">"}


def orientation_of(tiff: bytes) -> int:
    """Return the orientation (1-8) in an EXIF block that starts at its TIFF header; damaged or absent counts as 1."""
    endian = _MARKERS.get(tiff[:4])
    if endian is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(f"{endian}I", tiff, 4)
        (count,) = struct.unpack_from(f"{endian}H", tiff, start)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(f"{endian}HHIH", tiff, start + 2 + index * _ENTRY_BYTES)
            if tag == ORIENTATION_TAG:
                return value if kind == _TYPE_SHORT and value in ORIENTATIONS else UPRIGHT
    except struct.error:
        return UPRIGHT
    return UPRIGHT


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return (width, height) of the upright picture for a stored size."""
    return (height, width) if swaps_axes(orientation) else (width, height)


def swaps_axes(orientation: int) -> bool:
    """Tell whether width and height change places."""
    return orientation >= _FIRST_THAT_SWAPS


def turned(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return the upright picture (HWC, contiguous) of stored pixels."""
    if orientation == UPRIGHT:
        return image
    if swaps_axes(orientation):
        image = image.transpose(1, 0, 2)
    flip_x, flip_y = runs_backwards(orientation)
    return np.ascontiguousarray(image[:: -1 if flip_y else 1, :: -1 if flip_x else 1])


def boxes_to_upright(boxes: NDArray[np.float64], width: int, height: int, orientation: int) -> NDArray[np.float64]:
    """Move boxes [N,4] (xyxy, stored pixels of a width x height file) to the upright picture's pixels."""
    if swaps_axes(orientation):
        boxes = boxes[:, [1, 0, 3, 2]]
    upright_width, upright_height = upright_size(width, height, orientation)
    flip_x, flip_y = runs_backwards(orientation)
    x0, y0, x1, y1 = boxes.T
    if flip_x:
        x0, x1 = upright_width - x1, upright_width - x0
    if flip_y:
        y0, y1 = upright_height - y1, upright_height - y0
    return np.stack([x0, y0, x1, y1], axis=1)


def runs_backwards(orientation: int) -> tuple[bool, bool]:
    """Return which axes (x, y) of the upright picture run against those of the stored one, transposed if need be."""
    return orientation in {2, 3, 6, 7}, orientation in {3, 4, 7, 8}
