from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from capforge_transforms import DEFAULT_LIMITS, VERSION, VERSIONS, UnknownVersion, transforms
from tests.unit.transforms.pictures import encoded


def test_the_current_version_can_be_called():
    assert transforms().version == VERSION
    assert VERSION in VERSIONS


def test_an_unknown_version_names_the_known_ones():
    with pytest.raises(UnknownVersion, match="'99' is unknown here; known: 1, 2"):
        transforms("99")


def test_version_1_never_moves_a_pixel():
    pattern = np.add.outer(np.arange(90) * 7, np.arange(130) * 3)[..., None] + np.array([0, 50, 100])
    data = encoded(Image.fromarray((pattern % 256).astype(np.uint8)), "PNG")
    one = transforms("1")
    canvas, _ = one.canvas(data, DEFAULT_LIMITS, 64, 64)
    assert (canvas == one.letterbox(one.decode(data, DEFAULT_LIMITS), 64, 64)[0]).all()
    assert (
        hashlib.sha256(canvas.tobytes()).hexdigest()
        == "091a9d3c8ddd3a70595f8f6c4c43fadccdd5af160ba7c6c970b8070f2083016f"
    )
