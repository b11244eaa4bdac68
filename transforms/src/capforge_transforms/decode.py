"""Bytes to pixels: upright 8-bit RGB, the same in training and serving.

Decisions, part of every version of the transforms:
- EXIF orientation is applied (JPEG, PNG, WebP).
- Grey is copied to three channels; CMYK and YCCK are converted without colour profiles (ICC profiles are ignored).
- 16-bit values keep their high byte; there is no stretching, so the same value gives the same pixel in every file.
- Alpha is composited on white: what a person sees in a labelling tool or on paper.
- Of an animation the first frame counts.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from itertools import islice

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageOps

from capforge_transforms.errors import NotAnImage, TooManyBytes, TooManyPixels, Truncated
from capforge_transforms.exif import ORIENTATION_TAG, ORIENTATIONS, UPRIGHT, turned
from capforge_transforms.header import Format, Header, read_header

_CMYK_COMPONENTS = 4
_SCAN_MARKER = re.compile(rb"\xff\xda")  # three times as fast here as bytes.count
_MAX_SCANS = 500
"""As TJFLAG_LIMITSCANS of libjpeg-turbo: a progressive file of thousands of scans takes minutes to decode."""
_HARMLESS = "extraneous bytes"
_WHITE = (255, 255, 255, 255)
_HIGH_BYTE = 8


class ExtraneousBytes(Exception):  # noqa: N818 - reads as the fact it states
    """The JPEG has stray bytes between its segments: harmless, but the fast decoder stops there."""


@dataclass(frozen=True)
class Limits:
    """What is read at most."""

    max_bytes: int = 32 * 1024 * 1024
    max_pixels: int = 50_000_000


DEFAULT_LIMITS = Limits()


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """Return the upright picture as uint8 RGB [H,W,3], contiguous.

    Raises NotAnImage, TooManyBytes, TooManyPixels (both before anything is decoded) or Truncated.
    """
    header = checked_header(data, limits)
    if scales(header):
        return _jpeg(data, header)
    return _pillow(data, header)


def decode_jpeg_at(
    data: bytes, header: Header, factor: int, buffer: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Return a JPEG's stored pixels at 1/factor (1, 2, 4, 8) of its size, rounded up; not turned upright, no CMYK.

    `buffer` (contiguous, of exactly that shape) takes the pixels. Raises Truncated; ExtraneousBytes for a file that
    only Pillow reads.
    """
    if next(islice(_SCAN_MARKER.finditer(data), _MAX_SCANS, None), None) is not None:
        raise NotAnImage(f"a JPEG of very many scans; allowed: at most {_MAX_SCANS}")
    least = (0, 0) if factor == 1 else (-(-header.width // factor), -(-header.height // factor))
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, colorspace="RGB", min_width=least[0], min_height=least[1], min_factor=factor, buffer=buffer
        )
    except ValueError as error:
        if _HARMLESS in str(error):
            raise ExtraneousBytes from error
        raise Truncated(f"the JPEG is cut off or damaged ({error})") from error
    return pixels


def scales(header: Header) -> bool:
    """Tell whether a file can be decoded at a fraction of its size."""
    return header.format is Format.JPEG and header.components != _CMYK_COMPONENTS


def checked_header(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Return the header of a file that is within the limits; raises as decode does, Truncated only for the header."""
    if len(data) > limits.max_bytes:
        raise TooManyBytes(f"the file has {len(data)} bytes; allowed: at most {limits.max_bytes}")
    header = read_header(data)
    if header.width * header.height > limits.max_pixels:
        raise TooManyPixels(
            f"the image has {header.width} x {header.height} pixels; allowed: at most {limits.max_pixels} in all"
        )
    return header


def stored_orientation(data: bytes, header: Header) -> int:
    """Return the EXIF orientation (1-8) of a file that decode reads, of whatever format."""
    if header.format is Format.JPEG:
        return header.orientation
    with Image.open(io.BytesIO(data), formats=[header.format]) as image:
        orientation = image.getexif().get(ORIENTATION_TAG, UPRIGHT)
    return orientation if orientation in ORIENTATIONS else UPRIGHT


def _jpeg(data: bytes, header: Header) -> NDArray[np.uint8]:
    try:
        return turned(decode_jpeg_at(data, header, 1), header.orientation)
    except ExtraneousBytes:
        return _pillow(data, header)  # goes on after such a warning, but not after a cut


def _pillow(data: bytes, header: Header) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is already kept
            with Image.open(io.BytesIO(data), formats=[header.format]) as image:
                image.load()
                return np.array(_rgb(ImageOps.exif_transpose(image)), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise Truncated(f"the {header.format} is cut off or damaged ({error})") from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> _HIGH_BYTE).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, _WHITE)
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
