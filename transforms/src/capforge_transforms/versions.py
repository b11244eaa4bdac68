"""All versions of the transforms that this build can run; a model card names the one its model was trained with.

A change that moves a single pixel is a new version: copy, change, register; the old stays for the models made with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.run import CropSettings
from capforge_transforms.canvas import canvas_at_once, canvas_in_two_steps, canvas_of_decoded
from capforge_transforms.crop import Region, crops
from capforge_transforms.decode import Limits, decode
from capforge_transforms.errors import UnknownVersion
from capforge_transforms.letterbox import Placement, boxes_to_image, boxes_to_model, letterbox

VERSION = "2"
"""What new models are trained with."""


@dataclass(frozen=True)
class Transforms:
    """One version: the functions between a file and a model's tensors (see canvas, decode and letterbox)."""

    version: str
    canvas: Callable[[bytes, Limits, int, int], tuple[NDArray[np.uint8], Placement]]
    """What a model is given for a file: uint8 [height,width,3] and the placement, for (width, height)."""
    decode: Callable[[bytes, Limits], NDArray[np.uint8]]
    """A file's pixels in full size, for what needs them (augmentation)."""
    letterbox: Callable[[NDArray[np.uint8], int, int], tuple[NDArray[np.uint8], Placement]]
    """A canvas for pixels that come from no file."""
    canvas_of_decoded: Callable[[bytes, NDArray[np.uint8], int, int], tuple[NDArray[np.uint8], Placement]]
    """The canvas of a file whose pixels are decoded in full size already, for (width, height)."""
    boxes_to_model: Callable[[NDArray[np.floating], Placement], NDArray[np.float32]]
    boxes_to_image: Callable[[NDArray[np.floating], Placement], NDArray[np.float32]]
    crops: Callable[[NDArray[np.uint8], Sequence[Region], CropSettings], NDArray[np.uint8]]
    """The regions of one decoded picture: uint8 [N,height,width,3]."""
    shrinks_early: bool
    """The canvas of a large JPEG is made without decoding all its pixels."""


VERSIONS: Mapping[str, Transforms] = MappingProxyType(
    {
        "1": Transforms(
            "1",
            canvas_in_two_steps,
            decode,
            letterbox,
            lambda _, image, width, height: letterbox(image, width, height),
            boxes_to_model,
            boxes_to_image,
            crops,
            shrinks_early=False,
        ),
        "2": Transforms(
            "2",
            canvas_at_once,
            decode,
            letterbox,
            canvas_of_decoded,
            boxes_to_model,
            boxes_to_image,
            crops,
            shrinks_early=True,
        ),
    }
)


def transforms(version: str = VERSION) -> Transforms:
    """Return the transforms of a version; raises UnknownVersion naming the known ones."""
    try:
        return VERSIONS[version]
    except KeyError as error:
        message = f"transforms version {version!r} is unknown here; known: {', '.join(sorted(VERSIONS))}"
        raise UnknownVersion(message) from error
