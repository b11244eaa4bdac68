"""From a file to the canvas that a model is given.

Version 1 decodes the whole picture and shrinks it by area averaging. Version 2 lets the JPEG decoder shrink: at 1/2,
1/4 or 1/8, whichever is the smallest that is not below the size on the canvas. Each pixel is then the mean of a block,
at a fraction of the cost, and a bilinear step of less than 2 does the rest. Files that cannot be decoded so (PNG, WebP,
CMYK) are shrunk by area averaging where it is by more than 2, and bilinearly otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from capforge_transforms.decode import ExtraneousBytes, Limits, checked_header, decode, decode_jpeg_at, scales
from capforge_transforms.exif import UPRIGHT, runs_backwards, swaps_axes, turned, upright_size
from capforge_transforms.header import Header, read_header
from capforge_transforms.letterbox import PADDING, Placement, letterbox, place

_FACTORS = (8, 4, 2)
_BILINEAR_DOWN_TO = 0.5
"""A bilinear step takes two pixels in each direction: beyond 2 it would leave some out."""


def canvas_in_two_steps(data: bytes, limits: Limits, width: int, height: int) -> tuple[NDArray[np.uint8], Placement]:
    """Version 1. Return the canvas uint8 [height,width,3] and the placement; raises ImageError as decode does."""
    return letterbox(decode(data, limits), width, height)


def canvas_at_once(data: bytes, limits: Limits, width: int, height: int) -> tuple[NDArray[np.uint8], Placement]:
    """Version 2. Return the canvas uint8 [height,width,3] and the placement; raises ImageError as decode does."""
    header = checked_header(data, limits)
    if scales(header):
        try:
            return _jpeg(data, header, width, height)
        except ExtraneousBytes:
            pass
    return _whole(decode(data, limits), width, height)


def canvas_of_decoded(
    data: bytes, image: NDArray[np.uint8], width: int, height: int
) -> tuple[NDArray[np.uint8], Placement]:
    """Version 2 of a file whose pixels are there already, in full size (uint8 [H,W,3], as `decode` gives them).

    The same as of the file alone; of a JPEG that its decoder would have shrunk, up to what the decoder rounds.
    """
    header = read_header(data)
    placement = place(image.shape[1], image.shape[0], width, height)
    factor = _factor(header, placement) if scales(header) else 1
    if factor == 1:
        return _whole(image, width, height)
    canvas, window = _empty(placement, width, height)
    over_x, over_y = -image.shape[1] % factor, -image.shape[0] % factor
    _draw(_block_means(image, factor, over_x, over_y), window)
    return canvas, replace(placement, overhang_x=over_x, overhang_y=over_y)


def _whole(image: NDArray[np.uint8], width: int, height: int) -> tuple[NDArray[np.uint8], Placement]:
    placement = place(image.shape[1], image.shape[0], width, height)
    canvas, window = _empty(placement, width, height)
    _draw(image, window)
    return canvas, placement


def _block_means(image: NDArray[np.uint8], factor: int, over_x: int, over_y: int) -> NDArray[np.uint8]:
    """Return the mean of each block, as the decoder makes them; its blocks go on over the edge with the last pixels."""
    if over_x or over_y:
        image = np.asarray(cv2.copyMakeBorder(image, 0, over_y, 0, over_x, cv2.BORDER_REPLICATE), np.uint8)
    size = (image.shape[1] // factor, image.shape[0] // factor)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(data: bytes, header: Header, width: int, height: int) -> tuple[NDArray[np.uint8], Placement]:
    placement = place(*upright_size(header.width, header.height, header.orientation), width, height)
    factor = _factor(header, placement)
    canvas, window = _empty(placement, width, height)
    stored = (-(-header.height // factor), -(-header.width // factor))
    if header.orientation == UPRIGHT and window.shape[:2] == stored and window.flags.c_contiguous:
        decode_jpeg_at(data, header, factor, window)
    else:
        _draw(turned(decode_jpeg_at(data, header, factor), header.orientation), window)
    return canvas, _with_overhang(placement, header, factor)


def _factor(header: Header, placement: Placement) -> int:
    """Return the largest by which the stored picture may shrink without falling below its size on the canvas."""
    needed = (placement.scaled_width, placement.scaled_height)
    width, height = needed[::-1] if swaps_axes(header.orientation) else needed
    for factor in _FACTORS:
        if -(-header.width // factor) >= width and -(-header.height // factor) >= height:
            return factor
    return 1


def _with_overhang(placement: Placement, header: Header, factor: int) -> Placement:
    """Note what the last, incomplete pixels of a shrunk picture cover beyond its edge."""
    over = upright_size(-header.width % factor, -header.height % factor, header.orientation)
    if over == (0, 0):
        return placement
    backwards = runs_backwards(header.orientation)
    over_x, over_y = (-size if flipped else size for size, flipped in zip(over, backwards, strict=True))
    return replace(placement, overhang_x=over_x, overhang_y=over_y)


def _empty(placement: Placement, width: int, height: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a canvas with its margins drawn, and the part of it that the picture fills."""
    canvas = np.empty((height, width, 3), np.uint8)
    right, bottom = placement.left + placement.scaled_width, placement.top + placement.scaled_height
    canvas[: placement.top] = PADDING
    canvas[bottom:] = PADDING
    canvas[placement.top : bottom, : placement.left] = PADDING
    canvas[placement.top : bottom, right:] = PADDING
    return canvas, canvas[placement.top : bottom, placement.left : right]


def _draw(image: NDArray[np.uint8], window: NDArray[np.uint8]) -> None:
    height, width = window.shape[:2]
    if image.shape == window.shape:
        window[:] = image
        return
    by_area = width < image.shape[1] * _BILINEAR_DOWN_TO or height < image.shape[0] * _BILINEAR_DOWN_TO
    cv2.resize(image, (width, height), dst=window, interpolation=cv2.INTER_AREA if by_area else cv2.INTER_LINEAR)
