"""JPEG, PNG, WebP and TIFF."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageOps

from capforge_candidates.engines.port import Pixels
from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.page import Limits, RawPage
from capforge_transforms import ImageError, TooManyPixels, decode
from capforge_transforms import Limits as ImageLimits

_TIFF = ("TIFF",)
_WHITE = (255, 255, 255, 255)


def picture(data: bytes, limits: Limits) -> Sequence[RawPage]:
    """Return the one page of a JPEG, PNG or WebP; EXIF orientation is honoured."""
    return [RawPage(lambda: _grey(data, limits))]


def tiff(data: bytes, limits: Limits) -> Sequence[RawPage]:
    """Return the pages of a TIFF; raises Fault."""
    with _opened(data) as image:
        count = getattr(image, "n_frames", 1)
        if count > limits.max_pages:
            raise Fault(Code.TOO_MANY_PAGES, f"the TIFF has {count} pages; allowed: at most {limits.max_pages}")
    return [RawPage(lambda at=at: _frame(data, at, limits)) for at in range(count)]  # type: ignore[misc]


def _grey(data: bytes, limits: Limits) -> Pixels:
    try:
        rgb = decode(data, ImageLimits(len(data), limits.max_pixels))
        return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    except TooManyPixels as error:
        raise Fault(Code.FILE_TOO_LARGE, str(error)) from error
    except ImageError as error:
        raise Fault(Code.BROKEN_DOCUMENT, str(error)) from error


def _frame(data: bytes, at: int, limits: Limits) -> Pixels:
    with _opened(data) as image:
        try:
            image.seek(at)
            if image.width * image.height > limits.max_pixels:
                raise Fault(
                    Code.FILE_TOO_LARGE,
                    f"page {at + 1} has {image.width} x {image.height} pixels; allowed: {limits.max_pixels} in all",
                )
            image.load()
            return np.array(_flat(ImageOps.exif_transpose(image)), dtype=np.uint8)
        except (OSError, SyntaxError, ValueError, EOFError, KeyError, TypeError, Image.DecompressionBombError) as error:
            raise Fault(Code.BROKEN_DOCUMENT, f"page {at + 1} of the TIFF is cut off or damaged ({error})") from error


def _opened(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit comes later
            return Image.open(io.BytesIO(data), formats=_TIFF)
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, TypeError, Image.DecompressionBombError) as error:
        raise Fault(Code.BROKEN_DOCUMENT, f"the TIFF cannot be read ({error})") from error


def _flat(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image.convert("RGBA"))
    return image.convert("L")
