"""All versions of the transforms that this build can run; a model card names the one its model was trained with.

A change that moves a single pixel is a new version: copy, change, register; the old stays for the models made with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from capforge_transforms.decode import Limits, decode
from capforge_transforms.errors import UnknownVersion
from capforge_transforms.letterbox import Placement, boxes_to_image, boxes_to_model, letterbox

VERSION = "1"
"""What new models are trained with."""


@dataclass(frozen=True)
class Transforms:
    """One version: the four functions between a file and a model's tensors (see decode and letterbox)."""

    version: str
    decode: Callable[[bytes, Limits], NDArray[np.uint8]]
    letterbox: Callable[[NDArray[np.uint8], int, int], tuple[NDArray[np.uint8], Placement]]
    boxes_to_model: Callable[[NDArray[np.floating], Placement], NDArray[np.float32]]
    boxes_to_image: Callable[[NDArray[np.floating], Placement], NDArray[np.float32]]


VERSIONS: Mapping[str, Transforms] = MappingProxyType(
    {"1": Transforms("1", decode, letterbox, boxes_to_model, boxes_to_image)}
)


def transforms(version: str = VERSION) -> Transforms:
    """Return the transforms of a version; raises UnknownVersion naming the known ones."""
    try:
        return VERSIONS[version]
    except KeyError as error:
        message = f"transforms version {version!r} is unknown here; known: {', '.join(sorted(VERSIONS))}"
        raise UnknownVersion(message) from error
